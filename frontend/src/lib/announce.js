/**
 * Says things to screen readers. What arrives together is said together, so that a busy room does not stammer.
 * @module
 */

const pause = 400;

/** @type {Record<"announcer" | "announcer-urgent", string[]>} */
const waiting = { announcer: [], "announcer-urgent": [] };

/**
 * @param {string} text
 * @param {{urgent?: boolean}} [how] urgent interrupts what is being read
 */
export function announce(text, { urgent = false } = {}) {
  const id = urgent ? "announcer-urgent" : "announcer";
  if (waiting[id].push(text) > 1) return;
  const region = document.getElementById(id);
  if (region) region.textContent = "";
  setTimeout(() => {
    if (region) region.textContent = waiting[id].join(". ");
    waiting[id].length = 0;
  }, pause);
}
