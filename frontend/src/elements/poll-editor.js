/**
 * The form in which a poll is prepared: several questions of seven kinds, who sees the results, a timer, a moment to open by itself.
 * @module
 */
import { html, nothing, render } from "lit";
import { t, words } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { randomRef } from "../protocol/socket.js";

/** @typedef {import("./live-element.js").LiveElement} LiveElement */
/** @typedef {import("../protocol/room.d.ts").PollItem} PollItem */
/** @typedef {{title: string, items: PollItem[], anonymous: boolean, results: string, place: string, seconds: number, opens: string}} Draft */

const KINDS = /** @type {[PollItem["kind"], string][]} */ ([["single", words("One answer")], ["several", words("Several answers")], ["rating", words("Rating")], ["ranking", words("Ranking")], ["text", words("Open text")], ["words", words("Word cloud")], ["quiz", words("Quiz with a right answer")]]);
const WITH_OPTIONS = ["single", "several", "ranking", "quiz"];

/** @param {LiveElement} from @param {import("../state/room.js").Entity | undefined} poll */
export function editPoll(from, poll) {
  const place = document.createElement("div");
  document.body.append(place);
  const draft = draftOf(poll);
  const draw = () => render(view(draft, poll, draw, () => void send(from, poll, draft, place), () => place.remove()), place);
  draw();
  const dialog = /** @type {HTMLDialogElement} */ (place.querySelector("dialog"));
  dialog.showModal();
  /** @type {HTMLElement | null} */ (dialog.querySelector("[data-first]"))?.focus();
}

/** @param {import("../state/room.js").Entity | undefined} poll @returns {Draft} */
function draftOf(poll) {
  const opens = poll?.["opens_at"] ? new Date(poll["opens_at"] - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16) : "";
  return {
    title: poll?.["title"] ?? "",
    items: structuredClone(poll?.["items"] ?? [fresh()]),
    anonymous: poll ? Boolean(poll["anonymous"]) : true,
    results: poll?.["results"] ?? "voted",
    place: poll?.["place"] ?? "sidebar",
    seconds: poll?.["seconds"] ?? 0,
    opens,
  };
}

/** @returns {PollItem} */
function fresh() {
  return { kind: "single", text: "", options: [{ text: "" }, { text: "" }] };
}

/** @param {LiveElement} from @param {import("../state/room.js").Entity | undefined} poll @param {Draft} draft @param {HTMLElement} place */
async function send(from, poll, draft, place) {
  const fields = {
    title: draft.title.trim(),
    items: draft.items.map(tidy),
    anonymous: draft.anonymous,
    results: draft.results,
    place: draft.place,
    ...(draft.seconds ? { seconds: draft.seconds } : {}),
    ...(draft.opens ? { opens_at: new Date(draft.opens).getTime() } : {}),
  };
  const version = poll?.["version"];
  const ok = poll ? await from.act("poll.change", { poll: poll.id, ...(version === undefined ? {} : { version }), ...fields }) : await from.act("poll.make", fields, { done: t("The poll is ready. Open it when its moment comes.") });
  if (ok) place.querySelector("dialog")?.close();
}

/** @param {PollItem} item @returns {PollItem} */
function tidy(item) {
  const options = WITH_OPTIONS.includes(item.kind) ? (item.options ?? []).filter((option) => option.text.trim()).map((option) => ({ ...option, text: option.text.trim() })) : undefined;
  const kept = new Set(options?.map((option) => option.id));
  return {
    ...(item.id ? { id: item.id } : {}),
    ...(item.required ? { required: true } : {}),
    kind: item.kind,
    text: item.text.trim(),
    ...(options ? { options } : {}),
    ...(["several", "rating", "words"].includes(item.kind) && item.max ? { max: item.max } : {}),
    ...(item.kind === "quiz" ? { right: (item.right ?? []).filter((id) => kept.has(id)) } : {}),
    ...(item.kind === "rating" && item.labels?.some(Boolean) ? { labels: item.labels } : {}),
  };
}

