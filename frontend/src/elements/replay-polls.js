/**
 * The polls of a recording, in step with its picture: each from when it was opened, with its results from when it was closed.
 * @module
 */
import { LitElement, html } from "lit";
import { pollResults } from "./poll-results.js";
import { t } from "../lib/i18n.js";
import { clock } from "../lib/time.js";

/** @typedef {{id: string, at: number, until: number, title: string, items: import("../protocol/room.d.ts").PollItem[], tally: Record<string, import("../protocol/room.d.ts").Tally> | null}} Poll */

export class ReplayPolls extends LitElement {
  constructor() {
    super();
    /** @type {Poll[] | undefined} */
    this.polls = undefined;
    this.now = 0;
    this.shown = "";
  }

  createRenderRoot() {
    return this;
  }

  /** @param {string} address */
  async load(address) {
    this.polls = undefined;
    const answer = await fetch(address).catch(() => undefined);
    this.polls = answer?.ok ? await answer.json() : [];
    this.shown = "";
    this.at(this.now);
    this.requestUpdate();
  }

  /** @param {number} seconds */
  at(seconds) {
    this.now = seconds;
    const shown = (this.polls ?? []).map((one) => Number(one.at <= seconds) + Number(one.until <= seconds)).join();
    if (shown === this.shown) return;
    this.shown = shown;
    this.requestUpdate();
  }

  render() {
    const polls = (this.polls ?? []).filter((one) => one.at <= this.now).reverse();
    if (this.polls && !this.polls.length) return html`<p class="quiet chat-empty">${t("There were no polls.")}</p>`;
    if (this.polls && !polls.length) return html`<p class="quiet chat-empty">${t("Polls appear here as the recording gets there.")}</p>`;
    return html`<div class="replay-polls stack gap-16" tabindex="0" role="group" aria-label=${t("Polls of the recording")}>${polls.map((one) => this.#poll(one))}</div>`;
  }

  /** @param {Poll} one */
  #poll(one) {
    const over = one.until <= this.now;
    return html`<article class="card stack gap-8">
      <h2 class="quiet small figures">${clock(one.at * 1000)} · ${one.title || t("Poll")}</h2>
      ${over && one.tally
        ? pollResults(one.items, one.tally)
        : one.items.map((item) => html`<section class="poll-result"><h3>${item.text}</h3><ul>${(item.options ?? []).map((option) => html`<li>${option.text}</li>`)}</ul></section>`)}
      ${over && !one.tally ? html`<p class="quiet small">${t("The results of this poll are not public.")}</p>` : ""}
    </article>`;
  }
}

customElements.define("replay-polls", ReplayPolls);
