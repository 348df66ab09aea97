/**
 * Moving the focus with arrow keys.
 * @module
 */

/**
 * The item an arrow key, Home or End leads to; none for other keys. In pages written from the right, left and right change places.
 * @param {KeyboardEvent} event
 * @param {HTMLElement[]} items
 * @param {"vertical" | "horizontal"} direction
 */
export function arrowTarget(event, items, direction) {
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const flip = direction === "horizontal" && document.documentElement.dir === "rtl";
  const [back, forth] = direction === "vertical" ? ["ArrowUp", "ArrowDown"] : flip ? ["ArrowRight", "ArrowLeft"] : ["ArrowLeft", "ArrowRight"];
  const last = items.length - 1;
  if (event.key === forth) return items[at === last ? 0 : at + 1];
  if (event.key === back) return items[at <= 0 ? last : at - 1];
  if (event.key === "Home") return items[0];
  if (event.key === "End") return items[last];
  return undefined;
}
