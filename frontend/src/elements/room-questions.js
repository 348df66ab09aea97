/**
 * Questions for the audience: ask, see what became of one's own, vote for those of others. The order stays still; what is new waits
 * behind a bar, so that a vote never hits the wrong row.
 * @module
 */
import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { announce } from "../lib/announce.js";
import { Calm } from "../lib/calm.js";
import { closedBecause, muted } from "../lib/closed.js";
import { t, tn } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { ListView } from "../lib/list-view.js";
import { waitFor } from "../lib/picture.js";
import { SORTS, fateOf, stateOf } from "../lib/question-words.js";
import { moment } from "../lib/time.js";
import { randomRef } from "../protocol/socket.js";
import { linked } from "./chat-line.js";
import { LiveElement } from "./live-element.js";
import { givenName } from "./room-composer.js";

/** @typedef {import("../state/room.js").Entity} Entity */

const TEXT_MAX = 500;
const QUIET = 10_000;

export class RoomQuestions extends LiveElement {
  static kinds = ["question", "my_question", "mine", "state", "webinar"];

  constructor() {
    super();
    this.sort = "votes";
    this.calm = new Calm();
    this.list = new ListView(this, ".list-box");
    /** @type {Set<string> | undefined} */
    this.known = undefined;
    /** @type {Map<string, string>} state of own questions, to say when it changes */
    this.fates = new Map();
    this.editing = "";
    this.announced = 0;
    this.busy = false;
    this.left = TEXT_MAX;
  }

  /** @param {string} kind */
  changed(kind) {
    if (kind === "question" || kind === "state") this.#news();
    if (kind === "my_question") this.#fate();
    this.requestUpdate();
  }

  #news() {
    const now = new Set(this.#questions().map((question) => question.id));
    const before = this.known;
    if (!this.room?.webinar) return;
    this.known = now;
    const more = before ? [...now].filter((id) => !before.has(id) && !this.room?.one("my_question", id)).length : 0;
    if (!more) return;
    this.dispatchEvent(new CustomEvent("fresh", { bubbles: true, detail: more }));
    if (this.announced > Date.now() - QUIET) return;
    this.announced = Date.now();
    announce(tn("{n} new question", "{n} new questions", more));
  }

