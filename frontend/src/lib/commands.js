/**
 * What the command bar offers. Links of the navigation and everything with `data-command` come by themselves.
 * @module
 */

/** @typedef {{text: string, group: string, icon: string, keys?: string, run: () => void}} Command */

/** @type {Set<Command>} */
const commands = new Set();

/**
 * @param {{text: string, group: string, icon?: string, keys?: string, run: () => void}} one
 * @returns {() => void} takes it away again
 */
export function command({ icon = "chevron-right", ...rest }) {
  const added = { icon, ...rest };
  commands.add(added);
  return () => commands.delete(added);
}

/** @returns {Command[]} */
export function allCommands() {
  return [...commands, ...[...document.querySelectorAll(".staff-nav a, [data-command]")].map(fromPage)];
}

/**
 * @param {Element} element
 * @returns {Command}
 */
function fromPage(element) {
  const target = /** @type {HTMLElement} */ (element);
  return {
    text: target.dataset.command || target.textContent.trim(),
    group: target.closest("nav")?.getAttribute("aria-label") ?? document.title,
    icon: element.querySelector("use")?.getAttribute("href")?.split("#")[1] ?? "chevron-right",
    run: () => target.click(),
  };
}
