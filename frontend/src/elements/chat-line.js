/**
 * One line of the chat: who, when, what, and what the reader may do with it.
 * @module
 */
import { html, nothing } from "lit";
import { language, t, tn, words } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { hue, initials } from "../lib/person.js";
import { clock, moment } from "../lib/time.js";
import { TEXT_MAX } from "./room-composer.js";

/** @typedef {import("../state/room.js").Entity} Entity */
/** @typedef {"reply" | "edit" | "react" | "pin" | "question" | "hide" | "person" | "private" | "release" | "refuse" | "remove" | "cancel" | "save" | "open"} What */
/** @typedef {(what: What, message: Entity, more?: string) => void} Act */
/** @typedef {{may: (what: What, message: Entity) => boolean, day: string, editing: boolean, open: boolean, now: number, answered: Entity | undefined, mine: string[], emoji: string[], act: Act}} Around */

const ROLES = /** @type {Record<string, string>} */ ({ owner: words("Crew"), admin: words("Crew"), moderator: words("Moderator"), presenter: words("Presenter"), interpreter: words("Interpreter") });
const LINK = /(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/;
const days = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });

/** What can be done, in the order of the buttons: icon, name, key. @type {[What, string, string, string][]} */
export const TOOLS = [
  ["release", "circle-check", words("Show now"), "a"],
  ["refuse", "circle-x", words("Do not show"), "x"],
  ["react", "smile-plus", words("React"), "+"],
  ["reply", "reply", words("Reply"), "r"],
  ["edit", "pencil", words("Edit"), "e"],
  ["pin", "pin", words("Pin"), "p"],
  ["question", "circle-question-mark", words("Make it a question"), "q"],
  ["private", "mail", words("Write to this person alone"), "w"],
  ["hide", "eye-off", words("Hide"), "h"],
  ["person", "gavel", words("Mute or ban"), "b"],
  ["remove", "trash-2", words("Remove"), "Delete"],
];

/** The reader's day of a moment, in words. @param {number | undefined} at */
export function dayOf(at) {
  return at === undefined ? "" : days.format(at);
}

/** @param {Entity} message @param {Around} around */
export function chatLine(message, around) {
  const day = around.day ? html`<p class="chat-day quiet small"><span>${around.day}</span></p>` : nothing;
  if (message["removed"]) return html`${day}<p class="chat-line gone quiet small">${gone(message)}</p>`;
  const author = message["author"];
  const name = author.name || t("Somebody");
  const at = new Date(message["at"]);
  return html`${day}<article class="chat-line ${message["hidden"] ? "hidden-line" : ""} ${message["held"] || message["pending"] ? "held-line" : ""}" data-id=${message.id}>
    <span class="avatar" data-hue=${hue(author.id)} aria-hidden="true">${initials(name)}</span>
    <div class="chat-body">
      ${around.answered ? answered(around.answered) : nothing}
      <header><strong>${name}</strong>${role(author.role)}<time class="quiet small" datetime=${at.toISOString()} title=${moment(at)}>${moment(at, "time")}</time>${marks(message, around.now)}</header>
      ${around.editing ? editor(message, around.act) : html`<p class="chat-text">${linked(message["text"])}</p>`}
      ${reactions(message, around)}
    </div>
    ${around.editing ? nothing : tools(message, around)}
  </article>`;
}

/** @param {Entity} message */
function gone(message) {
  if (!message["refused"]) return t("Message removed");
  return message["reason"] ? t("Your message was not shown: {reason}", { reason: message["reason"] }) : t("Your message was not shown.");
}

/** @param {string} name */
function role(name) {
  const text = ROLES[name];
  return text ? html`<span class="tag">${t(text)}</span>` : nothing;
}

