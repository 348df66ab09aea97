/**
 * Short messages that come and go, with undo.
 * @module
 */

/** @typedef {{text: string, tone: "" | "good" | "warn" | "danger", undo?: () => void, stays: boolean}} Toast */

/** @type {Toast[]} */
const early = [];

/** @type {((toast: Toast) => void) | undefined} */
let show;

/**
 * @param {string} text
 * @param {{tone?: Toast["tone"], undo?: () => void, stays?: boolean}} [how] `undo` adds the button; `stays` waits to be closed
 */
export function toast(text, { tone = "", undo, stays = false } = {}) {
  const one = { text, tone, stays, ...(undo ? { undo } : {}) };
  if (show) show(one);
  else early.push(one);
}

/** @param {(toast: Toast) => void} shower the element that shows them; it gets what came before it */
export function showToastsWith(shower) {
  show = shower;
  for (const one of early.splice(0)) shower(one);
}
