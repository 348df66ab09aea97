/**
 * Polls for the audience: one card each, answered once, with results when this person may see them. `screen` shows only the poll
 * that is on screen for everyone.
 * @module
 */
import { html, nothing } from "lit";
import { announce } from "../lib/announce.js";
import { closedBecause } from "../lib/closed.js";
import { t, tn } from "../lib/i18n.js";
import { waitFor } from "../lib/picture.js";
import { clock } from "../lib/time.js";
import { LiveElement } from "./live-element.js";
import { pollForm } from "./poll-form.js";
import { pollResults } from "./poll-results.js";
import { givenName } from "./room-composer.js";

/** @typedef {import("../state/room.js").Entity} Entity */

export class RoomPolls extends LiveElement {
  static properties = { screen: { type: Boolean } };
  static kinds = ["poll", "my_ballot", "state", "webinar"];

  constructor() {
    super();
    this.screen = false;
    /** @type {Set<string> | undefined} */
    this.known = undefined;
    /** @type {Map<string, Record<string, any>>} answers that are being given, by poll */
    this.drafts = new Map();
    /** @type {Set<string>} on-screen polls that the reader put aside */
    this.aside = new Set();
    /** What the server says to this person alone about each poll. @type {Map<string, import("../protocol/room.d.ts").Ok>} */
    this.looked = new Map();
    /** @type {Map<string, number>} when to ask again */
    this.asks = new Map();
    this.timer = 0;
  }

  /** @param {string} kind */
  changed(kind) {
    if (kind === "poll" || kind === "state") this.#news();
    // A poll that closed may show more now than it did.
    if (kind === "poll") for (const poll of this.room?.all("poll") ?? []) if (poll["state"] === "closed" && this.looked.get(poll.id) && this.asks.get(poll.id) === Infinity && !poll["tally"]) this.asks.delete(poll.id);
    this.requestUpdate();
  }