/** @param {Entity} message @param {number} now */
function marks(message, now) {
  const left = Math.max(0, (message["until"] ?? 0) - now);
  return html`${message["edited"] ? html`<span class="quiet small">${t("edited")}</span>` : nothing}
    ${message["hidden"] ? html`<span class="tag">${t("hidden")}</span>` : nothing}
    ${message["pinned"] ? html`<span class="quiet small">${icon("pin")} ${t("pinned")}</span>` : nothing}
    ${message["question"] ? html`<span class="tag">${t("question")}</span>` : nothing}
    ${message["at_crew"] ? html`<span class="tag warn">${t("asks the crew")}</span>` : nothing}
    ${message["held"] === "delay" ? html`<span class="tag figures">${t("shown in {time}", { time: clock(left) })}</span>` : nothing}
    ${message["held"] === "approval" ? html`<span class="tag">${t("waits for approval")}</span>` : nothing}
    ${message["held"] === "words" ? html`<span class="tag warn">${t("held by the word list")}</span>` : nothing}
    ${message["pending"] ? html`<span class="quiet small">${t("only you see it until the crew has looked")}</span>` : nothing}`;
}

/** The line this one answers, shortened. @param {Entity} message */
function answered(message) {
  const text = message["removed"] ? t("Message removed") : `${message["author"].name || t("Somebody")}: ${message["text"]}`;
  return html`<p class="chat-answered quiet small truncate">${icon("reply")} ${text}</p>`;
}

/** @param {Entity} message @param {Around} around */
function reactions(message, { mine, emoji, may, act }) {
  const given = Object.entries(message["reactions"] ?? {}).filter(([, n]) => n > 0);
  if (!given.length) return nothing;
  const order = (/** @type {string} */ sign) => (emoji.indexOf(sign) + 100) % 100;
  return html`<div class="chat-reactions">${given.sort(([a], [b]) => order(a) - order(b)).map(([sign, n]) => html`<button class="reaction" aria-pressed=${mine.includes(sign)} ?disabled=${!may("react", message)} aria-label=${tn("{sign} from {n} person", "{sign} from {n} people", n, { sign })} @click=${() => act("react", message, sign)}>${sign} <span class="figures">${n}</span></button>`)}</div>`;
}

/** @param {Entity} message @param {Around} around */
function tools(message, { open, emoji, may, act }) {
  const known = TOOLS.filter(([what]) => may(what, message));
  if (!known.length) return nothing;
  if (!open) return html`<div class="chat-more"><button class="button plain small square" aria-label=${t("What can be done with this message")} aria-expanded="false" @click=${() => act("open", message)}>${icon("ellipsis")}</button></div>`;
  return html`<div class="chat-actions" role="group" aria-label=${t("This message")}>
    ${known.map(([what, iconName, text, keyName]) =>
      what === "react"
        ? html`<span class="chat-emoji">${emoji.map((sign) => html`<button class="button plain small square" aria-label=${t("React with {sign}", { sign })} @click=${() => act("react", message, sign)}>${sign}</button>`)}</span>`
        : tool(what === "hide" && message["hidden"] ? t("Show") : what === "pin" && message["pinned"] ? t("Unpin") : t(text), what === "hide" && message["hidden"] ? "eye" : iconName, keyName, () => act(what, message)),
    )}
  </div>`;
}

/** @param {string} name @param {string} iconName @param {string} keyName @param {() => void} run */
function tool(name, iconName, keyName, run) {
  return html`<button class="button plain small square" title=${`${name} (${keyName.toUpperCase()})`} aria-label=${name} @click=${run}>${icon(iconName)}</button>`;
}

/** @param {Entity} message @param {Act} act */
function editor(message, act) {
  const save = (/** @type {Event} */ event) => {
    event.preventDefault();
    const text = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("text")).trim();
    act(text && text !== message["text"] ? "save" : "cancel", message, text);
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    event.stopPropagation();
    if (event.key === "Escape") act("cancel", message);
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    /** @type {HTMLTextAreaElement} */ (event.target).form?.requestSubmit();
  };
  return html`<form class="chat-edit" @submit=${save}>
    <textarea class="input" name="text" rows="2" maxlength=${TEXT_MAX} aria-label=${t("Change your message")} .value=${message["text"]} @keydown=${keys}></textarea>
    <div class="row"><button class="button small primary">${t("Save")}</button><button class="button small plain" type="button" @click=${() => act("cancel", message)}>${t("Cancel")}</button></div>
  </form>`;
}

