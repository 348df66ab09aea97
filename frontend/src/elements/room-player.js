/**
 * The player: picture, and controls that work by keyboard (space, m, f, arrows) and touch.
 * @module
 */
import { LitElement, html, nothing } from "lit";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { keep, remember } from "../lib/storage.js";
import { clock } from "../lib/time.js";
import { Player } from "../media/player.js";

const LATE = 6;
/** Seconds of one press of an arrow key. */
const STEP = 10;

export class RoomPlayer extends LitElement {
  static properties = { notice: { attribute: false }, poster: { attribute: false }, written: { attribute: false } };

  constructor() {
    super();
    /** @type {string} */
    this.notice = "";
    /** Address of a picture shown while there is no stream. */
    this.poster = "";
    /** @type {{code: string, name: string}[]} Captions the room knows of, perhaps before the player does. */
    this.written = [];
    /** @type {Player | undefined} */
    this.player = undefined;
    /** @type {string | null} */
    this.wanted = null;
    /** Full screen takes the page with its panels, not the picture alone. */
    this.whole = false;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {string | null | undefined} address */
  set stream(address) {
    this.wanted = address ?? null;
    this.player?.play(address);
    this.requestUpdate();
  }

  firstUpdated() {
    const video = this.querySelector("video");
    if (!video) return;
    this.player = new Player(video);
    // Beside an open microphone the program would be heard a second time.
    if (this.hasAttribute("quiet")) video.muted = true;
    this.player.addEventListener("change", () => this.requestUpdate());
    this.player.addEventListener("texts", () => this.hasAttribute("captions") && this.player?.texts.show(remember("captions") ?? ""));
    this.player.play(this.wanted);
    this.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("fullscreenchange", () => this.requestUpdate());
    setInterval(() => this.wanted && this.requestUpdate(), 2000);
  }

  render() {
    const player = this.player;
    const state = player?.state ?? "empty";
    return html`
      <div class="player" data-state=${state}>
        <video playsinline aria-label=${t("Picture of the webinar")} ?hidden=${!this.wanted}></video>
        ${this.wanted && (state === "loading" || state === "waiting") ? html`<p class="player-note slow" role="status">${state === "loading" ? t("One moment, the picture is coming.") : t("The picture has stopped. It goes on by itself.")}</p>` : nothing}
        ${this.poster && !this.wanted ? html`<img class="player-poster" src=${this.poster} alt="">` : nothing}
        ${this.notice ? html`<p class="player-note">${this.notice}</p>` : nothing}
        ${state === "blocked" ? html`<button class="button primary large player-sound" @click=${() => player?.soundOn()}>${icon("volume-2")}<span>${t("Sound on")}</span></button>` : nothing}
        ${this.wanted ? this.#controls(player) : nothing}
      </div>`;
  }

  /** @param {Player | undefined} player */
  #controls(player) {
    const video = player?.video;
    const paused = video?.paused ?? true;
    const muted = video?.muted ?? false;
    const late = (player?.behind ?? 0) > LATE;
    const full = Boolean(document.fullscreenElement);
    return html`<div class="player-bar" role="group" aria-label=${t("Player")}>
      ${this.#place(player)}
      ${this.#button(paused ? t("Play") : t("Pause"), paused ? "play" : "pause", () => player?.toggle())}
      ${this.#button(muted ? t("Sound on") : t("Mute"), muted ? "volume-x" : "volume-2", () => this.mute())}
      <input class="player-volume" type="range" min="0" max="1" step="0.05" .value=${String(video?.volume ?? 1)} aria-label=${t("Volume")} @input=${(/** @type {InputEvent} */ event) => this.#volume(Number(/** @type {HTMLInputElement} */ (event.target).value))}>
      ${late || paused
        ? html`<button class="button plain small" @click=${() => player?.toLive()}>${icon("radio")}<span>${t("To live")}</span></button>`
        : html`<span class="player-live small">${t("Live")}</span>`}
      <span class="grow"></span>
      ${player && player.languages.length > 1
        ? html`<select class="player-select" aria-label=${t("Language you hear")} title=${t("Language you hear")} @change=${(/** @type {Event} */ event) => player.speak(Number(/** @type {HTMLSelectElement} */ (event.target).value))}>${player.languages.map((one) => html`<option value=${one.id} ?selected=${one.chosen}>${one.code ? one.name : t("Original")}</option>`)}</select>`
        : nothing}
      ${player && this.hasAttribute("captions") && (player.texts.all.length || this.written.length) ? this.#captions(player) : nothing}
      ${player?.sizes.all.length && !this.hasAttribute("quiet") ? this.#sizes(player.sizes) : nothing}
      ${player?.hls ? html`<button class="button plain small square" aria-pressed=${String(player.soundOnly)} aria-label=${t("Sound alone")} title=${t("Sound alone")} @click=${() => (player.soundOnly = !player.soundOnly)}>${icon("headphones")}</button>` : nothing}
      ${document.pictureInPictureEnabled ? this.#button(t("Picture in picture"), "picture-in-picture", () => void this.#pip()) : nothing}
      ${full && this.whole ? html`<span class="player-panels">${this.#button(t("Panels beside the picture"), "panel-right-open", () => this.dispatchEvent(new CustomEvent("panels")))}</span>` : nothing}
      ${this.#button(full ? t("Leave full screen") : t("Full screen"), full ? "minimize" : "maximize", () => void this.full())}
    </div>`;
  }

  /** @param {import("../media/choices.js").Sizes} sizes */
  #sizes({ all, chosen }) {
    return html`<select class="player-select" aria-label=${t("Picture size")} title=${t("Picture size")} @change=${(/** @type {Event} */ event) => this.player?.sizes.choose(Number(/** @type {HTMLSelectElement} */ (event.target).value))}>
      <option value="0" ?selected=${!chosen}>${t("Auto")}</option>
      ${all.map((height) => html`<option value=${height} ?selected=${height === chosen}>${height}p</option>`)}
    </select>`;
  }

  /** @param {Player} player */
  #captions(player) {
    const chosen = remember("captions") ?? "";
    const all = [...player.texts.all, ...this.written.filter((one) => !player.texts.has(one.code))];
    return html`<select class="player-select" aria-label=${t("Captions")} title=${t("Captions")} @change=${(/** @type {Event} */ event) => this.#write(/** @type {HTMLSelectElement} */ (event.target).value)}>
      <option value="" ?selected=${!all.some((one) => one.code === chosen)}>${t("Captions: off")}</option>
      ${all.map((one) => html`<option value=${one.code} ?selected=${one.code === chosen}>${one.name}</option>`)}
    </select>`;
  }

  /** @param {string} code */
  #write(code) {
    keep("captions", code || undefined);
    const texts = this.player?.texts;
    if (code && !texts?.has(code)) void texts?.await(code);
    else texts?.show(code);
  }

  /** Where one may go back: a bar from there to what is live. @param {Player | undefined} player */
  #place(player) {
    const span = player?.span;
    if (!player || !span) return nothing;
    const length = Math.floor(span.to - span.from);
    const at = player.back || player.video.paused ? Math.max(0, Math.min(length, Math.round(player.video.currentTime - span.from))) : length;
    const said = at >= length - 1 || (!player.back && !player.video.paused) ? t("Live") : t("{time} behind", { time: clock((length - at) * 1000) });
    return html`<span class="player-back"><input class="player-place" type="range" min="0" max=${length} step="1" .value=${String(at)} aria-label=${t("Place in the webinar")} aria-valuetext=${said} @change=${(/** @type {Event} */ event) => player.goTo(span.from + Number(/** @type {HTMLInputElement} */ (event.target).value))}>
      <span class="figures small">${said}</span></span>`;
  }

  /** @param {string} name @param {string} iconName @param {() => void} run */
  #button(name, iconName, run) {
    return html`<button class="button plain small square" aria-label=${name} title=${name} @click=${run}>${icon(iconName)}</button>`;
  }

  mute() {
    const player = this.player;
    if (!player) return;
    if (player.video.muted) player.soundOn();
    else player.video.muted = true;
  }

  /** @param {number} value */
  #volume(value) {
    const video = this.player?.video;
    if (!video) return;
    video.volume = Math.min(1, Math.max(0, value));
    video.muted = value === 0;
  }

  async #pip() {
    const video = this.player?.video;
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await video?.requestPictureInPicture().catch(() => undefined);
  }

  async full() {
    const video = /** @type {(HTMLVideoElement & {webkitEnterFullscreen?: () => void}) | undefined} */ (this.player?.video);
    const frame = this.whole ? document.documentElement : this.querySelector(".player");
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (frame?.requestFullscreen) await frame.requestFullscreen().catch(() => undefined);
    else video?.webkitEnterFullscreen?.(); // iPhones know full screen for the video alone.
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.tagName === "INPUT") return; // The slider has arrow keys of its own.
    const volume = this.player?.video.volume ?? 1;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowUp: () => this.#volume(volume + 0.1),
      ArrowDown: () => this.#volume(volume - 0.1),
    };
    const player = this.player;
    if (player?.span) {
      keys["ArrowLeft"] = () => player.goTo(player.video.currentTime - STEP);
      keys["ArrowRight"] = () => player.goTo(player.video.currentTime + STEP);
    }
    if (target.tagName !== "BUTTON") keys[" "] = () => this.player?.toggle();
    const run = keys[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  }
}

customElements.define("room-player", RoomPlayer);
