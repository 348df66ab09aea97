/**
 * The chat: a calm list and a box to write in. New lines wait behind a bar while somebody reads further up, so nothing moves
 * under a finger; screen readers hear counts, not every line.
 * @module
 */
import { LitElement, html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { announce } from "../lib/announce.js";
import { t, tn } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { initials, hue } from "../lib/person.js";
import { CommandError, randomRef } from "../protocol/socket.js";

/** @typedef {import("../state/room.js").Entity} Entity */
/** @typedef {{text: string, ref: string, error: string}} Pending */

const TEXT_MAX = 1000;
const NEAR = 60;
const ROLES = /** @type {Record<string, string>} */ ({ owner: "Crew", admin: "Crew", moderator: "Moderator", presenter: "Presenter", interpreter: "Interpreter" });
const LINK = /(https?:\/\/[^\s<>"']+)/;

export class RoomChat extends LitElement {
  static properties = { crew: { type: Boolean } };

  constructor() {
    super();
    /** Show the crew's own chat instead of the public one. */
    this.crew = false;
    /** @type {import("../state/room.js").Room | undefined} */
    this.room = undefined;
    /** @type {import("../protocol/socket.js").LiveSocket | undefined} */
    this.socket = undefined;
    /** @type {Pending[]} */
    this.pending = [];
    this.name = "";
    this.fresh = 0;
    this.atEnd = true;
    this.length = 0;
    this.announced = 0;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {import("../state/room.js").Room} room @param {import("../protocol/socket.js").LiveSocket} socket */
  join(room, socket) {
    this.room = room;
    this.socket = socket;
    for (const event of ["message", "webinar"]) room.addEventListener(event, () => this.#changed());
    socket.addEventListener("state", () => this.requestUpdate());
    this.requestUpdate();
  }

  get messages() {
    const all = this.room?.all("message") ?? [];
    return all.filter((message) => message["removed"] ? !this.crew : Boolean(message["crew"]) === this.crew).sort((a, b) => (a["at"] ?? 0) - (b["at"] ?? 0) || a.seq - b.seq);
  }

  get closed() {
    const webinar = this.room?.webinar;
    if (this.crew || !webinar) return "";
    if (webinar["chat"].mode === "off") return t("The chat is closed for now.");
    if (webinar["broadcast"] === "ended" && this.room?.you?.lane !== "crew") return t("The webinar has ended, so the chat is closed.");
    return "";
  }

  #changed() {
    const count = this.messages.length;
    const more = Math.max(0, count - this.length);
    this.length = count;
    if (!this.atEnd) this.fresh += more;
    if (more && this.announced < Date.now() - 10_000) {
      this.announced = Date.now();
      announce(tn("{n} new message", "{n} new messages", more));
    }
    this.requestUpdate();
  }

  updated() {
    // After the layout of what was just drawn.
    if (this.atEnd) requestAnimationFrame(() => this.atEnd && this.#toEnd());
  }

  #toEnd() {
    const list = this.querySelector(".chat-list");
    if (list) list.scrollTop = list.scrollHeight;
    this.fresh = 0;
  }

  #scrolled() {
    const list = /** @type {HTMLElement} */ (this.querySelector(".chat-list"));
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
    if (atEnd === this.atEnd) return;
    this.atEnd = atEnd;
    if (atEnd) this.fresh = 0;
    this.requestUpdate();
  }

  render() {
    if (!this.room) return nothing;
    const messages = this.messages;
    const known = new Set(messages.map((message) => message["ref"]));
    this.pending = this.pending.filter((one) => !known.has(one.ref));
    return html`
      <div class="chat-list" tabindex="0" role="log" aria-live="off" aria-label=${this.crew ? t("Crew chat") : t("Chat")} @scroll=${() => this.#scrolled()}>
        ${messages.length || this.pending.length ? nothing : html`<p class="chat-empty quiet">${this.crew ? t("Only the crew sees what is written here.") : t("Nobody has written yet. You can watch without saying who you are.")}</p>`}
        ${repeat(messages, (message) => message.id, (message) => this.#line(message))}
        ${repeat(this.pending, (one) => one.ref, (one) => html`<p class="chat-line mine pending" data-error=${one.error ? "" : nothing}><span class="chat-text">${one.text}</span>
          ${one.error ? html`<span class="field-error" role="alert">${one.error} <button class="button plain small" @click=${() => void this.#send(one)}>${t("Try again")}</button></span>` : html`<span class="quiet small">${t("sending")}</span>`}</p>`)}
      </div>
      ${this.fresh ? html`<button class="chat-fresh button small primary" @click=${() => { this.atEnd = true; this.#toEnd(); this.requestUpdate(); }}>${tn("{n} new", "{n} new", this.fresh)}</button>` : nothing}
      ${this.#composer()}`;
  }

  /** @param {Entity} message */
  #line(message) {
    if (message["removed"]) return html`<p class="chat-line gone quiet small">${t("Message removed")}</p>`;
    const author = message["author"];
    const name = author.name || t("Somebody");
    const role = ROLES[author.role];
    const at = new Date(message["at"]);
    return html`<article class="chat-line ${message["hidden"] ? "hidden-line" : ""}" data-id=${message.id}>
      <span class="avatar" data-hue=${hue(author.id)} aria-hidden="true">${initials(name)}</span>
      <div class="chat-body">
        <header><strong>${name}</strong>${role ? html`<span class="tag">${t(role)}</span>` : nothing}<time class="quiet small" datetime=${at.toISOString()}>${at.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" })}</time>${message["edited"] ? html`<span class="quiet small">${t("edited")}</span>` : nothing}${message["hidden"] ? html`<span class="tag">${t("hidden")}</span>` : nothing}</header>
        <p class="chat-text">${linked(message["text"])}</p>
      </div>
      ${this.#actions(message)}
    </article>`;
  }

  /** @param {Entity} message */
  #actions(message) {
    const own = message["author"].id === this.room?.you?.id;
    const crew = this.room?.permissions.has("chat.moderate");
    if (!own && !crew) return nothing;
    return html`<div class="chat-actions">
      ${crew && !message["crew"] ? html`<button class="button plain small square" title=${message["hidden"] ? t("Show") : t("Hide")} aria-label=${message["hidden"] ? t("Show") : t("Hide")} @click=${() => this.#do("chat.hide", { message: message.id, hidden: !message["hidden"] })}>${icon(message["hidden"] ? "eye" : "eye-off")}</button>` : nothing}
      <button class="button plain small square" title=${t("Remove")} aria-label=${t("Remove")} @click=${() => this.#do("chat.remove", { message: message.id })}>${icon("trash-2")}</button>
    </div>`;
  }

  #composer() {
    if (this.closed) return html`<p class="chat-closed quiet" role="status">${this.closed}</p>`;
    const named = Boolean(this.room?.you?.name);
    return html`<form class="chat-form" @submit=${(/** @type {Event} */ event) => this.#say(event)}>
      ${named ? nothing : html`<label class="chat-name"><span class="visually-hidden">${t("Your name, shown with your messages")}</span><input class="input" name="name" maxlength="60" placeholder=${t("Your name (optional)")} autocomplete="off" .value=${this.name} @input=${(/** @type {Event} */ event) => (this.name = /** @type {HTMLInputElement} */ (event.target).value)}></label>`}
      <div class="chat-write">
        <label class="grow"><span class="visually-hidden">${t("Message")}</span><textarea class="input" name="text" rows="1" maxlength=${TEXT_MAX} placeholder=${this.crew ? t("Write to the crew") : t("Write a message")} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#enter(event)}></textarea></label>
        <button class="button primary square" aria-label=${t("Send")} title=${t("Send")}>${icon("send")}</button>
      </div>
      ${this.socket?.state === "away" ? html`<p class="quiet small" role="status">${t("Connection lost. Your message goes out as soon as it is back.")}</p>` : nothing}
    </form>`;
  }

  /** @param {KeyboardEvent} event */
  #enter(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    /** @type {HTMLTextAreaElement} */ (event.target).form?.requestSubmit();
  }

  /** @param {Event} event */
  #say(event) {
    event.preventDefault();
    const box = /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    this.atEnd = true;
    const one = { text, ref: randomRef(), error: "" };
    this.pending = [...this.pending, one];
    void this.#send(one);
  }

  /** @param {Pending} one */
  async #send(one) {
    one.error = "";
    this.requestUpdate();
    try {
      await this.socket?.command("chat.say", { ref: one.ref, text: one.text, name: this.name.trim(), crew: this.crew });
    } catch (error) {
      one.error = error instanceof CommandError ? error.message : t("This did not work.");
      this.requestUpdate();
    }
  }

  /** @param {string} type @param {Record<string, unknown>} fields */
  async #do(type, fields) {
    try {
      await this.socket?.command(type, fields);
    } catch (error) {
      announce(error instanceof Error ? error.message : String(error), { urgent: true });
    }
  }
}

/** Links in a text, as links that tell the other side nothing. @param {string} text */
function linked(text) {
  return text.split(LINK).map((part) => (LINK.test(part) ? html`<a href=${part} target="_blank" rel="noopener noreferrer nofollow">${part}</a>` : part));
}

customElements.define("room-chat", RoomChat);
