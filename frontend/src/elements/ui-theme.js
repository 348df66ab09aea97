/**
 * Light or dark, for this tab. Without a choice the system's preference holds.
 * @module
 */
import { announce } from "../lib/announce.js";
import { t } from "../lib/i18n.js";
import { keep } from "../lib/storage.js";

class UiTheme extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const root = document.documentElement;
      const now = root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
      root.dataset.theme = now === "dark" ? "light" : "dark";
      keep("theme", root.dataset.theme);
      announce(now === "dark" ? t("Light") : t("Dark"));
    });
  }
}

customElements.define("ui-theme", UiTheme);
