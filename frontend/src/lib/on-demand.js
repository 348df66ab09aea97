/**
 * A webinar whose video is watched whenever one likes: the player of replays in the place of the live one, loaded only there.
 * @module
 */

/** @typedef {import("../elements/replay-player.js").ReplayPlayer} ReplayPlayer */

export class OnDemand {
  /** @param {import("../elements/room-player.js").RoomPlayer} live */
  constructor(live) {
    this.live = live;
    /** @type {ReplayPlayer | undefined} */
    this.player = undefined;
    this.wanted = "";
  }

  /** Show what the webinar says: its video, or the stream. @param {import("../state/room.js").Entity} webinar */
  async show(webinar) {
    this.wanted = webinar["source"] === "ondemand" ? webinar["stream"] ?? "" : "";
    this.live.stream = webinar["source"] === "ondemand" ? null : webinar["stream"];
    this.live.hidden = Boolean(this.wanted);
    if (!this.wanted) {
      this.player?.stop();
      this.player?.remove();
      this.player = undefined;
      return;
    }
    await import("../elements/replay-player.js");
    if (!this.wanted || this.player?.address === this.wanted) return;
    if (!this.player) {
      this.player = /** @type {ReplayPlayer} */ (document.createElement("replay-player"));
      this.live.after(this.player);
    }
    this.player.play(this.wanted);
  }
}
