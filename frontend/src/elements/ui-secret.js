/**
 * Shows and hides what is typed into a password field.
 * @module
 */
import { t } from "../lib/i18n.js";

class UiSecret extends HTMLElement {
  connectedCallback() {
    const [input, button] = [this.querySelector("input"), this.querySelector("button")];
    if (!input || !button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const show = input.type === "password";
      input.type = show ? "text" : "password";
      button.setAttribute("aria-pressed", String(show));
      button.textContent = show ? t("Hide") : t("Show");
    });
    // Password managers and the browser's own leak check want the real type when the form goes.
    input.form?.addEventListener("submit", () => (input.type = "password"));
  }
}

customElements.define("ui-secret", UiSecret);
