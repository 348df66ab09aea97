/**
 * Plays a live stream and keeps it playing: hls.js where Media Source Extensions exist, native HLS on Safari and iOS.
 * Volume lives in session storage only, or in memory where storage is blocked.
 * @module
 */
import { keep, remember, rememberedVolume } from "../lib/storage.js";
import { Sizes, Texts } from "./choices.js";

/** @typedef {"empty" | "loading" | "playing" | "paused" | "waiting" | "blocked"} PlayerState */

const RETRY_FROM = 1000;
const RETRY_TO = 8000;
/** Seconds behind from which a player that should be live jumps: after sleep, or a long stall. */
const LOST = 20;
/** Bits a second a link is taken to have until it is known: people begin with the large picture. */
const HOPED = 5_000_000;
/** Seconds that must lie behind for it to be worth offering to go there: a stream without going back keeps some thirty. */
const WORTH = 45;

/** Events: `change`, `texts` (there are other captions to choose from). */
export class Player extends EventTarget {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    super();
    this.video = video;
    this.texts = new Texts(this);
    this.sizes = new Sizes(this);
    /** @type {PlayerState} */
    this.state = "empty";
    this.address = "";
    this.tries = 0;
    this.timer = 0;
    /** True while it is the browser, not the person, who wants no sound. */
    this.silenced = false;
    /** True while somebody watches what was, by their own choice. */
    this.back = false;
    /** @type {import("hls.js").default | undefined} */
    this.hls = undefined;
    /** @type {import("./holes.js").Distance | undefined} */
    this.distance = undefined;
    video.volume = rememberedVolume();
    video.muted = remember("muted") === "1";
    video.addEventListener("playing", () => this.#became(this.silenced ? "blocked" : "playing"));
    video.addEventListener("waiting", () => this.#became("waiting"));
    video.addEventListener("pause", () => this.address && this.#became("paused"));
    video.addEventListener("timeupdate", () => !this.back && this.behind > LOST && !video.paused && !video.seeking && this.#jump());
    // On iPhones the full screen shows the video alone, without what the page lays over it: there the stream's own captions are shown.
    video.addEventListener("webkitbeginfullscreen", () => this.texts.show(remember("captions") ?? ""));
    video.addEventListener("webkitendfullscreen", () => this.texts.show(""));
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
    this.back = false;
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

  /** From where to where one may go, on the element's own clock; null where there is only what is live. */
  get span() {
    const details = this.hls?.latestLevelDetails;
    const { seekable } = this.video;
    const from = details ? details.fragmentStart : seekable.length && !this.hls ? seekable.start(0) : NaN;
    const to = this.hls ? (this.hls.liveSyncPosition ?? NaN) : seekable.length ? seekable.end(seekable.length - 1) - 3 : NaN;
    // A little inside, because the beginning moves on.
    return to - from > WORTH ? { from: from + 3, to } : null;
  }

  /** To a place of the span. @param {number} seconds */
  goTo(seconds) {
    const { span } = this;
    if (!span) return;
    if (seconds >= span.to - 1) {
      this.toLive();
      return;
    }
    this.back = true;
    this.video.currentTime = Math.max(span.from, seconds);
    this.dispatchEvent(new Event("change"));
  }

  /** Languages to choose from, by their names in themselves; one or none means there is nothing to choose. */
  get languages() {
    return (this.hls?.audioTracks ?? []).map((track, id) => ({ id, name: track.name, code: track.lang ?? "", chosen: id === this.hls?.audioTrack }));
  }

  /** @param {number} id */
  speak(id) {
    if (!this.hls) return;
    this.hls.audioTrack = id;
    keep("language", this.hls.audioTracks[id]?.lang || "original");
    this.dispatchEvent(new Event("change"));
  }

  get soundOnly() {
    return remember("quality") === "sound";
  }

  /** Sound alone, for poor links and for ears. @param {boolean} on */
  set soundOnly(on) {
    keep("quality", on ? "sound" : undefined);
    const address = this.address;
    this.stop();
    this.play(address);
  }

  /** To the live edge. */
  toLive() {
    this.back = false;
    this.#jump();
    void this.#start();
  }

  #jump() {
    const { seekable } = this.video;
    const edge = this.hls ? this.hls.liveSyncPosition : seekable.length ? seekable.end(seekable.length - 1) - 3 : null;
    if (edge && edge > this.video.currentTime) this.video.currentTime = edge;
  }

  /** Play or pause. Coming back goes to the live edge, or on from there where one may go back. */
  toggle() {
    if (!this.video.paused) this.video.pause();
    else if (this.span) {
      this.back = true;
      void this.#start();
    } else this.toLive();
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
      const [{ default: Hls }, { Distance, Holes, mendEdge }] = await Promise.all([import("hls.js"), import("./holes.js")]);
      if (this.address !== address) return;
      if (Hls.isSupported()) {
        const hls = this.#withHls(Hls, new Holes(this.video), address);
        mendEdge(hls);
        this.distance = new Distance(hls, Hls.Events);
        return;
      }
    }
    this.video.src = address;
    this.video.onerror = () => this.again();
    void this.#start();
  }

  /** @param {typeof import("hls.js").default} Hls @param {import("./holes.js").Holes} holes @param {string} address */
  #withHls(Hls, holes, address) {
    // No worker: its blob script would need a hole in the policy, and passing fMP4 through costs little.
    const hls = (this.hls = new Hls({ lowLatencyMode: true, enableWorker: false, backBufferLength: 30, maxLiveSyncPlaybackRate: 1.05, abrEwmaDefaultEstimate: HOPED }));
    hls.on(Hls.Events.ERROR, (_event, data) => {
      if (!data.fatal) return;
      if (data.type === Hls.ErrorTypes.MEDIA_ERROR && this.tries === 0) {
        this.tries = 1;
        hls.recoverMediaError();
      } else this.again();
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      this.sizes.fit();
      void this.#start();
    });
    hls.on(Hls.Events.FRAG_BUFFERED, () => (this.tries = 0));
    hls.on(Hls.Events.LEVEL_UPDATED, () => holes.look());
    hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, () => {
      const wanted = remember("language");
      const id = hls.audioTracks.findIndex((track) => (track.lang || "original") === wanted);
      if (id > 0) hls.audioTrack = id;
      this.dispatchEvent(new Event("change"));
    });
    // A moment later, because hls.js goes on to choose for itself once everybody has heard of it.
    hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => queueMicrotask(() => this.hls === hls && this.dispatchEvent(new Event("texts"))));
    hls.loadSource(this.soundOnly ? address.replace(/main\.m3u8$/, "sound.m3u8") : address);
    hls.attachMedia(this.video);
    return hls;
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

  /** Load the stream anew. @param {number} [wait] milliseconds */
  again(wait = Math.min(RETRY_TO, RETRY_FROM * 1.6 ** this.tries++) * (0.7 + Math.random() * 0.6)) {
    const address = this.address;
    this.hls?.destroy();
    this.hls = undefined;
    this.#became("waiting");
    this.timer = window.setTimeout(() => this.address === address && address && void this.#load(), wait);
  }

  /** @param {PlayerState} state */
  #became(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}
