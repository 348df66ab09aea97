/**
 * The chat: a calm list and a box to write in. New lines wait behind a bar while somebody reads further up, so nothing moves
 * under a finger; screen readers hear counts, not every line.
 * @module
 */
import { LitElement, html, nothing } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import "./room-composer.js";
import { announce } from "../lib/announce.js";
import { t, tn } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { CommandError, randomRef } from "../protocol/socket.js";
import { chatLine, dayOf } from "./chat-line.js";

/** @typedef {import("../state/room.js").Entity} Entity */
/** @typedef {{text: string, name: string, ref: string, error: string}} Pending */

const NEAR = 60;
const QUIET = 10_000;

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
    /** @type {Entity[]} */
    this.messages = [];
    /** @type {Set<string> | undefined} ids that were here before; none until the first state came */
    this.known = undefined;
    /** The message whose text is being changed. */
    this.editing = "";
    /** @type {Entity | undefined} the message whose removal is being asked about */
    this.removing = undefined;
    this.fresh = 0;
    this.atEnd = true;
    this.top = 0;
    this.announced = 0;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {import("../state/room.js").Room} room @param {import("../protocol/socket.js").LiveSocket} socket */
  join(room, socket) {
    this.room = room;
    this.socket = socket;
    for (const event of ["message", "state"]) room.addEventListener(event, () => this.#changed());
    room.addEventListener("webinar", () => this.requestUpdate());
    socket.addEventListener("state", () => this.requestUpdate());
    this.requestUpdate();
  }

  get closed() {
    const webinar = this.room?.webinar;
    if (this.socket?.state === "closed") return t("This room is closed here. Load the page again.");
    if (this.crew || !webinar) return "";
    if (webinar["chat"].mode === "off") return t("The chat is closed for now.");
    if (webinar["broadcast"] === "ended" && this.room?.you?.lane !== "crew") return t("The webinar has ended, so the chat is closed.");
    return "";
  }

  #changed() {
    const all = this.room?.all("message") ?? [];
    this.messages = all.filter((message) => Boolean(message["crew"]) === this.crew).sort((a, b) => a["at"] - b["at"] || a.seq - b.seq);
    const said = new Set(this.messages.map((message) => message["ref"]));
    this.pending = this.pending.filter((one) => !said.has(one.ref));
    const before = this.known;
    this.known = new Set(this.messages.map((message) => message.id));
    if (before) this.#count(this.messages.filter((message) => !before.has(message.id) && message["author"]?.id !== this.room?.you?.id).length);
    this.requestUpdate();
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

  firstUpdated() {
    // The keyboard of a phone, or a tab that opens, changes the height: whoever was at the end stays there.
    new ResizeObserver(() => this.#stay()).observe(/** @type {Element} */ (this.querySelector(".chat-list")));
  }

  updated() {
    requestAnimationFrame(() => this.#stay());
  }

  #stay() {
    const list = this.querySelector(".chat-list");
    if (!list || !this.atEnd) return;
    list.scrollTop = list.scrollHeight;
    this.top = list.scrollTop;
  }

  #scrolled() {
    const list = /** @type {HTMLElement} */ (this.querySelector(".chat-list"));
    const near = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
    // Only going up leaves the end: a list that grew since looks the same as one that was scrolled.
    const atEnd = near || (this.atEnd && list.scrollTop >= this.top - 1);
    this.top = list.scrollTop;
    if (atEnd === this.atEnd) return;
    this.atEnd = atEnd;
    if (atEnd) this.fresh = 0;
    this.requestUpdate();
  }

  #toEnd() {
    this.atEnd = true;
    this.fresh = 0;
    this.requestUpdate();
  }

  render() {
    return html`
      <div class="chat-list" tabindex="0" role="log" aria-live="off" aria-label=${this.crew ? t("Crew chat") : t("Chat")} @scroll=${() => this.#scrolled()}>
        ${this.known && !this.messages.length && !this.pending.length ? html`<p class="chat-empty quiet">${this.#empty()}</p>` : nothing}
        ${repeat(this.messages, (message) => message.id, (message, place) => this.#line(message, this.messages[place - 1]))}
        ${repeat(this.pending, (one) => one.ref, (one) => this.#pendingLine(one))}
      </div>
      ${this.fresh ? html`<div class="chat-fresh"><button class="button small primary" @click=${() => this.#toEnd()}>${icon("arrow-down")}<span>${tn("{n} new", "{n} new", this.fresh)}</span></button></div>` : nothing}
      ${this.closed ? html`<p class="chat-closed quiet" role="status">${this.closed}</p>` : html`<room-composer .crew=${this.crew} .named=${Boolean(this.room?.you?.name)} .away=${this.socket?.state === "away"} @say=${(/** @type {CustomEvent} */ event) => this.#say(event.detail)}></room-composer>`}
      ${this.#dialog()}`;
  }

  #empty() {
    if (this.crew) return t("Only the crew sees what is written here.");
    if (this.room?.you?.lane === "crew") return t("Nobody has written yet. What participants write appears here.");
    return t("Nobody has written yet. You can watch without saying who you are.");
  }

  /** @param {Entity} message @param {Entity | undefined} before */
  #line(message, before) {
    const day = dayOf(before?.["at"]) === dayOf(message["at"]) ? "" : dayOf(message["at"]);
    const editing = this.editing === message.id;
    const mode = this.room?.webinar?.["chat"].mode;
    return guard([message, day, editing, mode], () => chatLine(message, { day: before || day !== dayOf(Date.now()) ? day : "", editing, ...this.#rights(message, mode), act: this.#act }));
  }

  /** @param {Entity} message @param {string} mode */
  #rights(message, mode) {
    const kept = mode === "stored" || message["crew"];
    const own = message["author"]?.id === this.room?.you?.id && kept && !this.closed;
    const moderates = Boolean(this.room?.permissions.has("chat.moderate"));
    return { mayEdit: own, mayHide: moderates && !message["crew"] && kept, mayRemove: own || moderates };
  }

  /** @type {import("./chat-line.js").Act} */
  #act = (what, message, text) => {
    if (what === "hide") void this.#do("chat.hide", { message: message.id, hidden: !message["hidden"] });
    if (what === "remove") {
      this.removing = message;
      this.querySelector("dialog")?.showModal();
    }
    if (what === "edit") this.editing = message.id;
    if (what === "cancel") this.editing = "";
    if (what === "save" && text) void this.#do("chat.edit", { message: message.id, text }).then((done) => done && this.#act("cancel", message));
    this.requestUpdate();
  };

  /** @param {Pending} one */
  #pendingLine(one) {
    return html`<div class="chat-line pending" data-error=${one.error ? "" : nothing}><p class="chat-text">${one.text}</p>
      ${one.error
        ? html`<p class="field-error" role="alert">${one.error}</p><div class="row"><button class="button small" @click=${() => void this.#send(one)}>${t("Try again")}</button><button class="button plain small" @click=${() => this.#drop(one)}>${t("Discard")}</button></div>`
        : html`<p class="quiet small">${t("Sending…")}</p>`}</div>`;
  }

  #dialog() {
    return html`<dialog class="dialog" aria-label=${t("Remove this message for good?")}>
      <div class="dialog-head"><h2>${t("Remove this message for good?")}</h2></div>
      <div class="dialog-body"><p>${t("Its text and its name are erased for everyone. Hiding can be undone, removing cannot.")}</p></div>
      <div class="dialog-foot"><button class="button" data-closes>${t("Keep it")}</button><button class="button primary danger" data-closes @click=${() => void this.#do("chat.remove", { message: this.removing?.id ?? "" })}>${t("Remove")}</button></div>
    </dialog>`;
  }

  /** @param {{text: string, name: string}} said */
  #say({ text, name }) {
    const one = { text, name, ref: randomRef(), error: "" };
    this.pending = [...this.pending, one];
    this.#toEnd();
    void this.#send(one);
  }

  /** @param {Pending} one */
  #drop(one) {
    this.pending = this.pending.filter((other) => other !== one);
    this.requestUpdate();
  }

  /** @param {Pending} one */
  async #send(one) {
    one.error = "";
    this.requestUpdate();
    try {
      await this.socket?.command("chat.say", { ref: one.ref, text: one.text, name: one.name, crew: this.crew });
    } catch (error) {
      one.error = error instanceof CommandError ? error.message : t("This did not work.");
      this.requestUpdate();
    }
  }

  /**
   * @template {"chat.hide" | "chat.remove" | "chat.edit"} T
   * @param {T} type @param {import("../protocol/messages.d.ts").Commands[T]} fields
   */
  async #do(type, fields) {
    try {
      await this.socket?.command(type, fields);
      return true;
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { tone: "danger" });
      return false;
    }
  }
}

customElements.define("room-chat", RoomChat);
