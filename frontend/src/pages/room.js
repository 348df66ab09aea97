/**
 * The participant's room: waiting page, picture, chat and farewell, turned by the state the server pushes.
 * @module
 */
import "../elements/room-bar.js";
import "../elements/room-chat.js";
import "../elements/room-player.js";
import { countOnTabs } from "../elements/tab-counts.js";
import { announce } from "../lib/announce.js";
import { enhance } from "../lib/enhance.js";
import { t } from "../lib/i18n.js";
import { key } from "../lib/keys.js";
import { ownZone } from "../lib/time.js";
import { playTone } from "../media/tone.js";
import { startLive } from "../state/live.js";

/** @typedef {import("../elements/room-player.js").RoomPlayer} RoomPlayer */

const FAREWELLS = /** @type {Record<number, string>} */ ({
  4501: "You were removed from this webinar.",
  4502: "What was stored about you here was erased.",
  4503: "This seat was opened in another window.",
  4504: "This webinar does not exist any more.",
  4506: "You were signed out.",
});

const { room, socket } = startLive();
const player = /** @type {RoomPlayer} */ (document.querySelector("room-player"));
const waiting = document.querySelector(".waiting");
let state = "";

key("k", t("Play or pause"), t("Player"), () => player.player?.toggle());
key("m", t("Sound on or off"), t("Player"), () => player.mute());
key("f", t("Full screen"), t("Player"), () => void player.full());
key("c", t("Write in the chat"), t("Chat"), () => document.querySelector("textarea")?.focus());

for (const element of document.querySelectorAll("room-bar, room-chat")) {
  /** @type {import("../elements/room-bar.js").RoomBar} */ (element).join(room, socket);
}

room.addEventListener("webinar", () => {
  const webinar = room.webinar;
  if (!webinar) return;
  document.title = webinar["title"];
  for (const title of document.querySelectorAll("[data-title]")) title.textContent = webinar["title"];
  player.stream = webinar["stream"];
  const before = ["idle", "preview"].includes(webinar["broadcast"]);
  if (waiting instanceof HTMLElement) waiting.hidden = !before;
  player.notice = before || webinar["broadcast"] === "live" ? "" : webinar["message"] || "";
  for (const note of document.querySelectorAll("[data-waiting-note]")) note.textContent = webinar["message"] || "";
  document.body.dataset["broadcast"] = webinar["broadcast"];
  if (state && state !== webinar["broadcast"]) announce(spoken(webinar["broadcast"]));
  state = webinar["broadcast"];
});

socket.addEventListener("closed", (event) => {
  const text = FAREWELLS[/** @type {CustomEvent<number>} */ (event).detail] ?? "The room was closed.";
  player.stream = null;
  player.notice = t(text);
  announce(t(text), { urgent: true });
});

// The event's own time is said only to readers whose clocks show another.
for (const other of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-event-zone]"))) other.hidden = other.dataset["eventZone"] === ownZone();

document.querySelector(".waiting ui-countdown")?.addEventListener("due", () => {
  for (const note of document.querySelectorAll("[data-due]")) note.textContent = t("It starts any moment. This page opens by itself.");
});

document.querySelector("[data-test-sound]")?.addEventListener("click", playTone);

/** @param {string} broadcast */
function spoken(broadcast) {
  /** @type {Record<string, string>} */
  const words = { live: t("The webinar is live."), paused: t("The webinar is paused."), ended: t("The webinar has ended.") };
  return words[broadcast] ?? t("The webinar has not started yet.");
}

countOnTabs();
await enhance();
