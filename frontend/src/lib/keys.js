/**
 * Keyboard shortcuts: registered with a text, listed by the keyboard sheet, silent while somebody types.
 * Combinations: "k", "?", "g w" (one after the other), "mod+k" (Ctrl, or Command on a Mac). People can switch single keys off (WCAG 2.1.4).
 * @module
 */
import { keep, remember } from "./storage.js";

/** @typedef {{combination: string, text: string, group: string, run: (event: KeyboardEvent) => void}} Shortcut */

/** @type {Map<string, Shortcut>} */
const shortcuts = new Map();
const patience = 1200;
let before = "";
let beforeAt = 0;

/**
 * @param {string} combination
 * @param {string} text what it does
 * @param {string} group heading in the sheet
 * @param {(event: KeyboardEvent) => void} run
 * @returns {() => void} takes the shortcut away again
 */
export function key(combination, text, group, run) {
  if (!shortcuts.size) document.addEventListener("keydown", pressed);
  const shortcut = { combination, text, group, run };
  shortcuts.set(combination, shortcut);
  return () => {
    if (shortcuts.get(combination) === shortcut) shortcuts.delete(combination);
  };
}

/** Keys that a list or a box handles itself, for the sheet. @type {Map<string, Omit<Shortcut, "run">>} */
const mentioned = new Map();

/** @param {string} combination @param {string} text @param {string} group */
export function mention(combination, text, group) {
  mentioned.set(`${group} ${combination}`, { combination, text, group });
}

/** @returns {Omit<Shortcut, "run">[]} */
export function allKeys() {
  return [...shortcuts.values(), ...mentioned.values()];
}

export function singleKeysOn() {
  return remember("keys") !== "off";
}

/** @param {boolean} on */
export function setSingleKeys(on) {
  keep("keys", on ? undefined : "off");
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.defaultPrevented || event.altKey || event.isComposing || event.repeat) return;
  const mod = event.ctrlKey || event.metaKey;
  const name = mod ? `mod+${event.key.toLowerCase()}` : event.key;
  if (!mod && (typing(event.target) || !singleKeysOn() || document.querySelector("dialog[open]"))) return;
  const shortcut = shortcuts.get(`${before} ${name}`) ?? shortcuts.get(name);
  const inTime = event.timeStamp - beforeAt < patience;
  before = name;
  beforeAt = event.timeStamp;
  if (!shortcut || (shortcut.combination.includes(" ") && !inTime)) return;
  before = "";
  event.preventDefault();
  shortcut.run(event);
}

/** @param {EventTarget | null} target */
function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input:not([type="checkbox"], [type="radio"], [type="button"]), textarea, select'));
}
