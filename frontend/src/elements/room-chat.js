/**
 * The chat: a calm list and a box to write in. New lines wait behind a bar while somebody reads further up, so nothing moves
 * under a finger; screen readers hear counts, not every line. Three of them: the public chat, the crew's (`crew`), and the
 * conversation of one person with the crew (`person`).
 * @module
 */
import { html, nothing } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import "./room-composer.js";
import { announce } from "../lib/announce.js";
import { t, tn } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { ListView } from "../lib/list-view.js";
import { CommandError, randomRef } from "../protocol/socket.js";
import { boxWords, chatLine, dayOf, emptyText, pendingLine, pinnedLine, withWhom } from "./chat-line.js";
import { act, closedFor, deedOfKey, lastOwn, may, send } from "./chat-deeds.js";
import { LiveElement } from "./live-element.js";

/** @typedef {import("../state/room.js").Entity} Entity */
/** @typedef {import("./chat-line.js").What} What */
/** @typedef {{text: string, name: string, ref: string, error: string, reply: string | undefined}} Pending */

const QUIET = 10_000;

export class RoomChat extends LiveElement {
  static properties = { crew: { type: Boolean }, person: {} };
  static kinds = ["message", "state", "webinar", "mine"];

  constructor() {
    super();
    /** Show the crew's own chat instead of the public one. */
    this.crew = false;
    /** Show the conversation of this person with the crew instead. */
    this.person = "";
    /** @type {Pending[]} */
    this.pending = [];
    /** @type {Entity[]} */
    this.messages = [];
    /** @type {Set<string> | undefined} ids that were here before; none until the first state came */
    this.known = undefined;
    /** The message whose text is being changed. */
    this.editing = "";
    /** The message whose buttons are shown. */
    this.open = "";
    /** @type {Entity | undefined} the message that is being answered */
    this.answering = undefined;
    this.fresh = 0;
    this.announced = 0;
    this.until = 0;
    /** When the other conversation was last in sight. */
    this.turned = Date.now();
    this.list = new ListView(this, ".chat-list", { end: true });
    /** @type {{name: string, text: string}[]} */
    this.commands = [];
  }

  get atEnd() {
    return this.list.atEnd;
  }

  get closed() {
    return closedFor(this);
  }

  /** @param {string} kind */
  changed(kind) {
    if (kind === "message" || kind === "state") this.#changed();
    this.requestUpdate();
  }

  /** @param {Map<string, unknown>} properties */
  willUpdate(properties) {
    if (properties.has("person") || properties.has("crew")) this.#changed();
  }