/** Links in a text, as links that tell the other side nothing. @param {string} text */
export function linked(text) {
  return text.split(LINK).map((part) => (LINK.test(part) ? html`<a href=${part} target="_blank" rel="noopener noreferrer nofollow ugc">${part}</a>` : part));
}

/** @param {Entity[]} messages @param {Around["may"]} may @param {Act} act */
export function pinnedLine(messages, may, act) {
  const message = messages.find((one) => one["pinned"] && !one["removed"]);
  if (!message) return nothing;
  return html`<div class="chat-pinned"><p class="grow">${icon("pin")}<strong>${message["author"]?.name || t("Somebody")}</strong> <span>${message["text"]}</span></p>
    ${may("pin", message) ? html`<button class="button plain small square" aria-label=${t("Unpin")} title=${t("Unpin")} @click=${() => act("pin", message)}>${icon("pin-off")}</button>` : nothing}</div>`;
}

/** What was said and is not confirmed yet. @param {{text: string, error: string}} one @param {() => void} again @param {() => void} drop */
export function pendingLine(one, again, drop) {
  return html`<div class="chat-line pending" data-error=${one.error ? "" : nothing}><p class="chat-text">${one.text}</p>
    ${one.error
      ? html`<p class="field-error" role="alert">${one.error}</p><div class="row"><button class="button small" @click=${again}>${t("Try again")}</button><button class="button plain small" @click=${drop}>${t("Discard")}</button></div>`
      : html`<p class="quiet small">${t("Sending…")}</p>`}</div>`;
}

/** A participant chooses between everyone and the crew alone. @param {import("./room-chat.js").RoomChat} chat */
export function withWhom(chat) {
  const { room } = chat;
  if (chat.crew || chat.isCrew || !room?.you || !(room.webinar?.["chat"].private || room.all("message").some((one) => one["private"]))) return nothing;
  const me = room.you.id;
  const unread = room.all("message").filter((one) => (chat.person ? !one["private"] : one["private"]) && !one["crew"] && one["at"] > chat.turned && one["author"]?.id !== me).length;
  const option = (/** @type {string} */ person, /** @type {string} */ name) => html`<label><input type="radio" name="chat-with" .checked=${chat.person === person} @change=${() => chat.turn(person)}><span>${name}${unread && chat.person !== person ? html` <span class="count strong">${unread}</span>` : nothing}</span></label>`;
  return html`<div class="chat-with"><div class="segmented" role="group" aria-label=${t("Who reads what you write")}>${option("", t("Everyone"))}${option(me, t("The crew alone"))}</div></div>`;
}

/** What the box says of itself. @param {import("./room-chat.js").RoomChat} chat */
export function boxWords(chat) {
  const modes = chat.room?.webinar?.["chat"];
  const open = !chat.crew && !chat.person && !chat.isCrew;
  const slow = open ? (modes?.slow ?? 0) : 0;
  const note = slow ? tn("Slow mode: one message every {n} second.", "Slow mode: one message every {n} seconds.", slow) : open && modes?.pace === "approved" ? t("The crew looks at messages before others see them.") : "";
  if (chat.crew) return { note, hint: t("Write to the crew"), label: t("Message to the crew") };
  if (chat.person) return chat.isCrew ? { note, hint: t("Answer this person"), label: t("Message") } : { note, hint: t("Write to the crew; nobody else sees it"), label: t("Message to the crew") };
  return { note, hint: t("Write a message"), label: t("Message") };
}

/** What an empty list says. @param {import("./room-chat.js").RoomChat} chat */
export function emptyText(chat) {
  if (chat.crew) return t("Only the crew sees what is written here.");
  if (chat.person) return t("Only this person and the crew see what is written here.");
  if (chat.isCrew) return t("Nobody has written yet. What participants write appears here.");
  return t("Nobody has written yet. You can watch without saying who you are.");
}