  /** The asker hears what became of it. */
  #fate() {
    for (const own of this.room?.all("my_question") ?? []) {
      const before = this.fates.get(own.id);
      this.fates.set(own.id, own["state"]);
      if (before && before !== own["state"]) announce(t("Your question {number}: {fate}", { number: own["number"], fate: fateOf(own) }));
    }
  }

  #questions() {
    return (this.room?.all("question") ?? []).filter((question) => !question["removed"] && ["visible", "answering", "answered"].includes(question["state"]));
  }

  updated() {
    this.list.drawn();
  }

  render() {
    const room = this.room;
    if (!room?.webinar) return nothing;
    const all = this.#questions();
    const wanted = [...all.filter((one) => one["state"] !== "answered").sort(SORTS[this.sort]), ...all.filter((one) => one["state"] === "answered").sort(SORTS[this.sort])].map((one) => one.id);
    const order = this.calm.next(wanted, { held: true, kept: (id) => all.some((one) => one.id === id) });
    const [from, to] = this.list.range(order);
    const own = room.all("my_question").sort((a, b) => b["number"] - a["number"]);
    const now = all.find((one) => one["on_screen"] && !waitFor(room, one["shown_at"])) ?? all.find((one) => one["state"] === "answering");
    const closed = closedBecause("questions", room);
    return html`
      ${now ? html`<div class="q-now"><p class="small"><strong>${now["on_screen"] ? t("On screen") : t("Being answered now")}</strong> · <span class="figures">#${now["number"]}</span></p><p>${now["text"]}</p></div>` : nothing}
      ${all.length > 1 ? html`<div class="list-tools"><span class="select small"><select class="input" aria-label=${t("Order")} @change=${(/** @type {Event} */ event) => this.#order(/** @type {HTMLSelectElement} */ (event.target).value)}><option value="votes">${t("Most votes first")}</option><option value="newest">${t("Newest first")}</option></select>${icon("chevron-down")}</span></div>` : nothing}
      <div class="list-box" tabindex="0" role="group" aria-label=${t("Questions")} @scroll=${() => this.list.scrolled()} @keydown=${(/** @type {KeyboardEvent} */ event) => this.list.key(event)}>
        ${own.length ? html`<details class="q-own" open><summary>${tn("Your question", "Your questions", own.length)}</summary>${own.map((one) => this.#own(one))}</details>` : nothing}
        <div role=${order.length ? "list" : nothing}><div class="list-above"></div>
        ${order.length || own.length ? nothing : html`<p class="list-empty quiet">${closed || (room.webinar["questions"]?.mode === "crew" ? t("Questions go to the crew. Only you see yours here.") : t("No questions yet. Ask the first one."))}</p>`}
        ${repeat(order.slice(from, to), (id) => id, (id) => this.#row(id))}
        <div class="list-below"></div></div>
      </div>
      ${this.calm.fresh ? html`<div class="chat-fresh"><button class="button small primary" @click=${() => this.#order(this.sort)}>${icon("arrow-up")}<span>${tn("{n} new", "{n} new", this.calm.fresh)}</span></button></div>` : nothing}
      ${this.#ask(closed)}`;
  }

  /** @param {string} sort */
  #order(sort) {
    this.sort = sort;
    this.calm.release();
    const box = this.list.box;
    if (box) box.scrollTop = 0;
    this.requestUpdate();
  }

  /** @param {string} id */
  #row(id) {
    const question = this.room?.one("question", id);
    if (!question) return nothing;
    const voted = Boolean(this.room?.mine?.["votes"]?.includes(id));
    const { word, tone } = stateOf(question["state"]);
    const votes = question["votes"] ?? 0;
    const may = this.may("questions.vote") && question["state"] !== "answered" && !this.room?.one("my_question", id);
    return html`<div class="list-row" role="listitem" data-key=${id} tabindex="-1"><article class="q-card q-public" data-state=${question["state"]} ?data-screen=${question["on_screen"]}>
      <button class="q-vote" type="button" aria-pressed=${voted} ?disabled=${!may} aria-label=${voted ? tn("Take your vote back; {n} vote", "Take your vote back; {n} votes", votes) : tn("Vote for question {number}; {n} vote", "Vote for question {number}; {n} votes", votes, { number: question["number"] })} @click=${() => void this.act("question.vote", { question: id, on: !voted })}>${icon("arrow-up")}<span class="figures">${votes}</span></button>
      <div class="grow"><p class="q-head small"><span class="figures quiet">#${question["number"]}</span>${question["author"] ? html`<span>${question["author"].name || t("Somebody")}</span>` : html`<span class="quiet">${t("Anonymous")}</span>`}<time class="quiet">${moment(question["at"], "time")}</time>${question["state"] === "visible" ? nothing : html`<span class="pill" data-tone=${tone}>${word}</span>`}${question["edited"] ? html`<span class="quiet">${t("edited")}</span>` : nothing}</p>
      <p class="q-text">${linked(question["text"])}</p>
      ${question["answer"] ? html`<p class="q-answer">${icon("reply", t("Answer"))}<span>${linked(question["answer"])}</span></p>` : nothing}</div></article></div>`;
  }

  /** @param {Entity} own */
  #own(own) {
    const { tone } = stateOf(own["state"]);
    const editing = this.editing === own.id;
    return html`<article class="q-card" data-own=${own.id}><p class="q-head small"><span class="figures quiet">#${own["number"]}</span><span class="pill" data-tone=${tone}>${fateOf(own)}</span>${own["votes"] ? html`<span class="figures">${tn("{n} vote", "{n} votes", own["votes"])}</span>` : nothing}</p>
      ${editing ? this.#editor(own) : html`<p class="q-text">${own["text"]}</p>`}
      ${own["answer"] ? html`<p class="q-answer">${icon("reply", t("Answer"))}<span>${linked(own["answer"])}</span></p>` : nothing}
      ${editing ? nothing : html`<p class="row gap-4">${own["editable"] ? html`<button class="button small" type="button" @click=${() => this.#edit(own.id)}>${t("Edit")}</button>` : nothing}<button class="button small plain" type="button" @click=${() => void this.act("question.withdraw", { question: own.id }, { done: t("Withdrawn") })}>${t("Withdraw")}</button></p>`}</article>`;
  }

  /** @param {string} id */
  #edit(id) {
    this.editing = id;
    this.requestUpdate();
    void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector(".q-form textarea"))?.focus());
  }

  /** @param {Entity} own */
  #editor(own) {
    const save = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const text = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("text")).trim();
      void this.act("question.edit", { question: own.id, text }).then((ok) => ok && this.#edit(""));
    };
    return html`<form class="q-form" @submit=${save}><textarea class="input" name="text" rows="2" required maxlength=${TEXT_MAX} aria-label=${t("Write your question")} .value=${own["text"]} @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && this.#edit("")}></textarea>
      <div class="row"><button class="button small primary">${t("Save")}</button><button class="button small plain" type="button" @click=${() => this.#edit("")}>${t("Cancel")}</button></div></form>`;
  }

  /** @param {string} closed */
  #ask(closed) {
    if (this.isCrew || !this.may("questions.ask")) return nothing;
    if (closed) return this.#questions().length ? html`<p class="chat-closed quiet" role="status">${closed}</p>` : nothing;
    if (this.room?.mine?.["muted"]) return html`<p class="chat-closed quiet" role="status">${muted(this.room)}</p>`;
    const questions = this.room?.webinar?.["questions"] ?? {};
    const note = questions.mode === "moderated" ? t("The crew looks at it before everyone sees it.") : questions.mode === "crew" ? t("Only the crew sees it.") : "";
    return html`<form class="chat-form" @submit=${(/** @type {SubmitEvent} */ event) => void this.#send(event)}>
      <div class="chat-write"><textarea class="input grow" name="text" rows="1" required maxlength=${TEXT_MAX} autocomplete="off" aria-label=${t("Write your question")} placeholder=${t("Ask a question")} @input=${(/** @type {Event} */ event) => this.#typed(event)} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)}></textarea>
        <button class="button primary square" aria-label=${t("Ask")} title=${t("Ask")} aria-busy=${this.busy ? "true" : nothing}>${icon("send")}</button></div>
      ${this.#who(questions)}
      ${this.left < 100 ? html`<p class="chat-note quiet small figures">${tn("{n} character left", "{n} characters left", this.left)}</p>` : nothing}
      ${note ? html`<p class="chat-note quiet small">${note}</p>` : nothing}</form>`;
  }

  /** @param {Event} event */
  #typed(event) {
    this.left = TEXT_MAX - /** @type {HTMLTextAreaElement} */ (event.target).value.length;
    this.requestUpdate();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const box = /** @type {HTMLTextAreaElement} */ (event.target);
    if (event.key === "Escape") box.blur();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    box.form?.requestSubmit();
  }

  /** Name, or none: what the organiser allows. @param {{anonymous?: string, crew_anonymous?: string}} questions */
  #who({ anonymous = "never", crew_anonymous: crew = "never" }) {
    if (crew === "always") return html`<p class="chat-note quiet small">${t("Nobody, not even the crew, sees who asks.")}</p>`;
    const options = [...(anonymous === "always" ? [] : [["", t("With my name")]]), ...(anonymous === "never" ? [] : [["audience", t("Anonymous to the audience")]]), ...(crew === "choice" ? [["crew", t("Anonymous to everyone")]] : [])];
    const named = this.room?.you?.name || givenName();
    return html`<div class="row gap-8">${named ? nothing : html`<input class="input grow" name="name" maxlength="60" autocomplete="off" aria-label=${t("Your name (optional)")} placeholder=${t("Your name (optional)")}>`}
      ${options.length > 1 ? html`<span class="select grow"><select class="input" name="anonymous" aria-label=${t("Who sees that you ask")}>${options.map(([key, name]) => html`<option value=${key ?? ""}>${name}</option>`)}</select>${icon("chevron-down")}</span>` : nothing}</div>`;
  }

  /** @param {SubmitEvent} event */
  async #send(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const values = new FormData(form);
    const text = String(values.get("text")).trim();
    const questions = this.room?.webinar?.["questions"] ?? {};
    if (!text || this.busy) return;
    this.busy = true;
    this.requestUpdate();
    const usual = questions.crew_anonymous === "always" ? "crew" : questions.anonymous === "always" ? "audience" : "";
    const anonymous = /** @type {"" | "audience" | "crew"} */ (values.get("anonymous") ?? usual);
    const ok = await this.act("question.ask", { ref: randomRef(), text, name: String(values.get("name") ?? givenName()).trim(), ...(anonymous ? { anonymous } : {}) });
    this.busy = false;
    if (ok) {
      form.reset();
      this.left = TEXT_MAX;
      announce(t("Your question has number {number}.", { number: ok.number ?? 0 }));
    }
    this.requestUpdate();
    form.querySelector("textarea")?.focus();
  }
}

customElements.define("room-questions", RoomQuestions);
