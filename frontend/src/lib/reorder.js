/**
 * Moving the items of a list by drag (mouse, pen or finger) or by its up and down buttons, without losing the focus.
 * @module
 */
import { announce } from "./announce.js";
import { t } from "./i18n.js";

/**
 * @param {HTMLElement} list whose children carry `data-id` and `data-name`
 * @param {(ids: string[]) => Promise<void>} save
 */
export function reorder(list, save) {
  for (const grip of list.querySelectorAll("[data-grip]")) {
    if (grip instanceof HTMLElement) grip.hidden = false;
    grip.addEventListener("pointerdown", (event) => drag(list, /** @type {PointerEvent} */ (event), save));
  }
  list.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset["move"]) return;
    event.preventDefault();
    event.stopPropagation();
    const item = /** @type {HTMLElement | null} */ (form.closest("[data-id]"));
    if (item && step(item, Number(form.dataset["move"]))) settle(list, item, event.submitter, save);
  });
}

/** @param {HTMLElement} item @param {number} by */
function step(item, by) {
  const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return false;
  if (by < 0) other.before(item);
  else other.after(item);
  return true;
}

/**
 * @param {HTMLElement} list @param {PointerEvent} event @param {(ids: string[]) => Promise<void>} save
 */
function drag(list, event, save) {
  const grip = /** @type {HTMLElement} */ (event.currentTarget);
  const item = /** @type {HTMLElement | null} */ (grip.closest("[data-id]"));
  if (!item || event.button !== 0) return;
  event.preventDefault();
  // No pointer capture: it is lost when the held item moves in the document.
  item.dataset["held"] = "";
  const move = (/** @type {PointerEvent} */ at) => {
    const over = /** @type {HTMLElement[]} */ ([...list.children]).find((one) => one !== item && within(one, at.clientY));
    if (!over) return;
    const box = over.getBoundingClientRect();
    if (at.clientY < box.top + box.height / 2) over.before(item);
    else over.after(item);
  };
  const end = () => {
    delete item.dataset["held"];
    for (const [name, run] of heard) document.removeEventListener(name, /** @type {EventListener} */ (run));
    settle(list, item, null, save);
  };
  /** @type {[string, (event: PointerEvent) => void][]} */
  const heard = [["pointermove", move], ["pointerup", end], ["pointercancel", end]];
  for (const [name, run] of heard) document.addEventListener(name, /** @type {EventListener} */ (run));
}

/** @param {HTMLElement} one @param {number} y */
function within(one, y) {
  const box = one.getBoundingClientRect();
  return y >= box.top && y <= box.bottom;
}

/**
 * @param {HTMLElement} list @param {HTMLElement} item @param {HTMLElement | null} button
 * @param {(ids: string[]) => Promise<void>} save
 */
function settle(list, item, button, save) {
  const items = /** @type {HTMLElement[]} */ ([...list.children]);
  for (const [at, one] of items.entries()) {
    for (const form of one.querySelectorAll("form[data-move]")) {
      const last = /** @type {HTMLElement} */ (form).dataset["move"] === "1";
      form.querySelector("button")?.toggleAttribute("disabled", at === (last ? items.length - 1 : 0));
    }
  }
  // At the end of the list its button cannot be pressed again; the other one can.
  const wanted = button instanceof HTMLButtonElement && button.disabled ? item.querySelector("form[data-move] button:not([disabled])") : button;
  if (wanted instanceof HTMLElement) wanted.focus();
  const place = items.indexOf(item) + 1;
  announce(t("{name} is now number {place} of {all}.", { name: item.dataset["name"] ?? "", place, all: items.length }));
  void save(items.map((one) => one.dataset["id"] ?? ""));
}
