/**
 * Copies `data-value`. Hidden where the browser cannot.
 * @module
 */
import { announce } from "../lib/announce.js";
import { t } from "../lib/i18n.js";

const shownFor = 2000;

class UiCopy extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    if (!button || !navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", () => void this.#copy(button));
  }

  /** @param {HTMLButtonElement} button */
  async #copy(button) {
    const word = button.querySelector("span");
    const before = word?.textContent ?? "";
    try {
      await navigator.clipboard.writeText(this.dataset.value ?? "");
    } catch {
      announce(t("The browser did not allow copying."), { urgent: true });
      return;
    }
    announce(t("Copied"));
    if (!word || button.dataset.done) return;
    button.dataset.done = "1";
    word.textContent = t("Copied");
    setTimeout(() => {
      word.textContent = before;
      delete button.dataset.done;
    }, shownFor);
  }
}

customElements.define("ui-copy", UiCopy);
