/**
 * One presenter of the stage: picture with little delay, name, place, and what may be done with them.
 * @module
 */
import { LitElement, html, nothing } from "lit";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { WhepViewer } from "../media/whep.js";

/** @typedef {import("../protocol/messages.d.ts").PresenterEntity} PresenterEntity */

export class StageTile extends LitElement {
  static properties = { presenter: { attribute: false }, own: { type: Boolean }, directs: { type: Boolean }, chosen: { type: Boolean }, heard: { type: Boolean } };

  constructor() {
    super();
    /** @type {PresenterEntity | undefined} */
    this.presenter = undefined;
    this.own = false;
    this.directs = false;
    this.chosen = false;
    this.heard = false;
    /** @type {{whep: string, token: string, ice: RTCIceServer[]} | undefined} */
    this.way = undefined;
    /** @type {WhepViewer | undefined} */
    this.viewer = undefined;
    this.watched = "";
  }

  createRenderRoot() {
    return this;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#stop();
  }

  #stop() {
    this.viewer?.stop();
    this.viewer = undefined;
    this.watched = "";
  }

  updated() {
    const { presenter, way } = this;
    const wanted = presenter?.connected && !this.own && way?.whep ? presenter.person : "";
    if (wanted !== this.watched) {
      this.#stop();
      this.watched = wanted;
      if (wanted && way) this.viewer = new WhepViewer(`${way.whep}?seat=${encodeURIComponent(wanted)}`, way.token, way.ice);
    }
    const video = this.querySelector("video");
    if (!video) return;
    video.muted = !this.heard || Boolean(presenter?.muted);
    if (this.viewer && video.srcObject !== this.viewer.stream) {
      video.srcObject = this.viewer.stream;
      void video.play().catch(() => undefined);
    }
  }

  render() {
    const one = this.presenter;
    if (!one) return nothing;
    return html`<article class="stage-tile" data-shown=${one.shown ? "" : nothing} aria-label=${one.name || t("Presenter")}>
      <div class="stage-view">
        ${this.own || !one.connected || !one.video ? html`<p class="stage-blank">${this.own ? t("You") : one.connected ? icon("mic", t("Sound only")) : t("Away")}</p>` : nothing}
        ${this.own ? nothing : html`<video playsinline autoplay muted ?hidden=${!one.connected || !one.video} aria-label=${t("Picture of {name}", { name: one.name })}></video>`}
        ${one.shown ? html`<span class="pill stage-mark" data-tone="accent">${t("In the picture")}</span>` : nothing}
        ${one.backup ? html`<span class="pill stage-backup" data-tone="warn">${t("By the backup")}</span>` : nothing}
        ${one.muted ? html`<span class="stage-muted">${icon("mic-off", t("Microphone closed by the crew"))}</span>` : nothing}
      </div>
      <div class="stage-foot">
        <strong class="truncate grow" title=${one.name}>${one.name || t("Presenter")}</strong>
        ${this.#tools(one)}
      </div>
    </article>`;
  }

  /** @param {PresenterEntity} one */
  #tools(one) {
    const name = one.name || t("Presenter");
    return html`${this.directs && one.connected && one.video && one.sort !== "interpreter"
        ? html`<button class="button small" aria-pressed=${String(this.chosen)} aria-label=${t("Show {name}", { name })} title=${t("Show to the audience")} @click=${() => this.#ask(this.chosen ? "follow" : "show")}>${icon("eye")}<span>${t("Show")}</span></button>`
        : nothing}
      ${this.own || !one.connected || one.sort === "screen" ? nothing : this.#button(this.heard ? t("Do not listen to {name}", { name }) : t("Listen to {name}", { name }), this.heard ? "volume-2" : "volume-x", "hear")}
      ${this.directs && !this.own && one.connected && one.audio && !one.muted ? this.#button(t("Close the microphone of {name}", { name }), "mic-off", "mute") : nothing}
      ${(this.directs || this.own) && one.sort !== "interpreter"
        ? one.on_stage
          ? this.#button(t("{name}: backstage", { name }), "arrow-down", "backstage")
          : this.#button(t("{name}: on stage", { name }), "arrow-up", "stage")
        : nothing}
      ${this.directs && !this.own ? this.#button(t("Take {name} off", { name }), "x", "remove") : nothing}`;
  }

  /** @param {string} name @param {string} iconName @param {string} what */
  #button(name, iconName, what) {
    return html`<button class="button plain small square" aria-label=${name} title=${name} @click=${() => this.#ask(what)}>${icon(iconName)}</button>`;
  }

  /** @param {string} what */
  #ask(what) {
    this.dispatchEvent(new CustomEvent("stage-ask", { detail: { what, presenter: this.presenter }, bubbles: true }));
  }
}

customElements.define("stage-tile", StageTile);
