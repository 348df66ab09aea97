/**
 * What a speaker needs to see at a glance: the question now, in large letters, and the next ones.
 * @module
 */
import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { Calm } from "../lib/calm.js";
import { t, tn } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { SORTS } from "../lib/question-words.js";
import { LiveElement } from "./live-element.js";

/** @typedef {import("../state/room.js").Entity} Entity */

class SpeakerView extends LiveElement {
  static kinds = ["question", "webinar", "state"];

  constructor() {
    super();
    this.calm = new Calm();
    this.held = false;
  }

  render() {
    if (!this.room?.webinar) return nothing;
    const all = this.room.all("question").filter((one) => !one["removed"]);
    const now = all.find((one) => one["on_screen"]) ?? all.find((one) => one["state"] === "answering");
    const open = all.filter((one) => ["visible", "answering"].includes(one["state"]) && one !== now).sort(SORTS["votes"]);
    const order = this.calm.next(open.map((one) => one.id), { held: this.held, kept: () => false });
    return html`<section class="speaker-now" aria-label=${t("Now")} aria-live="polite">${now ? html`<p class="quiet"><span class="figures">#${now["number"]}</span> ${now["author"] ? now["author"].name || t("Somebody") : t("Anonymous")}</p><p class="speaker-text">${now["text"]}</p>` : html`<p class="quiet">${t("The question the crew puts on screen stands here.")}</p>`}</section>
      <h2 class="speaker-head">${tn("{n} more question", "{n} more questions", order.length)}</h2>
      <ol class="speaker-list" role="list" @pointerenter=${() => (this.held = true)} @pointerleave=${() => this.#release()}>${repeat(order, (id) => id, (id) => this.#row(all.find((one) => one.id === id)))}</ol>
      ${this.calm.fresh ? html`<div class="chat-fresh"><button class="button small primary" @click=${() => this.#release()}>${icon("arrow-down")}<span>${tn("{n} new", "{n} new", this.calm.fresh)}</span></button></div>` : nothing}`;
  }

  #release() {
    this.held = false;
    this.requestUpdate();
  }

  /** @param {Entity | undefined} one */
  #row(one) {
    if (!one) return nothing;
    return html`<li><span class="speaker-votes figures">${icon("arrow-up", t("Votes"))}${one["votes"] ?? 0}</span><p class="grow"><span class="quiet figures">#${one["number"]}</span> ${one["text"]}</p></li>`;
  }
}

customElements.define("speaker-view", SpeakerView);
