/**
 * One line of the chat: who, when, what, and what the reader may do with it.
 * @module
 */
import { html, nothing } from "lit";
import { language, t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { hue, initials } from "../lib/person.js";
import { moment } from "../lib/time.js";
import { TEXT_MAX } from "./room-composer.js";

/** @typedef {import("../state/room.js").Entity} Entity */
/** @typedef {(what: "hide" | "remove" | "edit" | "cancel" | "save", message: Entity, text?: string) => void} Act */
/** @typedef {{day: string, editing: boolean, mayEdit: boolean, mayHide: boolean, mayRemove: boolean, act: Act}} Around */

const ROLES = /** @type {Record<string, string>} */ ({ owner: "Crew", admin: "Crew", moderator: "Moderator", presenter: "Presenter", interpreter: "Interpreter" });
const LINK = /(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/;
const days = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });

/** The reader's day of a moment, in words. @param {number | undefined} at */
export function dayOf(at) {
  return at === undefined ? "" : days.format(at);
}

/** @param {Entity} message @param {Around} around */
export function chatLine(message, around) {
  const day = around.day ? html`<p class="chat-day quiet small"><span>${around.day}</span></p>` : nothing;
  if (message["removed"]) return html`${day}<p class="chat-line gone quiet small">${t("Message removed")}</p>`;
  const author = message["author"];
  const name = author.name || t("Somebody");
  const role = ROLES[author.role];
  const at = new Date(message["at"]);
  return html`${day}<article class="chat-line ${message["hidden"] ? "hidden-line" : ""}" data-id=${message.id}>
    <span class="avatar" data-hue=${hue(author.id)} aria-hidden="true">${initials(name)}</span>
    <div class="chat-body">
      <header><strong>${name}</strong>${role ? html`<span class="tag">${t(role)}</span>` : nothing}<time class="quiet small" datetime=${at.toISOString()} title=${moment(at)}>${moment(at, "time")}</time>${message["edited"] ? html`<span class="quiet small">${t("edited")}</span>` : nothing}${message["hidden"] ? html`<span class="tag">${t("hidden")}</span>` : nothing}</header>
      ${around.editing ? editor(message, around.act) : html`<p class="chat-text">${linked(message["text"])}</p>`}
    </div>
    ${around.editing ? nothing : actions(message, around)}
  </article>`;
}

/** @param {Entity} message @param {Around} around */
function actions(message, { mayEdit, mayHide, mayRemove, act }) {
  if (!mayEdit && !mayHide && !mayRemove) return nothing;
  const hidden = message["hidden"];
  return html`<div class="chat-actions">
    ${mayEdit ? tool(t("Edit"), "pencil", () => act("edit", message)) : nothing}
    ${mayHide ? tool(hidden ? t("Show") : t("Hide"), hidden ? "eye" : "eye-off", () => act("hide", message)) : nothing}
    ${mayRemove ? tool(t("Remove"), "trash-2", () => act("remove", message)) : nothing}
  </div>`;
}

/** @param {string} name @param {string} iconName @param {() => void} run */
function tool(name, iconName, run) {
  return html`<button class="button plain small square" title=${name} aria-label=${name} @click=${run}>${icon(iconName)}</button>`;
}

/** @param {Entity} message @param {Act} act */
function editor(message, act) {
  const save = (/** @type {Event} */ event) => {
    event.preventDefault();
    const text = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("text")).trim();
    act(text && text !== message["text"] ? "save" : "cancel", message, text);
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
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
function linked(text) {
  return text.split(LINK).map((part) => (LINK.test(part) ? html`<a href=${part} target="_blank" rel="noopener noreferrer nofollow ugc">${part}</a>` : part));
}
