/**
 * Where hls.js stays before what it should go on from: a hole in what there is to play, the end of a segment, and a distance that is over.
 * @module
 */

/** Milliseconds that a picture may stand still before a hole, while there is more to play behind it. */
const STUCK = 1500;

/**
 * Over a hole in what there is to play. hls.js does that too, but not while the element still seeks a place in a large one: whose lists
 * of picture and sound came some seconds apart, when somebody had just gone live, would look at a still picture for long.
 */
export class Holes {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    this.at = -1;
    this.since = 0;
  }

  /** Look, whenever there is more to play. */
  look() {
    const { buffered, currentTime, paused, readyState } = this.video;
    const now = performance.now();
    if (paused || readyState > HTMLMediaElement.HAVE_CURRENT_DATA || currentTime !== this.at) [this.at, this.since] = [currentTime, now];
    if (now - this.since < STUCK) return;
    for (let index = 0; index < buffered.length; index++) {
      if (buffered.start(index) > currentTime) {
        this.video.currentTime = buffered.start(index) + 0.05;
        return;
      }
    }
  }
}

/** Seconds that the end of a buffer may lie before the end of what is in it: less than any part, and many times what was seen. */
const CUT_OFF = 0.005;

/**
 * While it loads parts, hls.js looks for what follows the end of the buffer without any tolerance. Browsers cut times off to whole
 * microseconds, and hls.js is wrong about where a segment begins by up to a fifth of a millisecond, so that end may lie a little before
 * the end of the segment: hls.js then finds the segment it has, loads nothing more, and everybody's picture stalls for some seconds
 * every few minutes.
 * @param {import("hls.js").default} hls
 */
export function mendEdge(hls) {
  let base = Reflect.get(hls, "streamController");
  while (base && !Object.hasOwn(base, "getFragmentAtPosition")) base = Object.getPrototypeOf(base);
  const found = base?.getFragmentAtPosition;
  if (!found || found.mended) return;
  // Picture and sound share this one.
  base.getFragmentAtPosition = Object.assign(
    /** @this {unknown} @param {number} end @param {unknown[]} rest */
    function (end, ...rest) {
      return found.call(this, end + CUT_OFF, ...rest);
    },
    { mended: true },
  );
}

/** Milliseconds without a stall after which a player comes as near to what is live as before; twice as long each time, at most the last. */
const CALM = 60_000;
const CALM_TO = 960_000;

/** hls.js keeps a second more distance after each stall and never takes it back, so one bad moment would make somebody late until the end. */
export class Distance {
  /** @param {import("hls.js").default} hls @param {typeof import("hls.js").Events} events */
  constructor(hls, events) {
    this.hls = hls;
    this.calm = CALM;
    this.timer = 0;
    hls.on(events.ERROR, (_event, data) => data.details === "bufferStalledError" && this.stalled());
    hls.on(events.DESTROYING, () => clearTimeout(this.timer));
  }

  stalled() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.comeBack(), this.calm);
  }

  comeBack() {
    const details = this.hls.latestLevelDetails;
    if (!details) return;
    // The stream's own distance. To set it is also to forget the stalls.
    this.hls.targetLatency = details.partHoldBack || details.holdBack;
    this.calm = Math.min(CALM_TO, 2 * this.calm);
  }
}
