/**
 * The question or the poll on screen, for a stream's picture: nothing else, no controls, transparent ground.
 * @module
 */
import { html, nothing } from "lit";
import { t } from "../lib/i18n.js";
import { LiveElement } from "./live-element.js";
import { pollResults } from "./poll-results.js";

class OverlayView extends LiveElement {
  static kinds = ["question", "poll", "state"];

  render() {
    const room = this.room;
    if (!room) return nothing;
    const question = room.all("question").find((one) => one["on_screen"] && !one["removed"]);
    const poll = room.all("poll").filter((one) => one["place"] === "screen" && !one["removed"] && (one["state"] === "open" || (one["state"] === "closed" && one["tally"]))).sort((a, b) => (b["opened_at"] ?? 0) - (a["opened_at"] ?? 0))[0];
    return html`${poll ? html`<section class="overlay-card"><h2>${poll["title"] || poll["items"]?.[0]?.text}</h2>${poll["tally"] ? pollResults(poll["items"], poll["tally"]) : html`${(poll["items"] ?? []).map((/** @type {any} */ item) => html`${poll["title"] ? html`<p>${item.text}</p>` : nothing}<ul class="overlay-options">${(item.options ?? []).map((/** @type {any} */ option) => html`<li>${option.text}</li>`)}</ul>`)}<p class="quiet">${t("Vote now in the webinar.")}</p>`}</section>` : nothing}
      ${question ? html`<figure class="overlay-card"><blockquote>${question["text"]}</blockquote><figcaption><span class="figures">#${question["number"]}</span> ${question["author"]?.name ?? ""}</figcaption></figure>` : nothing}`;
  }
}

customElements.define("overlay-view", OverlayView);
