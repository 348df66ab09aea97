/**
 * What the views beside the room share: their elements joined to the room, and words when their link has stopped.
 * @module
 */
import { t } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { startLive } from "./live.js";

export function joinView() {
  const live = startLive();
  const { room, socket } = live;
  for (const element of document.querySelectorAll("room-bar, room-questions, room-polls, speaker-view, overlay-view")) {
    /** @type {import("../elements/live-element.js").LiveElement} */ (element).join(room, socket);
  }
  room.addEventListener("webinar", () => {
    for (const title of document.querySelectorAll("[data-title]")) title.textContent = room.webinar?.["title"] ?? "";
  });
  socket.addEventListener("closed", () => toast(t("This link does not work any more. Ask the crew for a new one."), { tone: "danger", stays: true }));
  return live;
}
