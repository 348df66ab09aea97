/**
 * The participant's room: waiting page, picture, chat and farewell, turned by the state the server pushes.
 * @module
 */
import "../elements/room-bar.js";
import "../elements/room-chat.js";
import "../elements/room-player.js";
import { announce } from "../lib/announce.js";
import { enhance } from "../lib/enhance.js";
import { t, words } from "../lib/i18n.js";
import { key } from "../lib/keys.js";
import { ownZone } from "../lib/time.js";
import { startLive } from "../state/live.js";

/** @typedef {import("../elements/room-player.js").RoomPlayer} RoomPlayer */

const FAREWELLS = /** @type {Record<number, string>} */ ({
  4501: words("You were removed from this webinar."),
  4502: words("What was stored about you here was erased."),
  4503: words("This seat was opened in another window."),
  4504: words("This webinar does not exist any more."),
  4506: words("You were signed out."),
});

const { room, socket } = startLive();
const player = /** @type {RoomPlayer} */ (document.querySelector("room-player"));
/** @type {import("../lib/on-demand.js").OnDemand | undefined} */
let onDemand;
const waiting = document.querySelector(".waiting");
let state = "";

key("k", t("Play or pause"), t("Player"), () => (onDemand?.player ?? player.player)?.toggle());
key("m", t("Sound on or off"), t("Player"), () => (onDemand?.player ?? player).mute());
key("f", t("Full screen"), t("Player"), () => void (onDemand?.player ?? player).full());
key("c", t("Write in the chat"), t("Chat"), () => write("chat"));
key("/", t("Command in the chat"), t("Chat"), () => write("chat", "/"));
key("q", t("Ask a question"), t("Questions"), () => write("questions"));
key("s", t("Panels beside the picture, or the picture alone"), t("Player"), () => panels());

for (const element of document.querySelectorAll("room-bar, room-chat")) {
  /** @type {import("../elements/room-bar.js").RoomBar} */ (element).join(room, socket);
}

room.addEventListener("webinar", () => {
  const webinar = room.webinar;
  if (!webinar) return;
  document.title = webinar["title"];
  for (const title of document.querySelectorAll("[data-title]")) title.textContent = webinar["title"];
  if (webinar["source"] === "ondemand" || onDemand) void video();
  else player.stream = webinar["stream"];
  const before = ["idle", "preview"].includes(webinar["broadcast"]);
  if (waiting instanceof HTMLElement) waiting.hidden = !before;
  player.notice = before || webinar["broadcast"] === "live" ? "" : webinar["message"] || "";
  for (const note of document.querySelectorAll("[data-waiting-note]")) note.textContent = webinar["message"] || "";
  player.poster = before ? "" : webinar["picture"] ?? "";
  const picture = document.querySelector("img[data-waiting-picture]");
  if (picture instanceof HTMLImageElement) {
    picture.hidden = !webinar["picture"];
    if (webinar["picture"] && picture.getAttribute("src") !== webinar["picture"]) picture.src = webinar["picture"];
  }
  document.body.dataset["broadcast"] = webinar["broadcast"];
  if (state && state !== webinar["broadcast"]) announce(spoken(webinar["broadcast"]));
  state = webinar["broadcast"];
  showTabs();
});
for (const event of ["my_hand", "my_place", "state"]) room.addEventListener(event, () => void guest());
room.addEventListener("question", showTabs);
room.addEventListener("poll", showTabs);

socket.addEventListener("closed", (event) => {
  const text = FAREWELLS[/** @type {CustomEvent<number>} */ (event).detail] ?? words("The room was closed.");
  player.stream = null;
  player.notice = t(text);
  announce(t(text), { urgent: true });
});

// The event's own time is said only to readers whose clocks show another.
for (const other of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-event-zone]"))) other.hidden = other.dataset["eventZone"] === ownZone();

document.querySelector(".waiting ui-countdown")?.addEventListener("due", () => {
  for (const note of document.querySelectorAll("[data-due]")) note.textContent = t("It starts any moment. This page opens by itself.");
});

