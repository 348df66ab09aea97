/**
 * What every form gets: a busy button instead of a second submit, counters, and the focus on the summary of errors.
 * @module
 */
import { tn } from "./i18n.js";

/** @param {Document} page */
export function wireForms(page) {
  page.addEventListener("submit", submitted);
  page.addEventListener("input", (event) => count(event.target));
  // A page from the back-forward cache must not stay busy.
  addEventListener("pageshow", () => page.querySelectorAll("form [aria-busy]").forEach((button) => button.removeAttribute("aria-busy")));
  for (const field of page.querySelectorAll("[data-count]")) count(field);
  const summary = page.querySelector("[data-focus]");
  if (summary instanceof HTMLElement) summary.focus();
}

/** @param {SubmitEvent} event */
function submitted(event) {
  const button = event.submitter;
  if (event.defaultPrevented || !button) return;
  const download = /** @type {HTMLElement} */ (event.target).dataset.download;
  if (download !== undefined) {
    // The page stays: nothing would ever take the busy state away again.
    if (download === "once") setTimeout(() => button.setAttribute("disabled", ""));
    return;
  }
  if (button.getAttribute("aria-busy") === "true") event.preventDefault();
  else if (!event.target || /** @type {HTMLFormElement} */ (event.target).method !== "dialog") button.setAttribute("aria-busy", "true");
}

/** @param {EventTarget | null} field */
function count(field) {
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) || !field.dataset.count) return;
  const left = Number(field.dataset.count) - [...field.value].length;
  const place = document.getElementById(`${field.id}-count`);
  if (!place) return;
  place.hidden = left > Number(field.dataset.count) * 0.5;
  place.textContent = left < 0 ? tn("{n} character too many", "{n} characters too many", -left) : tn("{n} character left", "{n} characters left", left);
  place.dataset.state = left < 0 ? "over" : "";
}
