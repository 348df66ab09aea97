/**
 * The player inside somebody else's page. Works without cookies and storage; talks with the page around it by messages,
 * described in docs/embed.md, and only with sites the organiser named.
 * @module
 */
import "../elements/room-player.js";
import { pageData } from "../lib/dom.js";
import { enhance } from "../lib/enhance.js";
import { t } from "../lib/i18n.js";
import { ownName } from "../lib/languages.js";
import { OnDemand } from "../lib/on-demand.js";
import { startLive } from "../state/live.js";

/** @typedef {import("../elements/room-player.js").RoomPlayer} RoomPlayer */

const boot = /** @type {import("../protocol/messages.d.ts").Boot & {hosts: string[], interaction: boolean, room: string, closed?: boolean}} */ (pageData("boot"));
const seat = new URLSearchParams(location.hash.slice(1)).get("seat");
const element = /** @type {RoomPlayer} */ (document.querySelector("room-player"));
const note = /** @type {HTMLElement} */ (document.querySelector("[data-note]"));
const onDemand = new OnDemand(element);
/** The page around this one, once it said hello from a site on the list. */
let host = "";

if (boot.closed && !seat) say(t("This webinar asks for a registration."), true);
else join();

function join() {
  const { room, socket } = startLive(seat ? { seat, registered: true, ticket: "" } : {});
  const chat = document.querySelector("room-chat");
  if (chat) void import("../elements/room-chat.js").then(() => /** @type {import("../elements/room-bar.js").RoomBar} */ (chat).join(room, socket));
  room.addEventListener("webinar", () => {
    const webinar = room.webinar;
    if (!webinar) return;
    void onDemand.show(webinar);
    const before = ["idle", "preview"].includes(webinar["broadcast"]);
    element.poster = webinar["picture"] ?? "";
    element.notice = webinar["broadcast"] === "live" ? "" : before ? webinar["message"] || t("The webinar has not started yet. The picture comes by itself.") : webinar["message"] || "";
    document.title = webinar["title"];
    tell();
  });
  room.addEventListener("caption", () => {
    const codes = new Set(room.all("caption").map((line) => String(line["lang"])));
    element.written = [...codes].map((code) => ({ code, name: ownName(code) }));
  });
  socket.addEventListener("closed", () => say(t("This seat is not open any more."), true));
  void element.updateComplete.then(() => element.player?.addEventListener("change", tell));

  function tell() {
    const video = onDemand.player?.video ?? element.player?.video;
    if (!host || !room.webinar) return;
    parent.postMessage({ source: "lectern", type: "state", broadcast: room.webinar["broadcast"], playing: Boolean(video && !video.paused), muted: Boolean(video?.muted), volume: video?.volume ?? 1 }, host);
  }

  addEventListener("message", (event) => {
    if (event.source !== parent || event.data?.target !== "lectern" || !allowed(event.origin)) return;
    host = event.origin;
    const player = element.player;
    const video = onDemand.player?.video ?? player?.video;
    /** @type {Record<string, () => void>} */
    const orders = {
      hello: () => undefined,
      play: () => video?.paused && (onDemand.player ?? player)?.toggle(),
      pause: () => video?.pause(),
      mute: () => video && (video.muted = true),
      unmute: () => (onDemand.player?.video ? (onDemand.player.video.muted = false) : player?.soundOn()),
      live: () => player?.toLive(),
    };
    orders[String(event.data.type)]?.();
    tell();
  });
}

/** @param {string} origin */
function allowed(origin) {
  return boot.hosts.some((known) => known === origin || (known.includes("://*.") && origin.startsWith(known.split("*")[0] ?? "-") && origin.endsWith(known.split("*")[1] ?? "-")));
}

/** @param {string} text @param {boolean} link */
function say(text, link) {
  note.hidden = false;
  note.textContent = `${text} `;
  if (!link) return;
  const way = document.createElement("a");
  way.href = boot.room;
  way.target = "_blank";
  way.rel = "noopener";
  way.textContent = t("Open the webinar");
  note.append(way);
}

await enhance();
