/**
 * Fills in the reader's time zone and says so, so that mails can show the time as their clock does.
 * @module
 */
import { t } from "../lib/i18n.js";
import { ownZone } from "../lib/time.js";

class UiZone extends HTMLElement {
  connectedCallback() {
    const [input, note] = [this.querySelector("input"), this.querySelector("p")];
    if (!input || !note) return;
    input.value ||= ownZone();
    note.textContent = t("Mails show the time in your zone: {zone}.", { zone: input.value.replaceAll("_", " ") });
    note.hidden = false;
  }
}

customElements.define("ui-zone", UiZone);
