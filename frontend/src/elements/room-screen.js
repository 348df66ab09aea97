/**
 * What the crew puts before everyone's eyes: notices, the question on screen, the poll on screen. Stands over the picture's lower
 * edge, waits for the viewer's picture if the webinar is in step with it, and can be put aside.
 * @module
 */
import { html, nothing } from "lit";
import { announce } from "../lib/announce.js";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { waitFor } from "../lib/picture.js";
import { LiveElement } from "./live-element.js";
import "./room-polls.js";

/** @typedef {import("../state/room.js").Entity} Entity */

export class RoomScreen extends LiveElement {
  static kinds = ["notice", "question", "webinar", "state"];

  constructor() {
    super();
    /** @type {Set<string>} notices put aside here */
    this.aside = new Set();
    /** @type {Set<string>} */
    this.said = new Set();
    this.timer = 0;
  }

  firstUpdated() {
    const polls = /** @type {import("./room-polls.js").RoomPolls | null} */ (this.querySelector("room-polls"));
    if (this.room && this.socket) polls?.join(this.room, this.socket);
  }

  /** @param {string} kind */
  changed(kind) {
    this.requestUpdate();
    if (kind !== "notice") return;
    for (const notice of this.#notices()) {
      if (!this.said.has(notice.id)) announce(notice["text"]);
      this.said.add(notice.id);
    }
  }

  #notices() {
    const now = this.room?.now() ?? 0;
    return (this.room?.all("notice") ?? []).filter((one) => !one["removed"] && !this.aside.has(one.id) && (!one["until"] || one["until"] > now));
  }

  render() {
    const room = this.room;
    if (!room?.webinar) return nothing;
    const notices = this.#notices();
    const question = room.all("question").find((one) => one["on_screen"] && !one["removed"]);
    const waiting = waitFor(room, question?.["shown_at"]);
    clearTimeout(this.timer);
    const next = Math.min(...notices.map((one) => (one["until"] ?? Infinity) - room.now()), waiting || Infinity);
    if (Number.isFinite(next)) this.timer = window.setTimeout(() => this.requestUpdate(), Math.max(50, Math.min(next, 60_000)));
    return html`<div class="screen-stack">${notices.map((one) => this.#notice(one))}
      ${question && !waiting && !this.aside.has(question.id) ? html`<figure class="screen-card"><figcaption class="spread small"><span><span class="figures">#${question["number"]}</span> ${question["author"]?.name ?? ""}</span><button class="button plain small square" type="button" aria-label=${t("Put aside")} title=${t("Put aside")} @click=${() => this.#put(question.id)}>${icon("x")}</button></figcaption><blockquote>${question["text"]}</blockquote></figure>` : nothing}
      <room-polls screen></room-polls></div>`;
  }

  /** @param {Entity} notice */
  #notice(notice) {
    const button = notice["button"];
    return html`<div class="screen-card screen-notice" role="status">${icon("megaphone")}<p class="grow">${notice["text"]}</p>
      ${button ? html`<a class="button small primary" href=${button.url} target="_blank" rel="noopener noreferrer nofollow">${button.text}</a>` : nothing}
      <button class="button plain small square" type="button" aria-label=${t("Put aside")} title=${t("Put aside")} @click=${() => this.#put(notice.id)}>${icon("x")}</button></div>`;
  }

  /** @param {string} id */
  #put(id) {
    this.aside.add(id);
    this.requestUpdate();
  }
}

customElements.define("room-screen", RoomScreen);
