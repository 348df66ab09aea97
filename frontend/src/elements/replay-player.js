/**
 * Plays a recording: place, speed, volume and full screen by keyboard and touch. Volume lives in session storage only.
 * @module
 */
import { LitElement, html, nothing } from "lit";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { keep, remember } from "../lib/storage.js";
import { clock } from "../lib/time.js";

const SPEEDS = [1, 1.25, 1.5, 1.75, 2, 0.75];

/** Events: `place` (the picture moved on). */
export class ReplayPlayer extends LitElement {
  constructor() {
    super();
    /** @type {import("hls.js").default | undefined} */
    this.hls = undefined;
    this.address = "";
    this.failed = false;
  }

  createRenderRoot() {
    return this;
  }

  get video() {
    return this.querySelector("video");
  }

  firstUpdated() {
    const { video } = this;
    if (!video) return;
    video.volume = Math.min(1, Math.max(0, Number(remember("volume") ?? 1) || 0));
    video.muted = remember("muted") === "1";
    for (const event of ["timeupdate", "play", "pause", "durationchange", "ratechange", "ended", "waiting", "playing"]) video.addEventListener(event, () => this.#moved());
    video.addEventListener("volumechange", () => {
      keep("volume", String(video.volume));
      keep("muted", video.muted ? "1" : "0");
      this.requestUpdate();
    });
    document.addEventListener("fullscreenchange", () => this.requestUpdate());
    this.addEventListener("keydown", (event) => this.#key(event));
    if (this.address) void this.#load();
  }

  #moved() {
    this.requestUpdate();
    this.dispatchEvent(new Event("place"));
  }

  /** @param {string} address */
  play(address) {
    this.address = address;
    if (this.video) void this.#load();
  }

  /** @param {number} seconds */
  goTo(seconds) {
    const { video } = this;
    if (!video) return;
    video.currentTime = Math.max(0, Math.min(seconds, video.duration || seconds));
    void video.play().catch(() => undefined);
  }

  async #load() {
    const { video, address } = this;
    if (!video) return;
    this.failed = false;
    this.hls?.destroy();
    this.hls = undefined;
    const { default: Hls } = await import("hls.js");
    if (address !== this.address) return;
    if (!Hls.isSupported()) {
      video.src = address;
      return;
    }
    // No worker: its blob script would need a hole in the policy.
    const hls = (this.hls = new Hls({ enableWorker: false }));
    let tries = 0;
    hls.on(Hls.Events.ERROR, (_event, data) => {
      if (!data.fatal) return;
      if (data.type === Hls.ErrorTypes.MEDIA_ERROR && tries++ < 2) hls.recoverMediaError();
      else if (data.type === Hls.ErrorTypes.NETWORK_ERROR && tries++ < 10) setTimeout(() => hls.startLoad(), 1500);
      else {
        this.failed = true;
        this.requestUpdate();
      }
    });
    hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => this.#write(remember("captions") ?? ""));
    hls.loadSource(address);
    hls.attachMedia(video);
  }

  /** Captions to choose from, by their names in themselves. */
  get texts() {
    const tracks = this.hls?.subtitleTracks.map((track) => ({ code: track.lang ?? "", name: track.name }));
    return tracks ?? [...(this.video?.textTracks ?? [])].map((track) => ({ code: track.language, name: track.label }));
  }

