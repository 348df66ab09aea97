/**
 * Plays a live stream and keeps it playing: hls.js where Media Source Extensions exist, native HLS on Safari and iOS.
 * Volume lives in session storage only, or in memory where storage is blocked.
 * @module
 */
import { keep, remember } from "../lib/storage.js";

/** @typedef {"empty" | "loading" | "playing" | "paused" | "waiting" | "blocked"} PlayerState */

const RETRY_FROM = 1000;
const RETRY_TO = 8000;
/** Seconds behind from which a player that should be live jumps: after sleep, or a long stall. */
const LOST = 20;

/** Events: `change`. */
export class Player extends EventTarget {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    super();
    this.video = video;
    /** @type {PlayerState} */
    this.state = "empty";
    this.address = "";
    this.tries = 0;
    this.timer = 0;
    /** True while it is the browser, not the person, who wants no sound. */
    this.silenced = false;
    /** @type {import("hls.js").default | undefined} */
    this.hls = undefined;
    video.volume = storedVolume();
    video.muted = remember("muted") === "1";
    video.addEventListener("playing", () => this.#became(this.silenced ? "blocked" : "playing"));
    video.addEventListener("waiting", () => this.#became("waiting"));
    video.addEventListener("pause", () => this.address && this.#became("paused"));
    video.addEventListener("timeupdate", () => this.behind > LOST && !video.paused && !video.seeking && this.#jump());
    video.addEventListener("volumechange", () => this.#loudness());
  }

  /** Play what is at `address`; null stops. @param {string | null | undefined} address */
  play(address) {
    if ((address ?? "") === this.address) return;
    this.stop();
    this.address = address ?? "";
    if (this.address) void this.#load();
  }

  stop() {
    clearTimeout(this.timer);
    this.hls?.destroy();
    this.hls = undefined;
    this.address = "";
    this.tries = 0;
    this.video.removeAttribute("src");
    this.video.load();
    this.#became("empty");
  }

  /** Seconds behind the newest picture there is; NaN when nobody knows. */
  get behind() {
    if (this.hls) return this.hls.latency || NaN;
    const { seekable } = this.video;
    return seekable.length ? seekable.end(seekable.length - 1) - this.video.currentTime : NaN;
  }

  /** To the live edge. */
  toLive() {
    this.#jump();
    void this.#start();
  }

  #jump() {
    const { seekable } = this.video;
    const edge = this.hls ? this.hls.liveSyncPosition : seekable.length ? seekable.end(seekable.length - 1) - 3 : null;
    if (edge && edge > this.video.currentTime) this.video.currentTime = edge;
  }

  /** Play or pause. Coming back goes to the live edge. */
  toggle() {
    if (this.video.paused) this.toLive();
    else this.video.pause();
  }

  /** After a click: with sound. */
  soundOn() {
    this.video.muted = false;
    void this.video.play().catch(() => undefined);
  }

  #loudness() {
    const { volume, muted } = this.video;
    if (!muted && this.silenced) {
      this.silenced = false;
      if (this.state === "blocked") this.state = "playing";
    }
    keep("volume", String(volume));
    keep("muted", muted && !this.silenced ? "1" : "0");
    this.dispatchEvent(new Event("change"));
  }

  async #load() {
    this.#became("loading");
    const address = this.address;
    // Chromium says it can play HLS by itself, but stalls on fMP4 live lists: MSE first, native only without it.
    if ("MediaSource" in window || "ManagedMediaSource" in window) {
      const { default: Hls } = await import("hls.js");
      if (this.address !== address) return;
      if (Hls.isSupported()) {
        this.#withHls(Hls, address);
        return;
      }
    }
    this.video.src = address;
    this.video.onerror = () => this.#again();
    void this.#start();
  }

  /** @param {typeof import("hls.js").default} Hls @param {string} address */
  #withHls(Hls, address) {
    // No worker: its blob script would need a hole in the policy, and passing fMP4 through costs little.
    const hls = (this.hls = new Hls({ lowLatencyMode: true, enableWorker: false, backBufferLength: 30, maxLiveSyncPlaybackRate: 1.05 }));
    hls.on(Hls.Events.ERROR, (_event, data) => {
      if (!data.fatal) return;
      if (data.type === Hls.ErrorTypes.MEDIA_ERROR && this.tries === 0) {
        this.tries = 1;
        hls.recoverMediaError();
      } else this.#again();
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => void this.#start());
    hls.on(Hls.Events.FRAG_BUFFERED, () => (this.tries = 0));
    hls.loadSource(address);
    hls.attachMedia(this.video);
  }

  async #start() {
    try {
      await this.video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
      // The browser wants a click before sound: picture first, with a plain button for the sound.
      this.silenced = true;
      this.video.muted = true;
      // Where even a silent picture needs a click (battery saver), the play button waits.
      await this.video.play().then(() => this.#became("blocked"), () => this.#became("paused"));
    }
  }

  #again() {
    const address = this.address;
    this.hls?.destroy();
    this.hls = undefined;
    this.#became("waiting");
    const wait = Math.min(RETRY_TO, RETRY_FROM * 1.6 ** this.tries++) * (0.7 + Math.random() * 0.6);
    this.timer = window.setTimeout(() => this.address === address && address && void this.#load(), wait);
  }

  /** @param {PlayerState} state */
  #became(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}

function storedVolume() {
  const volume = Number(remember("volume") ?? 1);
  return volume >= 0 && volume <= 1 ? volume : 1;
}
