/**
 * Where a message is written. Asks for a name only from those who want to write, once, and keeps it in this page alone.
 * Sends "say" with text and name.
 * @module
 */
import { LitElement, html, nothing } from "lit";
import { t, tn } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";

export const TEXT_MAX = 1000;
const NAME_MAX = 60;
/** From how many characters left on the counter is shown. */
const COUNT_FROM = 200;

export class RoomComposer extends LitElement {
  static properties = { crew: { type: Boolean }, named: { type: Boolean }, away: { type: Boolean }, name: { state: true }, asking: { state: true }, left: { state: true } };

  constructor() {
    super();
    this.crew = false;
    /** True when the server already knows the name. */
    this.named = false;
    /** True while the connection is lost. */
    this.away = false;
    this.name = "";
    this.asking = true;
    this.left = TEXT_MAX;
  }

  createRenderRoot() {
    return this;
  }

  render() {
    return html`<form class="chat-form" @submit=${(/** @type {Event} */ event) => this.#say(event)}>
      ${this.named ? nothing : this.#who()}
      <div class="chat-write">
        <textarea class="input grow" name="text" rows="1" maxlength=${TEXT_MAX} autocomplete="off" aria-label=${this.crew ? t("Message to the crew") : t("Message")} placeholder=${this.crew ? t("Write to the crew") : t("Write a message")} @input=${(/** @type {Event} */ event) => this.#count(event)} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#enter(event)}></textarea>
        <button class="button primary square" aria-label=${t("Send")} title=${t("Send")}>${icon("send")}</button>
      </div>
      ${this.left < COUNT_FROM ? html`<p class="chat-note quiet small figures" role=${this.left < 20 ? "status" : nothing}>${tn("{n} character left", "{n} characters left", this.left)}</p>` : nothing}
      ${this.away ? html`<p class="chat-note quiet small" role="status">${t("Connection lost. Your message goes out as soon as it is back.")}</p>` : nothing}
    </form>`;
  }

  #who() {
    if (!this.asking) {
      return html`<p class="chat-note small"><span class="quiet">${t("You write as")}</span> <strong>${this.name || t("Somebody")}</strong> <button class="button plain small" type="button" @click=${() => (this.asking = true)}>${t("Change")}</button></p>`;
    }
    return html`<input class="input" name="name" maxlength=${NAME_MAX} autocomplete="off" aria-label=${t("Your name, shown with your messages (optional)")} placeholder=${t("Your name (optional)")} .value=${this.name} @input=${(/** @type {Event} */ event) => (this.name = /** @type {HTMLInputElement} */ (event.target).value)}>`;
  }

  /** @param {Event} event */
  #count(event) {
    this.left = TEXT_MAX - /** @type {HTMLTextAreaElement} */ (event.target).value.length;
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
    if (!text) {
      box.focus();
      return;
    }
    box.value = "";
    this.left = TEXT_MAX;
    this.name = this.name.trim();
    this.asking = false;
    this.dispatchEvent(new CustomEvent("say", { detail: { text, name: this.name } }));
    box.focus();
  }
}

customElements.define("room-composer", RoomComposer);