  /** Show captions in this language; none without one. @param {string} code */
  #write(code) {
    const { hls, video } = this;
    const place = this.texts.findIndex((one) => one.code === code);
    if (hls) {
      hls.subtitleDisplay = place >= 0;
      hls.subtitleTrack = place;
    } else [...(video?.textTracks ?? [])].forEach((track, at) => (track.mode = at === place ? "showing" : "disabled"));
    this.requestUpdate();
  }

  /** @param {string} code */
  #choose(code) {
    keep("captions", code || undefined);
    this.#write(code);
  }

  render() {
    const { video } = this;
    const paused = video?.paused ?? true;
    const now = video?.currentTime ?? 0;
    const whole = Number.isFinite(video?.duration) ? video?.duration ?? 0 : 0;
    const muted = video?.muted ?? false;
    const full = Boolean(document.fullscreenElement);
    const speed = video?.playbackRate ?? 1;
    return html`<div class="player">
      <video playsinline preload="auto" aria-label=${t("Picture of the webinar")} @click=${() => this.toggle()}></video>
      ${this.failed ? html`<p class="player-note" role="alert">${t("The recording could not be loaded. Load the page again.")}</p>` : nothing}
      <div class="player-bar" role="group" aria-label=${t("Player")}>
        ${this.#button(paused ? t("Play") : t("Pause"), paused ? "play" : "pause", () => this.toggle())}
        <input class="replay-place grow" type="range" min="0" max=${Math.max(1, Math.floor(whole))} step="1" .value=${String(Math.floor(now))} aria-label=${t("Place in the recording")} aria-valuetext=${t("{now} of {whole}", { now: clock(now * 1000), whole: clock(whole * 1000) })} @input=${(/** @type {InputEvent} */ event) => this.#seek(Number(/** @type {HTMLInputElement} */ (event.target).value))}>
        <span class="figures small">${clock(now * 1000)} / ${clock(whole * 1000)}</span>
        <button class="button plain small" aria-label=${t("Speed: {speed} times", { speed })} title=${t("Speed")} @click=${() => this.#faster()}>${speed}×</button>
        ${this.texts.length ? this.#captions() : nothing}
        ${this.#button(muted ? t("Sound on") : t("Mute"), muted ? "volume-x" : "volume-2", () => this.mute())}
        ${this.#button(full ? t("Leave full screen") : t("Full screen"), full ? "minimize" : "maximize", () => void this.full())}
      </div>
    </div>`;
  }

  #captions() {
    const chosen = remember("captions") ?? "";
    return html`<select class="player-select" aria-label=${t("Captions")} title=${t("Captions")} @change=${(/** @type {Event} */ event) => this.#choose(/** @type {HTMLSelectElement} */ (event.target).value)}>
      <option value="" ?selected=${!this.texts.some((one) => one.code === chosen)}>${t("Captions: off")}</option>
      ${this.texts.map((one) => html`<option value=${one.code} ?selected=${one.code === chosen}>${one.name}</option>`)}
    </select>`;
  }

  /** @param {string} name @param {string} iconName @param {() => void} run */
  #button(name, iconName, run) {
    return html`<button class="button plain small square" aria-label=${name} title=${name} @click=${run}>${icon(iconName)}</button>`;
  }

  toggle() {
    const { video } = this;
    if (video?.paused) void video.play().catch(() => undefined);
    else video?.pause();
  }

  /** @param {number} seconds */
  #seek(seconds) {
    if (this.video) this.video.currentTime = seconds;
  }

  #faster() {
    const { video } = this;
    if (video) video.playbackRate = SPEEDS[(SPEEDS.indexOf(video.playbackRate) + 1) % SPEEDS.length] ?? 1;
  }

  mute() {
    if (this.video) this.video.muted = !this.video.muted;
  }

  /** No more of it, and no picture left. */
  stop() {
    this.address = "";
    this.hls?.destroy();
    this.hls = undefined;
    this.video?.removeAttribute("src");
    this.video?.load();
  }

  async full() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await this.querySelector(".player")?.requestFullscreen().catch(() => undefined);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const { video } = this;
    if (!video || event.ctrlKey || event.metaKey || event.altKey || target.tagName === "INPUT") return;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => this.#seek(video.currentTime - 5),
      ArrowRight: () => this.#seek(video.currentTime + 5),
      j: () => this.#seek(video.currentTime - 10),
      l: () => this.#seek(video.currentTime + 10),
      k: () => this.toggle(),
      m: () => this.mute(),
      f: () => void this.full(),
    };
    if (target.tagName !== "BUTTON") keys[" "] = () => this.toggle();
    const run = keys[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  }
}

customElements.define("replay-player", ReplayPlayer);
