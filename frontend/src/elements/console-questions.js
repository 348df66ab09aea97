/**
 * The moderators' questions. `view="waiting"`: what waits for a decision, questions and held messages; `view="open"`: what the
 * audience sees, and everything that was decided. Everything works by keyboard on the row that has the focus; while a pointer is
 * over the list nothing moves.
 * @module
 */
import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { announce } from "../lib/announce.js";
import { Calm } from "../lib/calm.js";
import { t, tn } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { singleKeysOn } from "../lib/keys.js";
import { ListView } from "../lib/list-view.js";
import { heldMessage } from "./held-message.js";
import { LiveElement } from "./live-element.js";
import { restrict } from "./moderation-dialogs.js";
import { deedsFor, mentionKeys, questionCard } from "./question-card.js";
import { bulk, dropped, empty, tools, wantedNames } from "./question-tools.js";
import { work } from "./question-work.js";
import "./ui-menu.js";

/** @typedef {import("../state/room.js").Entity} Entity */
/** @typedef {import("./question-card.js").QuestionDo} QuestionDo */

const QUIET = 10_000;
/** The lease of a claim is 60 s; while somebody types it is renewed. */
const RENEW = 25_000;

export class ConsoleQuestions extends LiveElement {
  static properties = { view: {} };
  static kinds = ["question", "message", "state", "webinar"];

  constructor() {
    super();
    /** @type {"waiting" | "open"} */
    this.view = "waiting";
    this.filter = "open";
    this.sort = "place";
    this.search = "";
    /** @type {{id: string, kind: "rewrite" | "answer"} | undefined} */
    this.form = undefined;
    /** @type {Set<string>} */
    this.picked = new Set();
    this.calm = new Calm();
    this.list = new ListView(this, ".list-box");
    this.held = false;
    this.waiting = -1;
    this.announced = 0;
    this.renewed = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    mentionKeys();
  }

  changed() {
    if (this.view === "waiting") this.#count();
    this.requestUpdate();
  }