  #news() {
    const open = this.#shown().filter((poll) => poll["state"] === "open");
    const before = this.known;
    if (!this.room?.webinar) return;
    this.known = new Set(open.map((poll) => poll.id));
    const more = before ? open.filter((poll) => !before.has(poll.id)) : [];
    if (!more.length) return;
    this.dispatchEvent(new CustomEvent("fresh", { bubbles: true, detail: more.length }));
    if (!this.screen) announce(tn("A new poll is open", "{n} new polls are open", more.length));
  }

  #shown() {
    const polls = (this.room?.all("poll") ?? []).filter((poll) => !poll["removed"] && ["open", "closed"].includes(poll["state"]) && !waitFor(this.room, poll["opened_at"]));
    const chosen = this.screen ? polls.filter((poll) => poll["place"] === "screen" && !this.aside.has(poll.id) && (poll["state"] === "open" || poll["tally"])) : polls;
    const order = chosen.sort((a, b) => Number(b["state"] === "open") - Number(a["state"] === "open") || (b["opened_at"] ?? 0) - (a["opened_at"] ?? 0));
    return this.screen ? order.slice(0, 1) : order;
  }

  render() {
    clearTimeout(this.timer);
    const waiting = Math.max(0, ...(this.room?.all("poll") ?? []).map((poll) => waitFor(this.room, poll["opened_at"])));
    const polls = this.#shown();
    const ticking = polls.some((poll) => poll["state"] === "open" && poll["closes_at"]);
    if (waiting || ticking) this.timer = window.setTimeout(() => this.changed("poll"), waiting ? Math.min(waiting, 1000) : 1000);
    if (this.screen) return polls.map((poll) => this.#card(poll));
    const closed = closedBecause("polls", this.room);
    return html`<div class="panel-scroll stack gap-16">${polls.length ? polls.map((poll) => this.#card(poll)) : html`<p class="list-empty quiet">${closed || t("Polls of this webinar appear here.")}</p>`}</div>`;
  }

  /** @param {Entity} poll */
  #card(poll) {
    const ballot = this.room?.one("my_ballot", poll.id);
    const looked = this.#look(poll);
    const tally = poll["tally"] ?? looked?.tally;
    const open = poll["state"] === "open";
    const left = open && poll["closes_at"] ? Math.max(0, poll["closes_at"] - (this.room?.now() ?? 0)) : 0;
    const voted = Boolean(ballot?.["voted"] || looked?.voted);
    const votes = open && !voted && this.may("polls.vote");
    return html`<article class="poll-card card" data-poll=${poll.id} aria-label=${poll["title"] || t("Poll")}>
      <header class="spread"><h2>${poll["title"] || t("Poll")}</h2><span class="row gap-4">${left ? html`<span class="tag figures" role="timer">${clock(left)}</span>` : nothing}${open ? nothing : html`<span class="pill" data-tone="hollow">${t("Closed")}</span>`}
        ${this.screen ? html`<button class="button plain small" type="button" @click=${() => this.#put(poll)}>${t("Later")}</button>` : nothing}</span></header>
      ${votes ? pollForm(poll, this.#draft(poll.id), () => this.requestUpdate(), (answers) => void this.#vote(poll, answers)) : this.#after(poll, voted, ballot, tally)}
      ${votes ? html`<p class="quiet small">${poll["anonymous"] ? t("Anonymous: nobody can see who answered what.") : t("Your answer is stored with your name.")}</p>` : nothing}
    </article>`;
  }

  /** @param {Entity} poll @param {boolean} voted @param {Entity | undefined} ballot @param {any} tally */
  #after(poll, voted, ballot, tally) {
    const thanks = voted ? html`<p class="small"><strong>${t("Your answer is counted.")}</strong></p>` : nothing;
    if (tally) return html`${thanks}${pollResults(poll["items"], tally, ballot?.["answers"] ?? this.drafts.get(poll.id) ?? {})}`;
    const text = poll["results"] === "crew" ? t("The results stay with the crew.") : poll["state"] === "open" ? (poll["results"] === "voted" && voted ? t("One moment, the results are coming.") : t("The results are shown when the poll is closed.")) : t("The poll is closed.");
    return html`${thanks}${(poll["items"] ?? []).map((/** @type {any} */ item) => html`<h3>${item.text}</h3>`)}<p class="quiet">${text}</p>`;
  }

  /** @param {string} id */
  #draft(id) {
    const known = this.drafts.get(id) ?? {};
    this.drafts.set(id, known);
    return known;
  }

  /** @param {Entity} poll */
  #put(poll) {
    this.aside.add(poll.id);
    this.requestUpdate();
  }

  /** Whether this person voted, and results for voters: asked for when the poll is first seen, then as often as the server wishes. @param {Entity} poll */
  #look(poll) {
    const due = this.asks.get(poll.id) ?? 0;
    if (due <= Date.now() && this.may("polls.vote") && this.socket?.state === "open" && (poll["state"] === "open" || !poll["tally"]) && this.checkVisibility()) {
      this.asks.set(poll.id, Infinity);
      void this.socket.command("poll.look", { poll: poll.id }).then((answer) => this.#seen(poll, answer)).catch(() => this.asks.set(poll.id, Date.now() + 5000));
    }
    return this.looked.get(poll.id);
  }

  /** @param {Entity} poll @param {import("../protocol/room.d.ts").Ok} answer */
  #seen(poll, answer) {
    this.looked.set(poll.id, answer);
    const again = poll["state"] === "open" && poll["results"] === "voted" && answer.voted ? (answer.again ?? 0) : 0;
    this.asks.set(poll.id, again ? Date.now() + again * 1000 : Infinity);
    if (again) window.setTimeout(() => this.requestUpdate(), again * 1000 + 20);
    this.requestUpdate();
  }

  /** @param {Entity} poll @param {Record<string, import("../protocol/room.d.ts").Answer>} answers */
  async #vote(poll, answers) {
    const answer = await this.act("poll.vote", { poll: poll.id, answers, ...(poll["anonymous"] ? {} : { name: givenName() }) }, { done: t("Your answer is counted.") });
    if (answer) this.#seen(poll, { ...answer, voted: true });
  }
}

customElements.define("room-polls", RoomPolls);
