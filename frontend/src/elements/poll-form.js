/**
 * The questions of a poll as a form: native inputs, so that keyboard, screen reader and phone know what to do.
 * @module
 */
import { html, nothing } from "lit";
import { t, tn } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";

/** @typedef {import("../protocol/room.d.ts").PollItem} PollItem */
/** @typedef {import("../protocol/room.d.ts").Answer} Answer */
/** @typedef {Record<string, any>} Draft */

/**
 * @param {import("../state/room.js").Entity} poll
 * @param {Draft} draft answers so far; changed as the person answers
 * @param {() => void} redraw
 * @param {(answers: Record<string, Answer>) => void} send
 */
export function pollForm(poll, draft, redraw, send) {
  const items = /** @type {PollItem[]} */ (poll["items"] ?? []);
  const given = items.filter((item) => answered(item, draft[item.id ?? ""]));
  const ready = given.length > 0 && items.every((item) => !item.required || given.includes(item));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (ready) send(Object.fromEntries(given.map((item) => [item.id ?? "", clean(item, draft[item.id ?? ""])])));
  };
  return html`<form class="poll-form stack gap-16" @submit=${submit}>
    ${items.map((item) => question(poll.id, item, draft, redraw))}
    <div class="row"><button class="button primary" ?disabled=${!ready}>${t("Send my answer")}</button>${items.length > 1 ? html`<span class="quiet small figures">${t("{n} of {all} answered", { n: given.length, all: items.length })}</span>` : nothing}</div>
  </form>`;
}

/** @param {PollItem} item @param {any} value */
function answered(item, value) {
  if (item.kind === "ranking") return Array.isArray(value) && value.length > 0;
  return Array.isArray(value) ? value.some(Boolean) : value !== undefined && value !== "";
}

/** @param {PollItem} item @param {any} value @returns {Answer} */
function clean(item, value) {
  if (item.kind === "words") return value.map((/** @type {string} */ word) => (word ?? "").trim()).filter(Boolean);
  return item.kind === "text" ? value.trim() : value;
}

/** @param {string} poll @param {PollItem} item @param {Draft} draft @param {() => void} redraw */
function question(poll, item, draft, redraw) {
  const id = item.id ?? "";
  const set = (/** @type {any} */ value) => {
    draft[id] = value;
    redraw();
  };
  const control = { single: one, quiz: one, several, rating, ranking, text: open, words: few }[item.kind];
  return html`<fieldset class="group poll-item"><legend>${item.text}${item.required ? html` <span class="quiet small">${t("must be answered")}</span>` : nothing}</legend>${control(`${poll}-${id}`, item, draft[id], set)}</fieldset>`;
}

/** @typedef {(name: string, item: PollItem, value: any, set: (value: any) => void) => unknown} Control */

/** @type {Control} */
function one(name, item, value, set) {
  return (item.options ?? []).map((option) => html`<label class="choice card-choice"><input type="radio" name=${name} .checked=${value === option.id} @change=${() => set(option.id)}><span class="choice-text">${option.text}</span></label>`);
}

/** @type {Control} */
function several(_name, item, value, set) {
  const chosen = /** @type {string[]} */ (value ?? []);
  const full = Boolean(item.max) && chosen.length >= (item.max ?? 0);
  const flip = (/** @type {string} */ id) => set(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  return html`${item.max && item.max < (item.options?.length ?? 0) ? html`<p class="field-help">${tn("Choose up to {n}", "Choose up to {n}", item.max)}</p>` : nothing}
    ${(item.options ?? []).map((option) => html`<label class="choice card-choice"><input type="checkbox" .checked=${chosen.includes(option.id ?? "")} ?disabled=${full && !chosen.includes(option.id ?? "")} @change=${() => flip(option.id ?? "")}><span class="choice-text">${option.text}</span></label>`)}`;
}

/** @type {Control} */
function rating(name, item, value, set) {
  const all = Array.from({ length: item.max ?? 5 }, (_, at) => at + 1);
  return html`<div class="segmented poll-scale">${all.map((n) => html`<label><input type="radio" name=${name} .checked=${value === n} @change=${() => set(n)}><span class="figures">${n}</span></label>`)}</div>
    ${item.labels ? html`<p class="spread quiet small"><span>${item.labels[0]}</span><span>${item.labels[1]}</span></p>` : nothing}`;
}

/** @type {Control} */
function ranking(_name, item, value, set) {
  const ids = (item.options ?? []).map((option) => option.id ?? "");
  const order = /** @type {string[]} */ (value ?? ids);
  const text = (/** @type {string} */ id) => item.options?.find((option) => option.id === id)?.text ?? "";
  const move = (/** @type {number} */ at, /** @type {number} */ by) => {
    const next = [...order];
    const [taken] = next.splice(at, 1);
    if (taken !== undefined) next.splice(at + by, 0, taken);
    set(next);
  };
  return html`<p class="field-help">${t("Put the best first.")}</p><ol class="poll-ranking" role="list">${order.map(
    (id, at) => html`<li class="row"><span class="figures quiet">${at + 1}.</span><span class="grow">${text(id)}</span>
      <button class="button small square" type="button" ?disabled=${at === 0} aria-label=${t("{text}: up", { text: text(id) })} @click=${() => move(at, -1)}>${icon("arrow-up")}</button>
      <button class="button small square" type="button" ?disabled=${at === order.length - 1} aria-label=${t("{text}: down", { text: text(id) })} @click=${() => move(at, 1)}>${icon("arrow-down")}</button></li>`,
  )}</ol>${value ? nothing : html`<button class="button small" type="button" @click=${() => set(ids)}>${t("This order is right")}</button>`}`;
}

/** @type {Control} */
function open(_name, item, value, set) {
  return html`<textarea class="input" rows="2" maxlength="500" aria-label=${item.text} .value=${value ?? ""} @input=${(/** @type {Event} */ event) => set(/** @type {HTMLTextAreaElement} */ (event.target).value)}></textarea>`;
}

/** @type {Control} */
function few(_name, item, value, set) {
  const list = /** @type {string[]} */ (value ?? []);
  return Array.from({ length: item.max ?? 3 }, (_, at) => html`<input class="input" maxlength="40" autocomplete="off" aria-label=${t("Word {n}", { n: at + 1 })} placeholder=${t("Word {n}", { n: at + 1 })} .value=${list[at] ?? ""} @input=${(/** @type {Event} */ event) => set(Object.assign([...list], { [at]: /** @type {HTMLInputElement} */ (event.target).value }))}>`);
}