/** @param {Draft} draft @param {unknown} poll @param {() => void} draw @param {() => void} save @param {() => void} closed */
function view(draft, poll, draw, save, closed) {
  const set = (/** @type {Partial<Draft>} */ change) => {
    Object.assign(draft, change);
    draw();
  };
  return html`<dialog class="dialog wide poll-editor" aria-labelledby="poll-title" @close=${closed}><form @submit=${(/** @type {Event} */ event) => { event.preventDefault(); save(); }}>
    <div class="dialog-head"><h2 id="poll-title">${poll ? t("Edit the poll") : t("New poll")}</h2><button class="button plain square" type="button" data-closes aria-label=${t("Close")} title=${t("Close")}>${icon("x")}</button></div>
    <div class="dialog-body">
      <label class="field"><span class="field-head">${t("Title")} <span class="optional">${t("optional")}</span></span><input class="input" maxlength="160" .value=${draft.title} @input=${(/** @type {Event} */ event) => (draft.title = value(event))}></label>
      ${draft.items.map((item, at) => itemView(draft, item, at, draw))}
      <div><button class="button small" type="button" ?disabled=${draft.items.length >= 20} @click=${() => set({ items: [...draft.items, fresh()] })}>${icon("plus")}<span>${t("Another question")}</span></button></div>
      <hr>
      <div class="grid fields">
        ${choose(t("Who sees the results"), draft.results, [["always", t("Everyone, always")], ["voted", t("Whoever has voted")], ["closed", t("Everyone, once closed")], ["crew", t("The crew only")]], (results) => set({ results }))}
        ${choose(t("Where it stands"), draft.place, [["sidebar", t("In the side panel")], ["screen", t("On screen for everyone")]], (where) => set({ place: where }))}
        ${choose(t("Timer"), String(draft.seconds), [["0", t("None")], ["30", t("30 seconds")], ["60", t("1 minute")], ["120", t("2 minutes")], ["300", t("5 minutes")]], (seconds) => set({ seconds: Number(seconds) }))}
        <label class="field"><span class="field-head">${t("Opens by itself at")} <span class="optional">${t("optional")}</span></span><input class="input" type="datetime-local" .value=${draft.opens} @input=${(/** @type {Event} */ event) => (draft.opens = value(event))}></label>
      </div>
      <label class="choice"><input type="checkbox" role="switch" .checked=${draft.anonymous} @change=${() => set({ anonymous: !draft.anonymous })}><span class="choice-text">${t("Anonymous")}<span class="field-help">${t("Nobody, not even you, can see who answered what. Otherwise people are told that answers are stored with their names.")}</span></span></label>
    </div>
    <div class="dialog-foot"><button class="button" type="button" data-closes>${t("Cancel")}</button><button class="button primary">${t("Save")}</button></div></form></dialog>`;
}

/** @param {Draft} draft @param {PollItem} item @param {number} at @param {() => void} draw */
function itemView(draft, item, at, draw) {
  const kind = (/** @type {string} */ to) => {
    item.kind = /** @type {PollItem["kind"]} */ (to);
    if (WITH_OPTIONS.includes(to)) item.options ??= [{ text: "" }, { text: "" }];
    if (to === "rating") item.max = Math.min(10, item.max ?? 5);
    if (to === "words") item.max = Math.min(5, item.max ?? 3);
    if (to === "several") delete item.max;
    draw();
  };
  const drop = () => {
    draft.items = draft.items.filter((other) => other !== item);
    draw();
  };
  return html`<fieldset class="card group poll-edit-item"><legend class="visually-hidden">${t("Question {number}", { number: at + 1 })}</legend>
    <div class="row">${choose(t("Kind"), item.kind, KINDS.map(([key, text]) => [key, t(text)]), kind)}<span class="grow"></span>${draft.items.length > 1 ? html`<button class="button small plain square" type="button" aria-label=${t("Remove question {number}", { number: at + 1 })} title=${t("Remove")} @click=${drop}>${icon("trash-2")}</button>` : nothing}</div>
    <label class="field"><span class="field-head">${t("Question")}</span><input class="input" ?data-first=${at === 0} required maxlength="300" .value=${item.text} @input=${(/** @type {Event} */ event) => (item.text = value(event))}></label>
    ${WITH_OPTIONS.includes(item.kind) ? options(item, at, draw) : nothing}
    ${item.kind === "several" ? choose(t("How many may be chosen"), String(item.max ?? ""), [["", t("Any number")], ...(item.options ?? []).map((_, n) => /** @type {[string, string]} */ ([String(n + 1), String(n + 1)])).slice(1)], (max) => { if (max) item.max = Number(max); else delete item.max; draw(); }) : nothing}
    ${item.kind === "rating" ? scale(item, draw) : nothing}
    <label class="choice"><input type="checkbox" .checked=${Boolean(item.required)} @change=${() => { item.required = !item.required; draw(); }}><span class="choice-text small">${t("Must be answered")}</span></label>
    ${item.kind === "words" ? choose(t("Words from each person"), String(item.max ?? 3), ["1", "2", "3", "4", "5"].map((n) => [n, n]), (max) => { item.max = Number(max); draw(); }) : nothing}
  </fieldset>`;
}