// The seat this browser kept, which may be older than the page's; in the body, never in an address.
document.querySelector("[data-my-data]")?.addEventListener("submit", (event) => {
  const seat = /** @type {HTMLFormElement} */ (event.target).querySelector("input");
  if (seat) seat.value = socket.seat ?? "";
});

document.querySelector("[data-test-sound]")?.addEventListener("click", () => void import("../media/tone.js").then(({ playTone }) => playTone()));

player.whole = true;
player.addEventListener("panels", () => panels());
document.addEventListener("fullscreenchange", () => panels(!document.fullscreenElement));
document.querySelector("[data-side]")?.addEventListener("click", () => panels());

/** A video on demand has another player, which nobody else loads. */
async function video() {
  const { OnDemand } = await import("../lib/on-demand.js");
  onDemand ??= new OnDemand(player);
  if (room.webinar) await onDemand.show(room.webinar);
}

/** Panels beside the picture are shown or not. @param {boolean} [on] the other way round without it */
function panels(on = document.body.dataset["side"] === "hidden") {
  if (!on || document.body.dataset["side"] === "hidden") document.body.dataset["side"] = on ? "" : "hidden";
  document.querySelector("[data-side]")?.setAttribute("aria-pressed", String(on));
}

/** Bring a panel up and begin to write there. @param {string} id @param {string} [text] */
function write(id, text = "") {
  panels(true);
  /** @type {{show?: (id: string) => void} | null} */ (/** @type {unknown} */ (document.querySelector(".app-side ui-tabs")))?.show?.(id);
  const box = /** @type {HTMLTextAreaElement | null} */ (document.querySelector(`#${id} textarea`));
  box?.focus();
  if (!box || !text || box.value) return;
  box.value = text;
  box.dispatchEvent(new Event("input"));
}

/** Tabs of what this webinar has. */
function showTabs() {
  for (const kind of ["question", "poll"]) {
    const mode = room.webinar?.[`${kind}s`]?.mode;
    const tab = document.querySelector(`.tab[href="#${kind}s"]`);
    if (tab instanceof HTMLElement) tab.hidden = (!mode || mode === "off") && !room.all(kind).length;
  }
}

/** What is not needed for the first sight comes when the room is there. */
async function more() {
  await Promise.all([import("../elements/room-questions.js"), import("../elements/room-polls.js"), import("../elements/room-tools.js"), import("../elements/room-screen.js"), import("../elements/room-captions.js")]);
  const { followPicture } = await import("../lib/picture.js");
  followPicture(() => player.player?.hls?.playingDate?.getTime());
  for (const element of document.querySelectorAll("room-questions, .tab-panel > room-polls, room-tools, room-files, room-screen, room-captions, room-transcript")) {
    /** @type {import("../elements/live-element.js").LiveElement} */ (element).join(room, socket);
  }
}

/** Who is invited on the stage gets a place to prepare; nobody else loads it. */
async function guest() {
  const accepted = room.all("my_hand").some((hand) => hand["state"] === "accepted");
  if (!accepted && !room.all("my_place").length) return;
  const place = document.querySelector("guest-stage") ?? document.querySelector(".app-stage")?.appendChild(document.createElement("guest-stage"));
  await import("../elements/guest-stage.js");
  /** @type {import("../elements/guest-stage.js").GuestStage} */ (place).join(room, socket);
}

/** @param {string} broadcast */
function spoken(broadcast) {
  /** @type {Record<string, string>} */
  const words = { live: room.webinar?.["source"] === "ondemand" ? t("The video can be watched.") : t("The webinar is live."), paused: t("The webinar is paused."), ended: t("The webinar has ended.") };
  return words[broadcast] ?? t("The webinar has not started yet.");
}

void import("../elements/tab-counts.js").then(({ countOnTabs }) => countOnTabs());
await enhance();
const handle = document.querySelector(".sheet-handle");
if (handle instanceof HTMLElement) void import("../lib/sheet.js").then(({ wireSheet }) => wireSheet(handle));
await more();
