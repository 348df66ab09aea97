/**
 * A video played to the audience between what the people on stage say: chosen from those of this webinar, stopped at any moment, and
 * over by itself.
 * @module
 */
import { html, nothing } from "lit";
import { LiveElement } from "./live-element.js";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { clock, moment } from "../lib/time.js";

/** @typedef {import("../protocol/room.d.ts").StageVideo} StageVideo */

export class StageVideos extends LiveElement {
  static kinds = ["stage", "webinar", "state"];

  constructor() {
    super();
    /** @type {StageVideo[] | undefined} */
    this.videos = undefined;
    this.timer = 0;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  get #stage() {
    return this.room?.all("stage")[0];
  }

  render() {
    clearTimeout(this.timer);
    if (!this.room || !this.may("stage.control")) return nothing;
    const playing = this.#stage?.["clip"];
    return html`${playing ? this.#now() : nothing}
      <details class="stage-programs" @toggle=${(/** @type {Event} */ event) => /** @type {HTMLDetailsElement} */ (event.target).open && void this.#look()}>
        <summary>${t("Play a video")}</summary>
        ${this.videos ? this.#list(this.videos, String(playing ?? "")) : nothing}
      </details>`;
  }

  #now() {
    const left = Math.max(0, Number(this.#stage?.["clip_until"] ?? 0) - (this.room?.now() ?? 0));
    this.timer = window.setTimeout(() => this.requestUpdate(), left % 1000 || 1000);
    return html`<p class="row stage-clip">${icon("film")}<strong>${t("The audience sees a video.")}</strong>
      <span class="figures">${clock(left + 999)}</span><span class="grow"></span>
      <button class="button small" @click=${() => void this.act("stage.play", { video: null })}>${icon("square")}<span>${t("Stop the video")}</span></button></p>`;
  }

  /** @param {StageVideo[]} videos @param {string} playing */
  #list(videos, playing) {
    const where = `/admin/webinars/${this.room?.webinar?.id ?? ""}/recordings`;
    const open = ["preview", "live"].includes(String(this.room?.webinar?.["broadcast"] ?? ""));
    if (!videos.length) return html`<p>${t("There is no video yet.")} <a href=${where} target="_blank" rel="noopener">${t("Upload one")}</a></p>`;
    return html`${open ? nothing : html`<p class="quiet small">${t("Start the preview or go live before you play a video.")}</p>`}
      <ul class="stage-video-list" role="list">${videos.map(
        (one) => html`<li class="row"><span class="grow">${one.title || t("Recording of {time}", { time: moment(one.made_at) })}</span><span class="figures small quiet">${clock(one.seconds * 1000)}</span>
          <button class="button small" ?disabled=${!open || one.id === playing} aria-label=${t("Play {title}", { title: one.title || moment(one.made_at) })} @click=${() => void this.act("stage.play", { video: one.id })}>${icon("play")}<span>${t("Play")}</span></button></li>`,
      )}</ul>`;
  }

  async #look() {
    const answer = await this.act("stage.videos", {});
    this.videos = answer?.videos ?? this.videos;
    this.requestUpdate();
  }
}

customElements.define("stage-videos", StageVideos);
