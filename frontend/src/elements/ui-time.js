/**
 * Writes a moment in the reader's zone and language; what the server wrote stays as the tooltip.
 * @module
 */
import { moment } from "../lib/time.js";

const minute = 60_000;

class UiTime extends HTMLElement {
  #timer = 0;

  connectedCallback() {
    const time = this.querySelector("time");
    if (!time || Number.isNaN(Date.parse(time.dateTime))) return;
    time.title ||= time.textContent.trim();
    const format = /** @type {import("../lib/time.js").Format} */ (time.dataset.format ?? "full");
    const write = () => (time.textContent = moment(time.dateTime, format));
    write();
    if (format === "relative") this.#timer = window.setInterval(write, minute);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }
}

customElements.define("ui-time", UiTime);
