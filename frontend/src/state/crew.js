/**
 * What studio and console share: the room joined to the page's elements, and the crew's picture of the program.
 * @module
 */
import { t } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { startLive } from "./live.js";

/** @typedef {import("../elements/room-player.js").RoomPlayer} RoomPlayer */

/** Elements that live on the connection. */
const LIVE = "room-bar, room-chat, broadcast-controls, state-notes, crew-presence, stage-panel, stage-videos, console-questions, console-polls, console-people, console-inbox, console-settings, console-log";

export function joinCrewPage() {
  const live = startLive();
  const { room, socket } = live;
  for (const element of document.querySelectorAll(LIVE)) {
    /** @type {import("../elements/room-bar.js").RoomBar} */ (element).join(room, socket);
  }
  for (const panel of document.querySelectorAll("stage-panel")) /** @type {import("../elements/stage-panel.js").StagePanel} */ (panel).watch(live.boot);
  const player = /** @type {RoomPlayer} */ (document.querySelector("room-player"));
  room.addEventListener("webinar", () => {
    const webinar = room.webinar;
    if (!webinar) return;
    for (const title of document.querySelectorAll("[data-title]")) title.textContent = webinar["title"];
    player.stream = webinar["stream"];
    player.notice = webinar["stream"] ? "" : t("Nothing is on air.");
    document.body.dataset["broadcast"] = webinar["broadcast"];
  });
  socket.addEventListener("closed", () => toast(t("You were signed out of this room. Load the page again."), { tone: "danger", stays: true }));
  return live;
}
