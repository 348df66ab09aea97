/**
 * A level meter: set `level` from 0 to 1. Loud and clipping also have words, for those who do not see the colour.
 * @module
 */
import { t } from "../lib/i18n.js";

class UiLevel extends HTMLElement {
  #shown = -1;

  connectedCallback() {
    this.level = Number(this.dataset.level ?? 0);
  }

  /** @param {number} value */
  set level(value) {
    const percent = Math.round(Math.min(1, Math.max(0, value)) * 100);
    if (percent === this.#shown) return;
    this.#shown = percent;
    this.style.setProperty("--level", String(percent / 100));
    this.toggleAttribute("data-loud", percent >= 85);
    this.toggleAttribute("data-clipping", percent >= 97);
    this.setAttribute("aria-valuenow", String(percent));
    this.setAttribute("aria-valuetext", percent >= 97 ? t("too loud") : percent >= 85 ? t("loud") : percent > 3 ? t("good") : t("silent"));
  }

  get level() {
    return this.#shown / 100;
  }
}

customElements.define("ui-level", UiLevel);
