/**
 * Around the moderators' list of questions: which are shown, in which order, what is done with several at once, and what an empty
 * list says.
 * @module
 */
import { html, nothing } from "lit";
import { t, tn } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { SORTS } from "../lib/question-words.js";
import { putAway } from "./question-work.js";

/** @typedef {import("../state/room.js").Entity} Entity */
/** @typedef {import("./console-questions.js").ConsoleQuestions} ConsoleQuestions */

/** @type {Record<string, (question: Entity) => boolean>} */
const FILTERS = {
  open: (q) => !q["archived"] && ["visible", "answering"].includes(q["state"]),
  answered: (q) => !q["archived"] && q["state"] === "answered",
  starred: (q) => !q["archived"] && Boolean(q["starred"]),
  follow: (q) => Boolean(q["follow_up"]),
  closed: (q) => !q["archived"] && ["rejected", "hidden", "merged"].includes(q["state"]),
  archived: (q) => Boolean(q["archived"]),
};

/** Names (kind and id) of what the list shows, as it should stand. @param {ConsoleQuestions} list @returns {string[]} */
export function wantedNames({ room, view, filter, sort, search }) {
  const questions = (room?.all("question") ?? []).filter((q) => !q["removed"]);
  if (view === "waiting") {
    const pending = questions.filter((q) => q["state"] === "pending" && !q["archived"]).sort(SORTS["place"]);
    const messages = (room?.all("message") ?? []).filter((m) => ["approval", "words"].includes(m["held"]) && !m["removed"]).sort((a, b) => a["at"] - b["at"]);
    return [...pending, ...messages].map((one) => `${one.kind}/${one.id}`);
  }
  const said = search.toLowerCase();
  const fits = (/** @type {Entity} */ q) => (said ? `#${q["number"]} ${q["text"]} ${q["author"]?.name ?? ""} ${q["label"] ?? ""}`.toLowerCase().includes(said) && q["state"] !== "pending" : FILTERS[filter]?.(q));
  const shown = questions.filter(fits).sort(SORTS[sort]);
  const first = shown.filter((q) => q["on_screen"] || q["state"] === "answering");
  return [...first, ...shown.filter((q) => !first.includes(q))].map((one) => `question/${one.id}`);
}

/** @param {ConsoleQuestions} list */
export function tools(list) {
  const names = /** @type {Record<string, string>} */ ({ open: t("Open"), answered: t("Answered"), starred: t("Starred"), follow: t("Follow up"), closed: t("Rejected and hidden"), archived: t("Archived") });
  return html`<div class="list-tools">
    <span class="select small"><select class="input" aria-label=${t("Which questions")} .value=${list.filter} @change=${(/** @type {Event} */ event) => list.choose("filter", event)}>${Object.entries(names).map(([key, name]) => html`<option value=${key} ?selected=${key === list.filter}>${name}</option>`)}</select>${icon("chevron-down")}</span>
    <span class="select small"><select class="input" aria-label=${t("Order")} @change=${(/** @type {Event} */ event) => list.choose("sort", event)}><option value="place">${t("Our order")}</option><option value="votes">${t("Most votes")}</option><option value="newest">${t("Newest")}</option></select>${icon("chevron-down")}</span>
    <input class="input grow" type="search" placeholder=${t("Find")} aria-label=${t("Find a question")} .value=${list.search} @input=${(/** @type {Event} */ event) => list.choose("search", event)}>
    ${list.may("questions.moderate") ? html`<button class="button small" type="button" title=${t("Put the open question with most votes on screen")} @click=${() => void list.act("question.next", {})}>${icon("monitor")}<span>${t("Next")}</span></button>` : nothing}
  </div>`;
}

/** @param {ConsoleQuestions} list */
export function bulk(list) {
  const chosen = [...list.picked];
  const restoring = list.filter === "archived" && list.view === "open";
  const approve = async () => {
    for (const question of chosen) await list.act("question.approve", { question });
    list.unpick();
  };
  const archive = () => {
    const archived = !restoring;
    const questions = (list.room?.all("question") ?? []).filter((one) => chosen.includes(one.id));
    putAway(list, questions, archived, archived ? tn("{n} question archived", "{n} questions archived", chosen.length) : t("Restored"), (ok) => void (ok && list.unpick()));
  };
  return html`<div class="list-tools list-bulk"><b class="figures">${tn("{n} chosen", "{n} chosen", chosen.length)}</b>
    ${list.view === "waiting" ? html`<button class="button small" type="button" @click=${() => void approve()}>${t("Approve all")}</button>` : nothing}
    <button class="button small" type="button" @click=${archive}>${restoring ? t("Restore") : t("Archive")}</button>
    <button class="button small plain" type="button" @click=${() => list.unpick()}>${t("Choose none")}</button></div>`;
}

/** @param {ConsoleQuestions} list */
export function empty({ room, view, search, filter }) {
  if (!room?.webinar) return nothing;
  if (view === "open") return html`<p class="list-empty quiet">${search ? t("Nothing found.") : filter === "open" ? t("Questions that everyone sees stand here. Approve one on the left, or press A.") : t("Nothing here yet.")}</p>`;
  if (room.webinar["questions"]?.mode === "open") return html`<p class="list-empty quiet">${t("Nothing waits. Questions are shown to everyone at once; those the word list holds come here.")}</p>`;
  return html`<p class="list-empty quiet">${t("Nothing waits. New questions and held messages come here.")}</p>`;
}

/** Where a question was dropped among `ids`; nothing when it stays. @param {DragEvent} event @param {string[]} ids */
export function dropped(event, ids) {
  const question = event.dataTransfer?.getData("text/lectern-question");
  const row = event.target instanceof Element ? event.target.closest("[data-key^='question/']") : null;
  if (!question || !row) return undefined;
  const onto = (row.getAttribute("data-key") ?? "").slice(9);
  const box = row.getBoundingClientRect();
  const after = event.clientY > box.top + box.height / 2 ? onto : ids[ids.indexOf(onto) - 1];
  if (question === onto || after === question) return undefined;
  return { question, ...(after === undefined ? {} : { after }) };
}
