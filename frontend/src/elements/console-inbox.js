/**
 * Conversations of single participants with the crew: a list, newest first, and the one that is open.
 * @module
 */
import { html, nothing } from "lit";
import { t, tn } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { hue, initials } from "../lib/person.js";
import { moment } from "../lib/time.js";
import { LiveElement } from "./live-element.js";
import "./room-chat.js";

/** @typedef {{person: string, name: string, text: string, at: number, unread: number}} Conversation */

export class ConsoleInbox extends LiveElement {
  static kinds = ["message", "state"];

  constructor() {
    super();
    this.person = "";
    this.name = "";
    /** Until when each conversation was read. @type {Map<string, number>} */
    this.read = new Map();
  }

  changed() {
    if (this.person) this.read.set(this.person, this.room?.now() ?? 0);
    const unread = this.#conversations().reduce((sum, one) => sum + (one.unread ? 1 : 0), 0);
    this.dispatchEvent(new CustomEvent("count", { bubbles: true, detail: unread }));
    this.requestUpdate();
  }

  /** Open the conversation with somebody, or begin one. @param {string} person @param {string} name */
  open(person, name) {
    this.person = person;
    this.name = name;
    this.changed();
    void this.updateComplete.then(() => {
      const chat = /** @type {import("./room-chat.js").RoomChat | null} */ (this.querySelector("room-chat"));
      if (chat && this.room && this.socket) chat.join(this.room, this.socket);
      void chat?.updateComplete.then(() => chat.querySelector("textarea")?.focus());
    });
  }

  /** @returns {Conversation[]} */
  #conversations() {
    /** @type {Map<string, Conversation>} */
    const found = new Map();
    for (const message of (this.room?.all("message") ?? []).sort((a, b) => a["at"] - b["at"])) {
      const person = message["private"];
      if (!person || message["removed"]) continue;
      const theirs = message["author"]?.id === person;
      const before = found.get(person);
      const unread = theirs && message["at"] > (this.read.get(person) ?? 0) ? 1 : 0;
      found.set(person, { person, name: theirs ? message["author"].name : (before?.name ?? ""), text: message["text"], at: message["at"], unread: theirs ? (before?.unread ?? 0) + unread : 0 });
    }
    return [...found.values()].sort((a, b) => b.at - a.at);
  }

  render() {
    if (this.person) {
      return html`<div class="list-tools"><button class="button small plain" type="button" @click=${() => this.#close()}>${icon("arrow-left")}<span>${t("All conversations")}</span></button><strong class="grow truncate">${this.name || t("Somebody")}</strong></div>
        <room-chat class="chat" .person=${this.person}></room-chat>`;
    }
    const all = this.#conversations();
    return html`<div class="list-box" tabindex="0" role=${all.length ? "list" : "group"} aria-label=${t("Conversations")}>${all.length ? all.map((one) => this.#row(one)) : html`<p class="list-empty quiet">${t("When somebody writes to the crew alone, the conversation is here. You can also begin one from a message.")}</p>`}</div>`;
  }

  #close() {
    this.person = "";
    this.requestUpdate();
  }

  /** @param {Conversation} one */
  #row(one) {
    const name = one.name || t("Somebody");
    return html`<div class="list-row" role="listitem"><button class="inbox-row" type="button" @click=${() => this.open(one.person, one.name)}><span class="avatar" data-hue=${hue(one.person)} aria-hidden="true">${initials(name)}</span>
      <span class="grow"><strong>${name}</strong> <time class="quiet small">${moment(one.at, "time")}</time><br><span class="quiet small truncate">${one.text}</span></span>${one.unread ? html`<span class="count strong" aria-label=${tn("{n} unread", "{n} unread", one.unread)}>${one.unread}</span>` : nothing}</button></div>`;
  }
}

customElements.define("console-inbox", ConsoleInbox);
