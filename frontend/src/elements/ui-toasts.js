/**
 * Shows toasts: three at most, read out, staying while pointed at or focused.
 * @module
 */
import { LitElement, html, nothing } from "lit";
import { announce } from "../lib/announce.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/i18n.js";
import { showToastsWith } from "../lib/toast.js";

/** @typedef {import("../lib/toast.js").Toast} Toast */

const most = 3;
const shownFor = 6000;
const undoFor = 10_000;
const icons = { "": "", good: "circle-check", warn: "triangle-alert", danger: "circle-alert" };

class UiToasts extends LitElement {
  static properties = { toasts: { state: true } };

  constructor() {
    super();
    /** @type {Toast[]} */
    this.toasts = [];
    /** @type {Map<Toast, number>} */
    this.timers = new Map();
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    showToastsWith((toast) => this.#add(toast));
    for (const name of ["pointerenter", "focusin"]) this.addEventListener(name, () => this.#hold());
    for (const name of ["pointerleave", "focusout"]) this.addEventListener(name, () => this.#release());
  }

  render() {
    return this.toasts.map((toast) => html`<div class="toast" data-tone=${toast.tone}>
      ${icons[toast.tone] ? icon(icons[toast.tone]) : nothing}<span class="grow">${toast.text}</span>
      ${toast.undo ? html`<button class="button undo" type="button" @click=${() => this.#undo(toast)}>${t("Undo")}</button>` : nothing}
      <button class="button square small" type="button" aria-label=${t("Close")} title=${t("Close")} @click=${() => this.#remove(toast)}>${icon("x")}</button>
    </div>`);
  }

  /** @param {Toast} toast */
  #add(toast) {
    this.toasts = [...this.toasts, toast].slice(-most);
    announce(toast.undo ? t("{text} You can undo this.", { text: toast.text }) : toast.text, { urgent: toast.tone === "danger" });
    this.#start(toast);
  }

  /** @param {Toast} toast */
  #start(toast) {
    if (!toast.stays) this.timers.set(toast, window.setTimeout(() => this.#remove(toast), toast.undo ? undoFor : shownFor));
  }

  /** @param {Toast} toast */
  #undo(toast) {
    this.#remove(toast);
    toast.undo?.();
  }

  /** @param {Toast} toast */
  #remove(toast) {
    clearTimeout(this.timers.get(toast));
    this.timers.delete(toast);
    this.toasts = this.toasts.filter((one) => one !== toast);
  }

  #hold() {
    for (const timer of this.timers.values()) clearTimeout(timer);
  }

  #release() {
    for (const toast of this.toasts) {
      clearTimeout(this.timers.get(toast));
      this.#start(toast);
    }
  }
}

customElements.define("ui-toasts", UiToasts);
