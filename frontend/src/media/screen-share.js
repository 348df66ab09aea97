/**
 * A shared screen as a second sender beside the camera: its own token, ended with the browser's own bar as with our switch.
 * @module
 */
import { toast } from "../lib/toast.js";
import { openScreen } from "./devices.js";
import { WhipSender } from "./whip.js";

export class ScreenShare {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** @type {MediaStreamTrack | undefined} */
    this.track = undefined;
    /** @type {WhipSender | undefined} */
    this.sender = undefined;
    /** @type {import("../protocol/socket.js").LiveSocket | undefined} */
    this.socket = undefined;
  }

  /** @param {{whip: string, ice: RTCIceServer[]}} way @param {import("../protocol/socket.js").LiveSocket | undefined} socket */
  async start(way, socket) {
    this.socket = socket;
    try {
      const track = (this.track = await openScreen());
      track.onended = () => void this.end();
      const place = await socket?.command("stage.screen", { on: true });
      // Ended in the meantime by the browser's own bar.
      if (this.track !== track) return;
      this.sender = new WhipSender(way.whip, String(place?.token ?? ""), way.ice);
      this.sender.addEventListener("change", () => this.sender?.state === "refused" && void this.end());
      this.sender.start(track, undefined);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError") toast(error instanceof Error ? error.message : String(error), { tone: "danger" });
      await this.end();
    }
    this.changed();
  }

  async end() {
    const { track, sender } = this;
    if (!track) return;
    track.onended = null;
    track.stop();
    this.track = this.sender = undefined;
    this.changed();
    await sender?.stop();
    await this.socket?.command("stage.screen", { on: false }).catch(() => undefined);
  }

  /** The page goes. */
  leave() {
    this.sender?.leave();
  }
}
