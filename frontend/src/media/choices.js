/**
 * What people choose of a stream: captions and the size of the picture.
 * @module
 */
import { keep, remember } from "../lib/storage.js";

/** Between two looks for captions that have just begun. */
const ASK = 2000;

/** Pages of the room have captions of their own, which come sooner; these are for a player on another site, and for the full screen of iPhones. */
export class Texts {
  #player;
  #timer = 0;

  /** @param {import("./player.js").Player} player */
  constructor(player) {
    this.#player = player;
  }

  /** Captions to choose from, by their names in themselves. */
  get all() {
    const { hls, video } = this.#player;
    const tracks = hls?.subtitleTracks.map((track) => ({ code: track.lang ?? "", name: track.name }));
    return tracks ?? [...video.textTracks].map((track) => ({ code: track.language, name: track.label }));
  }

  /** @param {string} code */
  has(code) {
    return this.all.some((one) => one.code === code);
  }

  /** Show captions in this language; none without one. @param {string} code */
  show(code) {
    const { hls, video } = this.#player;
    const place = this.all.findIndex((one) => one.code === code);
    if (hls) {
      hls.subtitleDisplay = place >= 0;
      hls.subtitleTrack = place;
    } else [...video.textTracks].forEach((track, at) => (track.mode = at === place ? "showing" : "disabled"));
    this.#player.dispatchEvent(new Event("change"));
  }

  /**
   * Show captions that may have begun since the stream was loaded. Players read the main playlist once: it is looked at until they
   * are in it, and then the stream is loaded anew.
   * @param {string} code
   */
  async await(code) {
    clearTimeout(this.#timer);
    const { address } = this.#player;
    const there = written(await fetch(address).then((answer) => (answer.ok ? answer.text() : ""), () => ""), code);
    if (address !== this.#player.address || code !== remember("captions") || this.has(code)) return;
    if (there) this.#player.again(0);
    else this.#timer = window.setTimeout(() => void this.await(code), ASK);
  }
}

/** Whether a main playlist has captions in this language (RFC 8216 section 4.3.4.1). @param {string} playlist @param {string} code */
const written = (playlist, code) =>
  playlist.split("\n").some((line) => line.startsWith("#EXT-X-MEDIA:TYPE=SUBTITLES") && line.includes(`LANGUAGE="${code}"`));

export class Sizes {
  #player;

  /** @param {import("./player.js").Player} player */
  constructor(player) {
    this.#player = player;
  }

  /** Heights to choose from, the best first; none where there is only one. */
  get all() {
    const heights = [...new Set((this.#player.hls?.levels ?? []).map((level) => level.height).filter(Boolean))];
    return heights.length > 1 ? heights.sort((one, other) => other - one) : [];
  }

  /** What was chosen; 0: what the link allows. */
  get chosen() {
    const height = Number(remember("quality")) || 0;
    return this.all.includes(height) ? height : 0;
  }

  /** @param {number} height */
  choose(height) {
    keep("quality", height ? String(height) : undefined);
    this.fit();
    this.#player.dispatchEvent(new Event("change"));
  }

  /** Have the player follow what was chosen. */
  fit() {
    const { hls } = this.#player;
    if (hls) hls.nextLevel = this.chosen ? hls.levels.findIndex((level) => level.height === this.chosen) : -1;
  }
}
