/**
 * What the crew decided, newest first: who, what, why; what can be taken back is, from here.
 * @module
 */
import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { t, words } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { moment } from "../lib/time.js";
import { LiveElement } from "./live-element.js";

/** @typedef {import("../state/room.js").Entity} Entity */

const MOST = 200;
const DEEDS = /** @type {Record<string, string>} */ ({
  "chat.hide": words("hid a message"), "chat.remove": words("removed a message"), "chat.pin": words("pinned a message"), "chat.release": words("showed a held message"), "chat.refuse": words("did not show a message"),
  "question.approve": words("approved {object}"), "question.reject": words("rejected {object}"), "question.hide": words("hid {object}"), "question.reopen": words("opened {object} again"), "question.rewrite": words("edited {object}"),
  "question.merge": words("merged {object}"), "question.unmerge": words("took the merge of {object} back"), "question.answer": words("answered {object}"), "question.show": words("put {object} on screen"), "question.take": words("took {object}"),
  "question.archive": words("archived {object}"), "question.from_message": words("made a message a question"), "question.star": words("starred {object}"), "question.label": words("labelled {object}"), "question.follow_up": words("marked {object} for later"),
  "person.mute": words("muted somebody"), "person.unmute": words("took a mute back"), "person.ban": words("banned somebody"), "person.unban": words("took a ban back"),
  "room.modes": words("changed what is open"), "room.words": words("changed the word list"), "hand.dismiss": words("lowered a hand"), "poll.open": words("opened a poll"), "poll.close": words("closed a poll"),
});

export class ConsoleLog extends LiveElement {
  static kinds = ["decision", "state"];

  render() {
    const all = (this.room?.all("decision") ?? []).sort((a, b) => b["at"] - a["at"] || b.seq - a.seq).slice(0, MOST);
    return html`<div class="list-box" tabindex="0" role=${all.length ? "list" : "group"} aria-label=${t("Decisions")}>${all.length ? repeat(all, (one) => one.id, (one) => this.#row(one)) : html`<p class="list-empty quiet">${t("What moderators decide is written here, with the reason.")}</p>`}</div>`;
  }

  /** @param {Entity} one */
  #row(one) {
    return html`<div class="list-row log-row" role="listitem" ?data-undone=${one["undone"]}><p class="grow small"><strong>${one["by"]?.name}</strong> ${this.#deed(one)}${one["reason"] ? html`: <em>${one["reason"]}</em>` : nothing}<br><time class="quiet">${moment(one["at"], "time")}</time>${one["undone"] ? html` <span class="quiet">· ${t("taken back")}</span>` : nothing}</p>
      ${one["undoable"] && !one["undone"] ? html`<button class="button small" type="button" @click=${() => void this.act("decision.undo", { decision: one.id }, { done: t("Taken back") })}>${icon("undo-2")}<span>${t("Undo")}</span></button>` : nothing}</div>`;
  }

  /** @param {Entity} one */
  #deed(one) {
    const [kind, id] = String(one["object"] ?? "").split("/");
    const question = kind === "question" ? this.room?.one("question", id) : undefined;
    const text = DEEDS[one["action"]];
    const object = question ? t("question {number}", { number: question["number"] }) : t("a question");
    return text ? t(text, { object }) : one["action"];
  }
}

customElements.define("console-log", ConsoleLog);
