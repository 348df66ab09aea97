/**
 * Socket and copy of the room joined: what every live page starts with.
 * @module
 */
import { pageData } from "../lib/dom.js";
import { LiveSocket } from "../protocol/socket.js";
import { Room } from "./room.js";

/** @typedef {import("../protocol/socket.js").Boot & {whip?: string, whep?: string, stage_token?: string, language?: string, ice_servers?: RTCIceServer[]}} PageBoot */

/** @param {Partial<PageBoot>} [other] what is not as the page has it */
export function startLive(other = {}) {
  const boot = /** @type {PageBoot} */ ({ .../** @type {object} */ (pageData("boot")), ...other });
  const room = new Room();
  const socket = new LiveSocket(boot, () => room.seen());
  socket.addEventListener("frame", (event) => {
    if (!room.apply(/** @type {CustomEvent} */ (event).detail)) socket.sync();
  });
  return { boot, room, socket };
}
