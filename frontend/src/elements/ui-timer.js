/**
 * Time since `data-since`; changes with the attribute, stops without it.
 * @module
 */
import { clock } from "../lib/time.js";

class UiTimer extends HTMLElement {
  static observedAttributes = ["data-since"];
  #timer = 0;

  connectedCallback() {
    this.#tick();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#tick();
  }

  #tick() {
    clearTimeout(this.#timer);
    const passed = Date.now() - Date.parse(this.dataset.since ?? "");
    if (Number.isNaN(passed)) return;
    this.textContent = clock(passed);
    this.#timer = window.setTimeout(() => this.#tick(), 1000 - (Math.max(0, passed) % 1000));
  }
}

customElements.define("ui-timer", UiTimer);
