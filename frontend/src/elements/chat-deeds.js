/**
 * What one may do with a message, and doing it.
 * @module
 */
import { chatClosed } from "../lib/closed.js";
import { t } from "../lib/i18n.js";
import { singleKeysOn } from "../lib/keys.js";
import { TOOLS } from "./chat-line.js";

/** @typedef {import("../state/room.js").Entity} Entity */
/** @typedef {import("./chat-line.js").What} What */
/** @typedef {import("./room-chat.js").RoomChat} RoomChat */

/** @param {RoomChat} chat @param {What} what @param {Entity} message */
export function may(chat, what, message) {
  if (message["removed"]) return false;
  const webinar = chat.room?.webinar;
  const kept = webinar?.["chat"].mode === "stored" || message["crew"] || message["private"];
  const own = message["author"]?.id === chat.room?.you?.id;
  const audience = !message["crew"] && !message["private"];
  const moderates = chat.may("chat.moderate");
  const theirs = audience && message["author"]?.role === "participant";
  const waits = message["held"] || message["pending"];
  switch (what) {
    case "edit":
      return own && Boolean(kept) && !chat.closed;
    case "remove":
      return (own && Boolean(kept) && !chat.closed) || moderates;
    case "reply":
      return !chat.closed && !waits;
    case "react":
      return audience && Boolean(kept) && !waits && webinar?.["reactions"]?.mode === "on" && chat.may("reactions.send");
    case "hide":
    case "pin":
      return moderates && audience && Boolean(kept) && !message["held"];
    case "question":
      return chat.may("questions.moderate") && theirs && Boolean(kept) && !message["question"];
    case "person":
      return chat.may("people.moderate") && message["author"]?.role === "participant";
    case "private":
      return moderates && theirs && !message["held"];
    case "release":
    case "refuse":
      return moderates && Boolean(message["held"]);
    default:
      return true;
  }
}

/** @param {RoomChat} chat @param {What} what @param {Entity} message @param {string} [more] */
export function act(chat, what, message, more) {
  const { id } = message;
  const emoji = more ?? chat.room?.webinar?.["reactions"]?.set[0];
  switch (what) {
    case "hide":
      return message["hidden"] ? void chat.act("chat.hide", { message: id, hidden: false }) : ask(chat, what, message);
    case "pin":
      return void chat.act("chat.pin", { message: id, pinned: !message["pinned"] });
    case "react":
      return void chat.act("chat.react", { message: id, emoji, on: !chat.room?.mine?.["reactions"]?.[id]?.includes(emoji) });
    case "release":
      return void chat.act("chat.release", { message: id });
    case "question":
      return void chat.act("question.from_message", { message: id }).then((ok) => ok && import("../lib/toast.js").then(({ toast }) => toast(t("It is question {number} now.", { number: ok.number ?? 0 }), { tone: "good" })));
    case "private":
      return void chat.dispatchEvent(new CustomEvent("conversation", { bubbles: true, detail: { person: message["author"].id, name: message["author"].name } }));
    default:
      return ask(chat, what, message);
  }
}

/** @param {RoomChat} chat @param {What} what @param {Entity} message */
function ask(chat, what, message) {
  void import("./moderation-dialogs.js").then((dialogs) => dialogs.ask(what, chat, message));
}

/** What a key means on the row it was pressed on. @param {RoomChat} chat @param {KeyboardEvent} event @returns {[What, Entity] | undefined} */
export function deedOfKey(chat, event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const message = chat.room?.one("message", target.closest("[data-key]")?.getAttribute("data-key") ?? undefined);
  if (!message || target.matches("textarea, input") || event.ctrlKey || event.metaKey || event.altKey || !singleKeysOn()) return undefined;
  const tool = TOOLS.find(([, , , name]) => name === event.key);
  return tool && may(chat, tool[0], message) ? [tool[0], message] : undefined;
}

/** Arrow up in an empty box changes what one said last. @param {RoomChat} chat @param {import("./chat-line.js").Act} begin */
export function lastOwn(chat, begin) {
  const own = chat.messages.findLast((message) => may(chat, "edit", message));
  if (own) begin("edit", own);
}

/** Why nothing can be written here; empty when it can. @param {RoomChat} chat */
export function closedFor(chat) {
  if (chat.socket?.state === "closed") return t("This room is closed here. Load the page again.");
  if (chat.crew) return "";
  if (chat.person) return chat.isCrew || chat.room?.webinar?.["chat"].private ? "" : t("Messages to the crew are closed for now.");
  return chatClosed(chat.room);
}

/** @param {RoomChat} chat @param {import("./room-chat.js").Pending} one */
export function send(chat, { ref, text, name, reply }) {
  if (chat.person) return chat.socket?.command("chat.private", { ref, text, name, ...(chat.isCrew ? { to: chat.person } : {}) });
  return chat.socket?.command("chat.say", { ref, text, name, crew: chat.crew, ...(reply ? { reply_to: reply } : {}) });
}
