/**
 * Socket and copy of the room joined: what every live page starts with.
 * @module
 */
import { pageData } from "../lib/dom.js";
import { LiveSocket } from "../protocol/socket.js";
import { Room } from "./room.js";

/** @typedef {import("../protocol/socket.js").Boot & {whip?: string, stage_token?: string, ice_servers?: string[]}} PageBoot */

export function startLive() {
  const boot = /** @type {PageBoot} */ (pageData("boot"));
  const room = new Room();
  const socket = new LiveSocket(boot, () => room.seen());
  socket.addEventListener("frame", (event) => {
    if (!room.apply(/** @type {CustomEvent} */ (event).detail)) socket.sync();
  });
  return { boot, room, socket };
}
