/**
 * A count of what is new on the tab of a panel that is not open; opening it clears the count. Panels send "fresh" with a number.
 * @module
 */
import { make } from "../lib/dom.js";
import { number } from "../lib/i18n.js";

export function countOnTabs() {
  document.addEventListener("fresh", (event) => {
    const panel = event.target instanceof Element ? event.target.closest(".tab-panel") : null;
    if (panel instanceof HTMLElement && !panel.checkVisibility() && !waits.has(panel.id)) add(panel.id, /** @type {CustomEvent<number>} */ (event).detail);
  });
  document.addEventListener("count", (event) => {
    const panel = event.target instanceof Element ? event.target.closest(".tab-panel") : null;
    if (panel) put(panel.id, /** @type {CustomEvent<number>} */ (event).detail);
  });
  document.addEventListener("tab", (event) => {
    const id = /** @type {CustomEvent<string>} */ (event).detail;
    if (!waits.has(id)) countOf(id)?.remove();
    mark();
  });
}

/** Where the panels are out of sight, their button shows that something is new. */
function mark() {
  document.body.toggleAttribute("data-unread", Boolean(document.querySelector(".tab .count.strong")));
}

/** @param {string} id of the panel */
function countOf(id) {
  return document.querySelector(`.tab[aria-controls="${CSS.escape(id)}"] .count`);
}

/** Panels that say how much waits in them, which looking does not change. @type {Set<string>} */
const waits = new Set();

/** @param {string} id @param {number} n */
function put(id, n) {
  waits.add(id);
  countOf(id)?.remove();
  if (n) document.querySelector(`.tab[aria-controls="${CSS.escape(id)}"]`)?.append(make("span", { class: "count" }, number(n)));
}

/** @param {string} id @param {number} more */
function add(id, more) {
  const known = countOf(id);
  const tab = document.querySelector(`.tab[aria-controls="${CSS.escape(id)}"]`);
  const count = /** @type {HTMLElement} */ (known ?? make("span", { class: "count strong" }));
  const sum = Number(count.dataset["n"] ?? 0) + more;
  count.dataset["n"] = String(sum);
  count.textContent = number(sum);
  if (!known) tab?.append(count);
  mark();
}
