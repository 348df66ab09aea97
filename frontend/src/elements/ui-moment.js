/**
 * Says in words which moment date, time and zone mean, also in the reader's zone.
 * @module
 */
import { t } from "../lib/i18n.js";
import { moment, ownZone, zonedMoment } from "../lib/time.js";

class UiMoment extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", () => this.#say());
    this.#say();
  }

  #say() {
    const [date, time] = this.querySelectorAll("input");
    const zone = this.querySelector("select")?.value;
    const place = document.querySelector(`[data-moment-for="${date?.id}"]`);
    if (!date || !time || !zone || !place) return;
    const when = zonedMoment(date.value, time.value, zone);
    if (!when) place.textContent = "";
    else if (moment(when, "full", zone) === moment(when)) place.textContent = moment(when);
    else place.textContent = t("{there} – for you {here}", { there: moment(when, "full", zone), here: moment(when, sameDay(when, zone) ? "time" : "short") });
  }
}

/**
 * @param {Date} when
 * @param {string} zone
 */
function sameDay(when, zone) {
  return moment(when, "date", zone) === moment(when, "date", ownZone());
}

customElements.define("ui-moment", UiMoment);