  /** @param {Entity} message */
  #belongs(message) {
    if (this.person) return message["private"] === this.person;
    return Boolean(message["crew"]) === this.crew && !message["private"];
  }

  #changed() {
    const all = this.room?.all("message") ?? [];
    this.messages = all.filter((message) => this.#belongs(message)).sort((a, b) => a["at"] - b["at"] || a.seq - b.seq);
    const said = new Set(this.messages.map((message) => message["ref"]));
    this.pending = this.pending.filter((one) => !said.has(one.ref));
    const before = this.known;
    if (!this.room) return;
    this.known = new Set(this.messages.map((message) => message.id));
    if (before) this.#count(this.messages.filter((message) => !before.has(message.id) && message["author"]?.id !== this.room?.you?.id).length);
  }

  /** @param {number} more */
  #count(more) {
    if (!more) return;
    if (!this.atEnd) this.fresh += more;
    this.dispatchEvent(new CustomEvent("fresh", { bubbles: true, detail: more }));
    if (this.announced > Date.now() - QUIET) return;
    this.announced = Date.now();
    announce(tn("{n} new message", "{n} new messages", more));
  }

  updated() {
    this.list.drawn();
    if (this.atEnd) this.room?.held.delete(this);
    else this.room?.held.add(this);
    if (this.editing) this.querySelector(".chat-edit textarea")?.closest("form")?.scrollIntoView({ block: "nearest" });
  }

  #scrolled() {
    if (!this.list.scrolled()) return;
    if (this.atEnd) this.fresh = 0;
    this.requestUpdate();
  }

  #toEnd() {
    this.fresh = 0;
    this.list.toEnd();
  }

  render() {
    const keys = this.messages.map((message) => message.id);
    const [from, to] = this.list.range(keys);
    const rows = this.messages.slice(from, to);
    return html`${withWhom(this)}${this.person ? nothing : pinnedLine(this.messages, this.#may, this.#act)}
      <div class="chat-list" tabindex="0" role="log" aria-live="off" aria-label=${this.crew ? t("Crew chat") : this.person ? t("Conversation with the crew") : t("Chat")} @scroll=${() => this.#scrolled()} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)} @pointerover=${(/** @type {Event} */ event) => this.#over(event)} @focusin=${(/** @type {Event} */ event) => this.#over(event)}>
        <div class="list-above"></div>
        ${this.known && !this.messages.length && !this.pending.length ? html`<p class="chat-empty quiet">${emptyText(this)}</p>` : nothing}
        ${repeat(rows, (message) => message.id, (message, place) => html`<div class="chat-row" data-key=${message.id} tabindex="-1">${this.#line(message, this.messages[from + place - 1])}</div>`)}
        <div class="list-below"></div>
        ${repeat(this.pending, (one) => one.ref, (one) => pendingLine(one, () => void this.#send(one), () => this.#forget(one)))}
      </div>
      ${this.fresh ? html`<div class="chat-fresh"><button class="button small primary" @click=${() => this.#toEnd()}>${icon("arrow-down")}<span>${tn("{n} new", "{n} new", this.fresh)}</span></button></div>` : nothing}
      ${this.closed ? html`<p class="chat-closed quiet" role="status">${this.closed}</p>` : this.#box()}`;
  }

  #box() {
    const { note, hint, label } = boxWords(this);
    return html`<room-composer .label=${label} .hint=${hint} .note=${note} .until=${this.until} .commands=${this.commands}
      .answering=${this.answering ? this.answering["author"]?.name || t("Somebody") : ""} .named=${Boolean(this.room?.you?.name)} .away=${this.socket?.state === "away"}
      @say=${(/** @type {CustomEvent} */ event) => void this.#say(event.detail)} @cancel=${() => this.#answer(undefined)} @last=${() => lastOwn(this, this.#act)} @slash=${(/** @type {CustomEvent<string>} */ event) => void this.#slash(event.detail)}></room-composer>`;
  }

  /** @param {string} person */
  turn(person) {
    this.person = person;
    this.turned = this.room?.now() ?? 0;
    this.#toEnd();
  }

  /** @param {Entity} message @param {Entity | undefined} before */
  #line(message, before) {
    const day = dayOf(before?.["at"]) === dayOf(message["at"]) ? "" : dayOf(message["at"]);
    const [editing, open] = [this.editing === message.id, this.open === message.id];
    const webinar = this.room?.webinar;
    const mine = /** @type {string[]} */ (this.room?.mine?.["reactions"]?.[message.id] ?? []);
    const now = message["held"] === "delay" ? Math.round((this.room?.now() ?? 0) / 1000) * 1000 : 0;
    const answered = this.room?.one("message", message["reply_to"]);
    if (now && now < message["until"]) window.setTimeout(() => this.requestUpdate(), 1000);
    return guard([message, day, editing, open, now, answered, mine.join(), webinar?.["chat"].mode, this.closed], () =>
      chatLine(message, { day: before || day !== dayOf(Date.now()) ? day : "", editing, open, now, answered, mine, emoji: webinar?.["reactions"]?.set ?? [], may: this.#may, act: this.#act }),
    );
  }

  /** @type {(what: What, message: Entity) => boolean} */
  #may = (what, message) => may(this, what, message);

  /** @type {import("./chat-line.js").Act} */
  #act = (what, message, more) => {
    this.requestUpdate();
    if (what === "open") this.open = this.open === message.id ? "" : message.id;
    else if (what === "cancel") this.editing = "";
    else if (what === "reply") this.#answer(message);
    else if (what === "save") void this.act("chat.edit", { message: message.id, text: more ?? "" }).then((done) => done && this.#act("cancel", message));
    else if (what !== "edit") return act(this, what, message, more);
    else {
      this.editing = message.id;
      void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector(".chat-edit textarea"))?.focus());
    }
  };

  /** @param {Entity | undefined} message */
  #answer(message) {
    this.answering = message;
    this.requestUpdate();
    if (message) this.querySelector("textarea")?.focus();
  }

  /** @param {Pending} one */
  #forget(one) {
    this.pending = this.pending.filter((other) => other !== one);
    this.requestUpdate();
  }

  /** The row under the pointer or with the keyboard shows its buttons. @param {Event} event */
  #over(event) {
    const key = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest("[data-key]"))?.dataset["key"] : undefined;
    if (!key || key === this.open || (event instanceof PointerEvent && event.pointerType === "touch")) return;
    this.open = key;
    if (event.type === "focusin") this.list.active = key;
    this.requestUpdate();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (this.list.key(event)) return;
    const found = deedOfKey(this, event);
    if (!found) return;
    event.preventDefault();
    this.#act(...found);
  }

  /** What starts with a slash is a command; its list is loaded when somebody types one. @param {string} text */
  async #slash(text) {
    const wanted = text.startsWith("/") && !text.includes(" ") && !this.crew && !this.person;
    const commands = wanted ? (await import("../lib/slash.js")).fitting(text, this) : [];
    if (!commands.length && !this.commands.length) return;
    this.commands = commands;
    this.requestUpdate();
  }

  /** @param {{text: string, name: string}} said */
  async #say({ text, name }) {
    this.commands = [];
    if (text.startsWith("/") && !this.crew && !this.person && (await (await import("../lib/slash.js")).run(text, this))) return;
    const one = { text, name, ref: randomRef(), error: "", reply: this.answering?.id };
    this.pending = [...this.pending, one];
    this.answering = undefined;
    this.#toEnd();
    void this.#send(one);
  }

  /** @param {Pending} one */
  async #send(one) {
    one.error = "";
    this.requestUpdate();
    const slow = this.isCrew || this.crew || this.person ? 0 : (this.room?.webinar?.["chat"].slow ?? 0);
    try {
      await send(this, one);
      if (slow) this.until = Date.now() + slow * 1000;
    } catch (error) {
      one.error = error instanceof CommandError ? error.message : t("This did not work.");
      if (error instanceof CommandError && error.code === "chat.slow" && error.retryAfter) this.until = Date.now() + error.retryAfter * 1000;
    }
    this.requestUpdate();
  }
}

customElements.define("room-chat", RoomChat);
