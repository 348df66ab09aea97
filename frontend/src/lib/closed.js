/**
 * Why a part of the room is closed, in words for the reader; empty when it is open.
 * @module
 */
import { t } from "./i18n.js";

/** @typedef {import("../state/room.js").Room} Room */

/** @param {Room | undefined} room */
export function chatClosed(room) {
  const webinar = room?.webinar;
  const crew = room?.you?.lane === "crew";
  if (!webinar) return "";
  const { mode, why } = webinar["chat"];
  if (!crew && room?.mine?.["muted"]) return muted(room);
  if (mode === "off") return why === "ended" ? t("The webinar has ended, so the chat is closed.") : why === "before" ? t("The chat opens when the webinar starts.") : t("The chat is closed for now.");
  if (webinar["broadcast"] === "ended" && !crew && why === undefined && !webinar["phase"]) return t("The webinar has ended, so the chat is closed.");
  return "";
}

/** @param {Room} room */
export function muted(room) {
  const reason = room.mine?.["reason"];
  return reason ? t("You were muted by the crew: {reason} You can still read.", { reason: /[.!?]$/.test(reason) ? reason : `${reason}.` }) : t("You were muted by the crew. You can still read.");
}

/** @param {"questions" | "polls" | "hands" | "reactions"} what @param {Room | undefined} room */
export function closedBecause(what, room) {
  const state = room?.webinar?.[what];
  if (!state || state.mode !== "off") return "";
  if (state.why === "ended") return t("The webinar has ended.");
  if (state.why === "before") return t("This opens when the webinar starts.");
  return t("The organiser has closed this for now.");
}