/** @param {PollItem} item @param {number} at @param {() => void} draw */
function options(item, at, draw) {
  const list = (item.options ??= []);
  const right = (/** @type {{id?: string}} */ option) => {
    option.id ??= randomRef().slice(0, 12);
    const chosen = item.right ?? [];
    item.right = chosen.includes(option.id) ? chosen.filter((id) => id !== option.id) : [...chosen, option.id];
    draw();
  };
  return html`<div class="stack gap-8">${list.map((option, n) => html`<div class="row poll-option"><input class="input grow" maxlength="200" required aria-label=${t("Answer {n} of question {number}", { n: n + 1, number: at + 1 })} placeholder=${t("Answer {n}", { n: n + 1 })} .value=${option.text} @input=${(/** @type {Event} */ event) => (option.text = value(event))}>
      ${item.kind === "quiz" ? html`<label class="choice"><input type="checkbox" .checked=${Boolean(option.id && item.right?.includes(option.id))} @change=${() => right(option)}><span class="choice-text small">${t("right")}</span></label>` : nothing}
      <button class="button small plain square" type="button" ?disabled=${list.length < 3} aria-label=${t("Remove answer {n}", { n: n + 1 })} @click=${() => { item.options = list.filter((other) => other !== option); draw(); }}>${icon("x")}</button></div>`)}
    <div><button class="button small plain" type="button" ?disabled=${list.length >= 20} @click=${() => { list.push({ text: "" }); draw(); }}>${icon("plus")}<span>${t("Another answer")}</span></button></div></div>`;
}

/** @param {PollItem} item @param {() => void} draw */
function scale(item, draw) {
  const label = (/** @type {0 | 1} */ at) => (/** @type {Event} */ event) => {
    const labels = /** @type {[string, string]} */ ([item.labels?.[0] ?? "", item.labels?.[1] ?? ""]);
    labels[at] = value(event);
    item.labels = labels;
  };
  return html`<div class="grid fields">${choose(t("From 1 to"), String(item.max ?? 5), ["3", "4", "5", "6", "7", "8", "9", "10"].map((n) => [n, n]), (max) => { item.max = Number(max); draw(); })}
    <label class="field"><span class="field-head">${t("1 means")}</span><input class="input" maxlength="40" .value=${item.labels?.[0] ?? ""} @input=${label(0)}></label>
    <label class="field"><span class="field-head">${t("The highest means")}</span><input class="input" maxlength="40" .value=${item.labels?.[1] ?? ""} @input=${label(1)}></label></div>`;
}

/** @param {string} name @param {string} chosen @param {string[][]} list @param {(value: string) => void} set */
function choose(name, chosen, list, set) {
  return html`<label class="field"><span class="field-head">${name}</span><span class="select"><select class="input" @change=${(/** @type {Event} */ event) => set(value(event))}>${list.map(([key, text]) => html`<option value=${key} ?selected=${key === chosen}>${text}</option>`)}</select>${icon("chevron-down")}</span></label>`;
}

/** @param {Event} event */
function value(event) {
  return /** @type {HTMLInputElement} */ (event.target).value;
}
