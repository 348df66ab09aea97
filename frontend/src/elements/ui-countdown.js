/**
 * Days, hours, minutes and seconds until `data-until`. At zero it sends "due" and, with `data-then="reload"`, loads the page again,
 * spread over some seconds so that ten thousand browsers do not knock at once.
 * @module
 */
import { make } from "../lib/dom.js";
import { tn } from "../lib/i18n.js";

const spread = 8000;

class UiCountdown extends HTMLElement {
  #timer = 0;

  connectedCallback() {
    this.#tick();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  #tick() {
    const left = Date.parse(this.dataset.until ?? "") - Date.now();
    if (Number.isNaN(left)) return;
    this.#show(Math.max(0, Math.ceil(left / 1000)));
    if (left > 0) this.#timer = window.setTimeout(() => this.#tick(), left % 1000 || 1000);
    else this.#due();
  }

  /** @param {number} seconds */
  #show(seconds) {
    const days = Math.floor(seconds / 86400);
    const parts = [
      ...(days ? [[days, tn("day", "days", days)]] : []),
      [Math.floor(seconds / 3600) % 24, tn("hour", "hours", Math.floor(seconds / 3600) % 24)],
      [Math.floor(seconds / 60) % 60, tn("minute", "minutes", Math.floor(seconds / 60) % 60)],
      ...(days ? [] : [[seconds % 60, tn("second", "seconds", seconds % 60)]]),
    ];
    this.replaceChildren(...parts.map(([n, word]) => make("span", {}, make("b", {}, String(n)), make("small", {}, String(word)))));
  }

  #due() {
    this.dispatchEvent(new CustomEvent("due", { bubbles: true }));
    if (this.dataset.then === "reload") this.#timer = window.setTimeout(() => location.reload(), Math.random() * spread);
  }
}

customElements.define("ui-countdown", UiCountdown);
