/**
 * Who else of the crew is here, as a row of initials in the bar.
 * @module
 */
import { html, nothing } from "lit";
import { t, tn } from "../lib/i18n.js";
import { hue, initials } from "../lib/person.js";
import { LiveElement } from "./live-element.js";

const MOST = 5;

class CrewPresence extends LiveElement {
  static kinds = ["tick", "state"];

  constructor() {
    super();
    this.shown = "";
  }

  changed() {
    const now = (this.room?.crew ?? []).map((one) => one.id).join();
    if (now === this.shown) return;
    this.shown = now;
    this.requestUpdate();
  }

  render() {
    const others = (this.room?.crew ?? []).filter((one) => one.id !== this.room?.you?.id);
    if (!others.length) return nothing;
    const names = others.map((one) => one.name).join(", ");
    return html`<span class="presence" role="img" title=${names} aria-label=${t("Also here: {names}", { names })}>${others.slice(0, MOST).map((one) => html`<span class="avatar small" data-hue=${hue(one.id)} aria-hidden="true">${initials(one.name)}</span>`)}${others.length > MOST ? html`<span class="small quiet">${tn("+{n}", "+{n}", others.length - MOST)}</span>` : nothing}</span>`;
  }
}

customElements.define("crew-presence", CrewPresence);
