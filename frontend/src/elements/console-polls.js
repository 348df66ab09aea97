/**
 * Polls for the crew: prepared, open and closed ones, each with its live result and what can be done with it.
 * @module
 */
import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { t, tn, words } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { clock, moment } from "../lib/time.js";
import { LiveElement } from "./live-element.js";
import { pollResults } from "./poll-results.js";

/** @typedef {import("../state/room.js").Entity} Entity */

const STATES = /** @type {Record<string, [string, string]>} */ ({ draft: [words("draft"), "hollow"], scheduled: [words("scheduled"), "accent"], open: [words("open"), "live"], closed: [words("closed"), "good"], archived: [words("archived"), "hollow"] });
const ORDER = ["open", "scheduled", "draft", "closed", "archived"];

export class ConsolePolls extends LiveElement {
  static kinds = ["poll", "state", "webinar"];

  constructor() {
    super();
    this.timer = 0;
    /** @type {Set<string>} whose results are shown */
    this.unfolded = new Set();
    this.archive = false;
  }

  changed() {
    const open = (this.room?.all("poll") ?? []).filter((poll) => poll["state"] === "open").length;
    this.dispatchEvent(new CustomEvent("count", { bubbles: true, detail: open }));
    this.requestUpdate();
  }

  /** @param {Entity | undefined} [poll] */
  async edit(poll) {
    const { editPoll } = await import("./poll-editor.js");
    editPoll(this, poll);
  }

