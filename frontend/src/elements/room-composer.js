/**
 * Where a message is written. Asks for a name only from those who want to write, once, and keeps it in this page alone.
 * Sends "say" with text and name, "last" when somebody wants to change what they said last, "slash" while a command is typed.
 * @module
 */
import { LitElement, html, nothing } from "lit";
import { t, tn } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";

export const TEXT_MAX = 1000;
const NAME_MAX = 60;
/** From how many characters left on the counter is shown. */
const COUNT_FROM = 200;

/** The name somebody gave, the same in every box of this page, and nowhere else. */
const who = { name: "", asked: false };

export class RoomComposer extends LitElement {
  static properties = { label: {}, hint: {}, note: {}, named: { type: Boolean }, away: { type: Boolean }, until: { attribute: false }, answering: {}, left: { state: true }, commands: { attribute: false } };

  constructor() {
    super();
    this.label = t("Message");
    this.hint = t("Write a message");
    /** A rule of the box, such as slow mode. */
    this.note = "";
    /** True when the server already knows the name. */
    this.named = false;
    /** True while the connection is lost. */
    this.away = false;
    /** Moment from which the next message may be sent. */
    this.until = 0;
    /** Whom this answers. */
    this.answering = "";
    this.left = TEXT_MAX;
    /** Commands that fit what is typed. @type {{name: string, text: string}[]} */
    this.commands = [];
    this.timer = 0;
  }

  createRenderRoot() {
    return this;
  }

  get box() {
    return /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
  }

  render() {
    const wait = Math.ceil((this.until - Date.now()) / 1000);
    clearTimeout(this.timer);
    if (wait > 0) this.timer = window.setTimeout(() => this.requestUpdate(), 1000);
    return html`<form class="chat-form" @submit=${(/** @type {Event} */ event) => this.#say(event)}>
      ${this.named ? nothing : this.#who()}
      ${this.answering ? html`<p class="chat-note small">${icon("reply")}<span class="grow truncate">${t("Answer to {name}", { name: this.answering })}</span><button class="button plain small square" type="button" aria-label=${t("Do not answer")} @click=${() => this.#send("cancel")}>${icon("x")}</button></p>` : nothing}
      ${this.commands.length ? html`<ul class="chat-commands" role="list">${this.commands.map((one) => html`<li><button class="button plain small" type="button" @click=${() => this.#take(one.name)}><code>/${one.name}</code> <span class="quiet">${one.text}</span></button></li>`)}</ul>` : nothing}
      <div class="chat-write">
        <textarea class="input grow" name="text" rows="1" maxlength=${TEXT_MAX} autocomplete="off" aria-label=${this.label} placeholder=${this.hint} @input=${() => this.#typed()} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)}></textarea>
        <button class="button primary square" aria-label=${t("Send")} title=${t("Send")} ?disabled=${wait > 0}>${icon("send")}</button>
      </div>
      ${this.left < COUNT_FROM ? html`<p class="chat-note quiet small figures" role=${this.left < 20 ? "status" : nothing}>${tn("{n} character left", "{n} characters left", this.left)}</p>` : nothing}
      ${wait > 0 ? html`<p class="chat-note quiet small figures">${icon("clock")}${tn("You can write again in {n} second.", "You can write again in {n} seconds.", wait)}</p>` : this.note ? html`<p class="chat-note quiet small">${this.note}</p>` : nothing}
      ${this.away ? html`<p class="chat-note quiet small" role="status">${t("Connection lost. Your message goes out as soon as it is back.")}</p>` : nothing}
    </form>`;
  }

  #who() {
    if (who.asked) {
      return html`<p class="chat-note small"><span class="quiet">${t("You write as")}</span> <strong>${who.name || t("Somebody")}</strong> <button class="button plain small" type="button" @click=${() => this.#askName()}>${t("Change")}</button></p>`;
    }
    return html`<input class="input" name="name" maxlength=${NAME_MAX} autocomplete="off" aria-label=${t("Your name, shown with your messages (optional)")} placeholder=${t("Your name (optional)")} .value=${who.name} @input=${(/** @type {Event} */ event) => (who.name = /** @type {HTMLInputElement} */ (event.target).value)}>`;
  }

  #askName() {
    who.asked = false;
    this.requestUpdate();
  }

  #typed() {
    this.left = TEXT_MAX - this.box.value.length;
    this.#send("slash", this.box.value);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "ArrowUp" && !this.box.value) this.#send("last");
    if (event.key === "Tab" && this.commands[0] && !event.shiftKey) {
      event.preventDefault();
      this.#take(this.commands[0].name);
    }
    if (event.key === "Escape") {
      if (this.answering) this.#send("cancel");
      else this.box.blur();
    }
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.box.form?.requestSubmit();
  }

  /** @param {string} name of a command */
  #take(name) {
    this.box.value = `/${name} `;
    this.commands = [];
    this.box.focus();
  }

  /** @param {Event} event */
  #say(event) {
    event.preventDefault();
    const text = this.box.value.trim();
    if (!text || this.until > Date.now()) {
      this.box.focus();
      return;
    }
    this.box.value = "";
    this.left = TEXT_MAX;
    who.name = who.name.trim();
    who.asked = true;
    this.commands = [];
    this.#send("say", { text, name: who.name });
    this.requestUpdate();
    this.box.focus();
  }

  /** @param {string} name @param {unknown} [detail] */
  #send(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** The name given in this page, for whatever else asks for one. */
export function givenName() {
  return who.name.trim();
}

customElements.define("room-composer", RoomComposer);
