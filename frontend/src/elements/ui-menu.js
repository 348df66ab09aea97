/**
 * Places a popover menu beside its button and moves the focus in it as menus do (ARIA Authoring Practices, "Menu Button").
 * @module
 */
import { arrowTarget } from "../lib/focus.js";

const gap = 4;

class UiMenu extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    const menu = this.querySelector("[popover]");
    if (!button || !(menu instanceof HTMLElement)) return;
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      menu.showPopover();
      items(menu).at(event.key === "ArrowUp" ? -1 : 0)?.focus();
    });
    menu.addEventListener("toggle", (event) => this.#toggled(/** @type {ToggleEvent} */ (event).newState === "open", button, menu));
    menu.addEventListener("keydown", (event) => this.#key(event, button, menu));
    menu.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest(".menu-item")) menu.hidePopover();
    });
  }

  /**
   * @param {boolean} open
   * @param {HTMLElement} button
   * @param {HTMLElement} menu
   */
  #toggled(open, button, menu) {
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    place(menu, button.getBoundingClientRect());
    if (!menu.contains(document.activeElement)) items(menu)[0]?.focus();
  }

  /**
   * @param {KeyboardEvent} event
   * @param {HTMLElement} button
   * @param {HTMLElement} menu
   */
  #key(event, button, menu) {
    const all = items(menu);
    const target = arrowTarget(event, all, "vertical") ?? byLetter(event, all);
    if (event.key === "Tab") menu.hidePopover();
    if (event.key === "Escape") button.focus();
    if (!target) return;
    event.preventDefault();
    target.focus();
  }
}

/** @param {HTMLElement} menu @returns {HTMLElement[]} */
function items(menu) {
  return [...menu.querySelectorAll(".menu-item")].map((item) => /** @type {HTMLElement} */ (item));
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement[]} all
 */
function byLetter(event, all) {
  if (event.key.length !== 1 || event.ctrlKey || event.metaKey) return undefined;
  const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  return [...all.slice(at + 1), ...all.slice(0, at + 1)].find((item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()));
}

/**
 * Below the button, or above where there is more room; never outside the window.
 * @param {HTMLElement} menu
 * @param {DOMRect} anchor
 */
function place(menu, anchor) {
  const { width, height } = menu.getBoundingClientRect();
  const rtl = document.documentElement.dir === "rtl";
  const wanted = rtl || anchor.left + width > innerWidth - 8 ? anchor.right - width : anchor.left;
  const below = innerHeight - anchor.bottom >= height + gap || innerHeight - anchor.bottom > anchor.top;
  menu.style.left = `${Math.min(Math.max(8, wanted), Math.max(8, innerWidth - width - 8))}px`;
  menu.style.top = `${below ? anchor.bottom + gap : Math.max(8, anchor.top - height - gap)}px`;
}

customElements.define("ui-menu", UiMenu);
