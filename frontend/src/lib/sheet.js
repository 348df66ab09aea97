/**
 * The panels of the room as a sheet on narrow screens: closed (only its tabs and what is unread), half, tall. Its handle is
 * dragged, tapped (one step further each time) or moved by arrows; Escape closes it. `data-side` of the body says which.
 * @module
 */

/** As in styles/pages/sheet.css. */
const NARROW = matchMedia("(max-width: 63.99rem) and (not ((orientation: landscape) and (max-height: 30rem)))");
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const STEPS = ["hidden", "", "tall"];
const STIRRED = 6;
const MEANT = 40;
const PEEK = 72;

/** @param {HTMLElement} handle */
export function wireSheet(handle) {
  const side = /** @type {HTMLElement} */ (handle.parentElement);
  const body = document.body;
  let from = { y: 0, height: 0 };
  let dragged = false;

  const step = () => Math.max(0, STEPS.indexOf(body.dataset["side"] ?? ""));
  const height = () => side.getBoundingClientRect().height;

  /** @param {number} to @param {number} [top] where the sheet stands until now */
  function go(to, top = side.getBoundingClientRect().top) {
    const at = document.activeElement;
    const inside = !at || at === body || Boolean(at.closest(".tab-panel") && side.contains(at));
    body.dataset["side"] = STEPS[Math.min(STEPS.length - 1, Math.max(0, to))] ?? "";
    if (to <= 0 && inside) handle.focus();
    const moved = top - side.getBoundingClientRect().top;
    if (moved && !CALM.matches) side.animate([{ translate: `0 ${moved}px` }, { translate: "0 0" }], { duration: 180, easing: "ease-out" });
  }

  handle.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    handle.setPointerCapture(event.pointerId);
    from = { y: event.clientY, height: height() };
    dragged = false;
  });
  handle.addEventListener("pointermove", (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const up = from.y - event.clientY;
    if (Math.abs(up) < STIRRED && !dragged) return;
    dragged = true;
    const most = whole() - PEEK;
    side.style.setProperty("--sheet", `${Math.min(most, Math.max(handle.offsetHeight, from.height + up))}px`);
    side.dataset["dragging"] = "";
  });
  for (const name of ["pointerup", "pointercancel"]) handle.addEventListener(name, (event) => drop(/** @type {PointerEvent} */ (event)));
  handle.addEventListener("click", () => {
    if (!dragged) go(step() === STEPS.length - 1 ? 0 : step() + 1);
    dragged = false;
  });
  handle.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    go(step() + (event.key === "ArrowUp" ? 1 : -1));
  });
  // A box that is written in takes the first Escape for itself, and so does what is open above the sheet.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || !NARROW.matches || !step() || document.querySelector(":popover-open, dialog[open]")) return;
    if (event.target instanceof Element && event.target.matches("textarea, input, select")) return;
    event.preventDefault();
    go(0);
  });
  side.addEventListener("tab", () => {
    if (!step() && NARROW.matches) go(1);
  });
  new MutationObserver(told).observe(body, { attributes: true, attributeFilter: ["data-side"] });
  handle.dataset["wired"] = "";
  told();

  /** All the height there is. */
  function whole() {
    return side.parentElement?.clientHeight ?? innerHeight;
  }

  /** Let go: to the height nearest to the finger, but at least one step when it was meant. @param {PointerEvent} event */
  function drop(event) {
    if (side.dataset["dragging"] === undefined) return;
    const { top, height: now } = side.getBoundingClientRect();
    delete side.dataset["dragging"];
    side.style.removeProperty("--sheet");
    const share = now / whole();
    const nearest = share < 0.25 ? 0 : share < 0.7 ? 1 : 2;
    const up = from.y - event.clientY;
    go(event.type === "pointerup" && nearest === step() && Math.abs(up) > MEANT ? step() + Math.sign(up) : nearest, top);
  }

  /** Whoever opened or closed it: what can be pressed says so, and what is in sight again is not new any more. */
  function told() {
    const open = step() > 0;
    const was = handle.getAttribute("aria-expanded") === "true";
    handle.setAttribute("aria-expanded", String(open));
    document.querySelector("[data-side][aria-pressed]")?.setAttribute("aria-pressed", String(open));
    const tabs = /** @type {(HTMLElement & {show?: (id: string) => void}) | null} */ (side.querySelector("ui-tabs"));
    if (open && !was) tabs?.show?.(side.querySelector(".tab[aria-selected=true]")?.getAttribute("aria-controls") ?? "");
  }
}