  #count() {
    const n = this.#wanted().length;
    if (n === this.waiting) return;
    const more = n - this.waiting;
    if (this.waiting >= 0 && more > 0 && this.announced < Date.now() - QUIET) {
      this.announced = Date.now();
      announce(tn("{n} waits for a decision", "{n} wait for a decision", n));
    }
    this.waiting = n;
    this.dispatchEvent(new CustomEvent("count", { bubbles: true, detail: n }));
  }

  #wanted() {
    return wantedNames(this);
  }

  /** @param {string} name */
  #entity(name) {
    const [kind = "", id] = name.split("/");
    const found = this.room?.one(kind, id);
    return found?.["removed"] ? undefined : found;
  }

  updated() {
    // What left keeps its height as well as its place.
    for (const row of this.querySelectorAll(".list-row")) {
      const { style, dataset } = /** @type {HTMLElement} */ (row);
      style.minBlockSize = row.querySelector("[data-ghost]") ? `${this.list.heights.get(dataset["key"] ?? "") ?? 0}px` : "";
    }
    this.list.drawn();
  }

  render() {
    const wanted = this.#wanted();
    const here = new Set(wanted);
    const order = this.calm.next(wanted, { held: this.held, kept: (name) => Boolean(this.#entity(name)) });
    const [from, to] = this.list.range(order);
    return html`${this.view === "open" ? tools(this) : nothing}${this.picked.size ? bulk(this) : nothing}
      <div class="list-box" tabindex="0" role=${order.length ? "list" : "group"} aria-label=${this.view === "waiting" ? t("Waiting for a decision") : t("Questions")} @scroll=${() => this.list.scrolled()} @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)}
        @pointerenter=${() => (this.held = true)} @pointerleave=${() => this.#release()} @dragover=${(/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("text/lectern-question") && event.preventDefault()} @drop=${(/** @type {DragEvent} */ event) => this.#dropped(event)}>
        <div class="list-above"></div>
        ${order.length ? nothing : empty(this)}
        ${repeat(order.slice(from, to), (name) => name, (name) => this.#row(name, !here.has(name)))}
        <div class="list-below"></div>
      </div>
      ${this.calm.fresh ? html`<div class="chat-fresh"><button class="button small primary" @click=${() => this.#release(true)}>${icon("arrow-down")}<span>${tn("{n} new", "{n} new", this.calm.fresh)}</span></button></div>` : nothing}`;
  }

  /** @param {"filter" | "sort" | "search"} what @param {Event} event */
  choose(what, event) {
    this[what] = /** @type {HTMLInputElement} */ (event.target).value;
    this.calm.release();
    this.requestUpdate();
  }

  unpick() {
    this.picked.clear();
    this.requestUpdate();
  }

  /** @param {string} name @param {boolean} ghost */
  #row(name, ghost) {
    const entity = this.#entity(name);
    if (!entity) return nothing;
    const question = entity.kind === "question";
    const card = question
      ? questionCard(entity, { me: this.room?.you?.id ?? "", now: this.room?.now() ?? 0, picked: this.picked.has(entity.id), form: this.form?.id === entity.id ? this.form.kind : "", ghost, moderates: this.may("questions.moderate"), act: this.#act, pick: (one, event) => this.#pick(one, event), save: this.#save, cancel: () => this.#close(), typing: () => this.#renew(entity.id) })
      : heldMessage(entity, { ghost, now: this.room?.now() ?? 0, act: (what) => this.#message(what, entity) });
    return html`<div class="list-row" role="listitem" data-key=${name} tabindex="-1" draggable=${question && this.sort === "place" && !this.form && this.may("questions.moderate") ? "true" : "false"} @focusin=${() => (this.list.active = name)} @dragstart=${(/** @type {DragEvent} */ event) => event.dataTransfer?.setData("text/lectern-question", entity.id)}>${card}</div>`;
  }

  /** @param {boolean} [now] */
  #release(now = false) {
    this.held = false;
    if (now) this.calm.release();
    this.requestUpdate();
  }

  /** @param {Entity} question @param {Event} [event] */
  #pick(question, event) {
    event?.stopPropagation();
    if (!this.picked.delete(question.id)) this.picked.add(question.id);
    this.requestUpdate();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const entity = this.#entity(target.closest("[data-key]")?.getAttribute("data-key") ?? "");
    if (event.altKey && this.may("questions.moderate") && entity?.kind === "question" && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      this.#act(event.key === "ArrowUp" ? "up" : "down", entity);
      return;
    }
    if (this.list.key(event)) return;
    if (!entity || !this.may("questions.moderate") || target.matches("textarea, input:not([type=checkbox]), select") || event.ctrlKey || event.metaKey || event.altKey || !singleKeysOn()) return;
    if (entity.kind === "message") {
      if (event.key !== "a" && event.key !== "x" && event.key !== "r") return;
      event.preventDefault();
      this.#message(event.key === "a" ? "release" : "refuse", entity);
      return;
    }
    const deed = deedsFor(entity).find(([, , , name]) => name === event.key);
    if (!deed && event.key !== "x") return;
    event.preventDefault();
    if (deed) this.#act(deed[0], entity);
    else this.#pick(entity);
  }

  /** The keyboard goes on to the next row when one is done. @param {string} name */
  #onward(name) {
    const keys = this.list.keys;
    const next = keys[keys.indexOf(name) + 1] ?? keys[keys.indexOf(name) - 1];
    const inside = this.contains(document.activeElement);
    if (next && inside && !this.form) window.setTimeout(() => !(this.view === "open" && this.#wanted().includes(name)) && this.list.focus(next), 60);
  }

  /** @param {string} what @param {Entity} message */
  #message(what, message) {
    if (what === "release") void this.act("chat.release", { message: message.id }).then((ok) => ok && this.#onward(`message/${message.id}`));
    else if (what === "refuse") void import("./moderation-dialogs.js").then(({ ask }) => ask("refuse", this, message));
    else if (what === "person") restrict(this, { message: message.id }, message["author"]?.name ?? "");
  }

  /** @type {(what: QuestionDo, question: Entity) => void} */
  #act = (what, question) => {
    if (what === "answer" || what === "rewrite") this.#open(question.id, what);
    else if (what === "up" || what === "down") this.#move(question.id, what);
    else work(this, what, question, () => this.#onward(`question/${question.id}`));
  };

  /** @param {string} id @param {"rewrite" | "answer"} kind */
  #open(id, kind) {
    this.form = { id, kind };
    this.renewed = Date.now();
    void this.act("question.claim", { question: id });
    this.requestUpdate();
    void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector(".q-form textarea"))?.focus());
  }

  #close() {
    const id = this.form?.id;
    this.form = undefined;
    if (id) void this.act("question.release", { question: id });
    this.requestUpdate();
    if (id) this.list.focus(`question/${id}`);
  }

  /** @param {string} id */
  #renew(id) {
    if (this.renewed > Date.now() - RENEW) return;
    this.renewed = Date.now();
    void this.act("question.claim", { question: id });
  }

  /** @type {(question: Entity, values: FormData) => void} */
  #save = (question, values) => {
    const text = String(values.get("text") ?? "").trim();
    const at = { question: question.id, text, version: this.room?.one("question", question.id)?.["version"] };
    const sent = this.form?.kind === "answer" ? this.act("question.answer", { ...at, ...(values.get("private") ? { private: true } : {}) }, { done: t("The answer is sent") }) : this.act("question.rewrite", at);
    void sent.then((ok) => ok && this.#close());
  };

  get #ids() {
    return this.list.keys.filter((name) => name.startsWith("question/")).map((name) => name.slice(9));
  }

  /** @param {string} id @param {"up" | "down"} way */
  #move(id, way) {
    const ids = this.#ids;
    const at = ids.indexOf(id);
    const after = way === "up" ? ids[at - 2] : ids[at + 1];
    if ((way === "up" && at < 1) || (way === "down" && after === undefined)) return;
    this.calm.release();
    void this.act("question.move", { question: id, ...(after === undefined ? {} : { after }) }).then(() => this.list.focus(`question/${id}`));
  }

  /** @param {DragEvent} event */
  #dropped(event) {
    const moved = dropped(event, this.#ids);
    if (!moved) return;
    event.preventDefault();
    this.calm.release();
    void this.act("question.move", moved);
  }
}

customElements.define("console-questions", ConsoleQuestions);