  render() {
    if (!this.room?.webinar) return nothing;
    const all = this.room.all("poll").filter((poll) => !poll["removed"]).sort((a, b) => ORDER.indexOf(a["state"]) - ORDER.indexOf(b["state"]) || a["number"] - b["number"]);
    const polls = all.filter((poll) => (poll["state"] === "archived") === this.archive);
    clearTimeout(this.timer);
    if (polls.some((poll) => poll["state"] === "open" && poll["closes_at"])) this.timer = window.setTimeout(() => this.requestUpdate(), 1000);
    return html`<div class="list-tools">${this.may("polls.manage") ? html`<button class="button small primary" type="button" @click=${() => void this.edit()}>${icon("plus")}<span>${t("New poll")}</span></button>` : nothing}
        ${all.some((poll) => poll["state"] === "archived") ? html`<button class="button small plain end" type="button" aria-pressed=${this.archive} @click=${() => this.#flip()}>${icon("archive")}<span>${t("Archive")}</span></button>` : nothing}</div>
      <div class="list-box" tabindex="0" role=${polls.length ? "list" : "group"} aria-label=${t("Polls")}>${polls.length ? repeat(polls, (poll) => poll.id, (poll) => this.#card(poll)) : html`<p class="list-empty quiet">${t("Prepare a poll now and open it when its moment comes.")}</p>`}</div>`;
  }

  #flip() {
    this.archive = !this.archive;
    this.requestUpdate();
  }

  /** @param {Entity} poll */
  #card(poll) {
    const [text, tone] = STATES[poll["state"]] ?? [poll["state"], ""];
    const title = poll["title"] || poll["items"]?.[0]?.text || t("Poll");
    const shown = poll["state"] === "open" || this.unfolded.has(poll.id);
    return html`<div class="list-row" role="listitem"><article class="q-card" data-state=${poll["state"]} data-poll=${poll.id} aria-label=${title}>
      <header class="q-head"><b class="figures">#${poll["number"]}</b><strong class="grow">${title}</strong><span class="pill" data-tone=${tone}>${t(text)}</span></header>
      <p class="row small quiet">${this.#facts(poll)}</p>
      ${shown && poll["tally"] ? pollResults(poll["items"], poll["tally"]) : html`<ul class="small quiet poll-outline">${(poll["items"] ?? []).map((/** @type {any} */ item) => html`<li>${item.text}</li>`)}</ul>`}
      ${this.may("polls.manage") ? html`<footer class="q-foot"><span class="q-deeds">${this.#deeds(poll, shown)}</span></footer>` : nothing}
    </article></div>`;
  }

  /** @param {Entity} poll */
  #facts(poll) {
    const results = /** @type {Record<string, string>} */ ({ always: t("results always shown"), voted: t("results after voting"), closed: t("results when closed"), crew: t("results for the crew") });
    const left = poll["state"] === "open" && poll["closes_at"] ? Math.max(0, poll["closes_at"] - (this.room?.now() ?? 0)) : 0;
    return html`<span class="figures">${tn("{n} voter", "{n} voters", poll["voters"] ?? 0)}</span><span>${poll["anonymous"] ? t("anonymous") : t("with names")}</span><span>${results[poll["results"]] ?? ""}</span>
      ${poll["place"] === "screen" ? html`<span class="tag">${t("on screen")}</span>` : nothing}${poll["locked"] ? html`<span title=${t("Somebody has voted, so the questions stay as they are.")}>${icon("lock", t("Somebody has voted, so the questions stay as they are."))}</span>` : nothing}
      ${left ? html`<span class="tag figures">${clock(left)}</span>` : nothing}${poll["state"] === "scheduled" && poll["opens_at"] ? html`<span>${t("opens {when}", { when: moment(poll["opens_at"], "short") })}</span>` : nothing}`;
  }

  /** @param {Entity} poll @param {boolean} shown */
  #deeds(poll, shown) {
    const { id } = poll;
    const state = poll["state"];
    const ready = state === "draft" || state === "scheduled";
    const button = (/** @type {string} */ name, /** @type {string} */ iconName, /** @type {() => void} */ run, kind = "") => html`<button class="button small ${kind}" type="button" @click=${run}>${icon(iconName)}<span>${name}</span></button>`;
    const onScreen = poll["place"] === "screen";
    return html`${ready ? button(t("Open"), "play", () => void this.act("poll.open", { poll: id }), "primary") : nothing}
      ${state === "open" ? button(t("Close"), "square", () => void this.act("poll.close", { poll: id }), "primary") : nothing}
      ${state === "closed" ? button(t("Open again"), "play", () => void this.act("poll.open", { poll: id })) : nothing}
      ${ready || (state === "open" && !poll["locked"]) ? button(t("Edit"), "pencil", () => void this.edit(poll)) : nothing}
      ${state === "open" || state === "closed" ? button(onScreen ? t("Off the screen") : t("On screen"), "monitor", () => void this.act("poll.place", { poll: id, place: onScreen ? "sidebar" : "screen" })) : nothing}
      ${state === "closed" || state === "archived" ? button(shown ? t("Hide results") : t("Results"), "chart-column", () => this.#fold(id)) : nothing}
      ${state === "closed" || state === "open" ? this.#who(poll) : nothing}
      ${ready ? nothing : button(t("Copy to correct"), "copy", () => void this.act("poll.copy", { poll: id }, { done: t("A copy is ready to edit.") }))}
      ${state === "closed" || state === "archived" ? button(state === "archived" ? t("Restore") : t("Archive"), "archive", () => void this.act("poll.archive", { poll: id, archived: state !== "archived" })) : nothing}
      ${state === "draft" ? button(t("Remove"), "trash-2", () => void this.act("poll.remove", { poll: id }), "plain") : nothing}`;
  }

  /** @param {Entity} poll */
  #who(poll) {
    const names = { always: t("Everyone sees results"), voted: t("Results after voting"), closed: t("Results when closed"), crew: t("Results for the crew only") };
    return html`<span class="select small"><select class="input" aria-label=${t("Who sees the results")} @change=${(/** @type {Event} */ event) => void this.act("poll.results", { poll: poll.id, results: /** @type {HTMLSelectElement} */ (event.target).value })}>${Object.entries(names).map(([key, name]) => html`<option value=${key} ?selected=${poll["results"] === key}>${name}</option>`)}</select>${icon("chevron-down")}</span>`;
  }

  /** @param {string} id */
  #fold(id) {
    if (!this.unfolded.delete(id)) this.unfolded.add(id);
    this.requestUpdate();
  }
}

customElements.define("console-polls", ConsolePolls);
