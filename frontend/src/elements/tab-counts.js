/**
 * A count of what is new on the tab of a panel that is not open; opening it clears the count. Panels send "fresh" with a number.
 * @module
 */
import { make } from "../lib/dom.js";
import { number } from "../lib/i18n.js";

export function countOnTabs() {
  document.addEventListener("fresh", (event) => {
    const panel = event.target instanceof Element ? event.target.closest(".tab-panel") : null;
    if (panel instanceof HTMLElement && panel.hidden) add(panel.id, /** @type {CustomEvent<number>} */ (event).detail);
  });
  document.addEventListener("tab", (event) => countOf(/** @type {CustomEvent<string>} */ (event).detail)?.remove());
}

/** @param {string} id of the panel */
function countOf(id) {
  return document.querySelector(`.tab[aria-controls="${CSS.escape(id)}"] .count`);
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
}
