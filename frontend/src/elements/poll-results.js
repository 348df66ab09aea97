/**
 * Results of a poll as bars with their numbers in words, for room, console, hall and overlay alike.
 * @module
 */
import { html, nothing, svg } from "lit";
import { number, t, tn } from "../lib/i18n.js";

/** @typedef {import("../protocol/room.d.ts").PollItem} PollItem */
/** @typedef {import("../protocol/room.d.ts").Tally} Tally */
/** @typedef {{text: string, n: number, share: number, note?: string, own?: boolean, right?: boolean}} Bar */

/**
 * @param {PollItem[]} items
 * @param {Record<string, Tally>} tally
 * @param {Record<string, any>} [own] the reader's answers
 */
export function pollResults(items, tally, own = {}) {
  return items.map((item) => {
    const found = tally[item.id ?? ""];
    return html`<section class="poll-result"><h3>${item.text}</h3>${found ? itemResult(item, found, own[item.id ?? ""]) : html`<p class="quiet small">${t("No answers yet.")}</p>`}</section>`;
  });
}

/** @param {PollItem} item @param {Tally} tally @param {any} own */
function itemResult(item, tally, own) {
  const answers = html`<p class="quiet small figures">${tn("{n} answer", "{n} answers", tally.n)}</p>`;
  if (item.kind === "rating") return html`${bars(ratings(item, tally, own))}<p class="small figures">${tally.mean === undefined || tally.mean === null ? nothing : t("On average {mean} of {max}", { mean: number(Math.round(tally.mean * 10) / 10), max: item.max ?? 5 })}</p>${answers}`;
  if (item.kind === "ranking") return html`${bars(ranking(item, tally))}${answers}`;
  if (item.kind === "words") return html`${cloud(tally.words ?? [])}${answers}`;
  if (item.kind === "text") return html`<ul class="poll-texts" role="list">${(tally.texts ?? []).map((text) => html`<li>${text}</li>`)}</ul>${answers}`;
  return html`${bars(choices(item, tally, own))}${answers}`;
}

/** @param {PollItem} item @param {Tally} tally @param {any} own @returns {Bar[]} */
function choices(item, tally, own) {
  const mine = Array.isArray(own) ? own : [own];
  return (item.options ?? []).map((option) => {
    const n = tally.options?.[option.id ?? ""] ?? 0;
    return { text: option.text, n, share: share(n, tally.n), own: mine.includes(option.id), right: Boolean(item.right?.includes(option.id ?? "")) };
  });
}

/** @param {PollItem} item @param {Tally} tally @param {any} own @returns {Bar[]} */
function ratings(item, tally, own) {
  return Array.from({ length: item.max ?? 5 }, (_, at) => {
    const n = tally.ratings?.[String(at + 1)] ?? 0;
    const label = at === 0 ? item.labels?.[0] : at + 1 === (item.max ?? 5) ? item.labels?.[1] : "";
    return { text: label ? `${at + 1} · ${label}` : String(at + 1), n, share: share(n, tally.n), own: own === at + 1 };
  });
}

/** @param {PollItem} item @param {Tally} tally @returns {Bar[]} */
function ranking(item, tally) {
  const most = Math.max(1, ...Object.values(tally.points ?? {}));
  const rows = (item.options ?? []).map((option) => ({ text: option.text, n: tally.points?.[option.id ?? ""] ?? 0, share: 0, note: t("points") }));
  return rows.sort((a, b) => b.n - a.n).map((row, at) => ({ ...row, text: `${at + 1}. ${row.text}`, share: Math.round((100 * row.n) / most) }));
}

/** @param {number} n @param {number} of */
function share(n, of) {
  return of ? Math.round((100 * n) / of) : 0;
}

/** The look of the macro `ui.bars`. @param {Bar[]} rows */
export function bars(rows) {
  return html`<ul class="bars" role="list">${rows.map(
    (row) => html`<li><span class=${row.own ? "chosen" : ""}>${row.text}${row.own ? html` <span class="quiet">· ${t("your answer")}</span>` : nothing}${row.right ? html` <span class="pill" data-tone="good">${t("right")}</span>` : nothing}</span>
      <span class="figures">${row.note ? html`${number(row.n)} <span class="quiet">${row.note}</span>` : html`${number(row.share)} % <span class="quiet">(${number(row.n)})</span>`}</span>
      <svg aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 1">${svg`<rect width=${row.share} height="1"></rect>`}</svg></li>`,
  )}</ul>`;
}

/** Words, the more often said the larger; each with its number for those who do not see sizes. @param {[string, number][]} list */
function cloud(list) {
  const most = Math.max(1, ...list.map(([, n]) => n));
  return html`<ul class="poll-cloud" role="list">${list.map(([word, n]) => html`<li data-size=${Math.ceil((4 * n) / most)}>${word} <span class="figures quiet small">${number(n)}</span></li>`)}</ul>`;
}
