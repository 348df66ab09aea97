/**
 * Turns a list of links to sections into tabs (ARIA Authoring Practices, "Tabs"). Sends "tab" with the panel's id.
 * @module
 */
import { arrowTarget } from "../lib/focus.js";

class UiTabs extends HTMLElement {
  /** @type {HTMLElement[]} */
  #tabs = [];

  connectedCallback() {
    const list = this.querySelector(".tab-list");
    if (!list || this.#tabs.length) return;
    list.setAttribute("role", "tablist");
    this.#tabs = [...list.querySelectorAll(".tab")].map((tab) => /** @type {HTMLElement} */ (tab));
    for (const tab of this.#tabs) this.#prepare(tab);
    list.addEventListener("keydown", (event) => this.#key(/** @type {KeyboardEvent} */ (event)));
    const asked = this.#tabs.find((tab) => tab.getAttribute("href") === location.hash && location.hash);
    this.#select(asked ?? this.#tabs[0]);
  }

  /** @param {string} id of the panel */
  show(id) {
    this.#select(this.#tabs.find((tab) => tab.getAttribute("aria-controls") === id));
  }

  /** @param {HTMLElement} tab */
  #prepare(tab) {
    const id = tab.getAttribute("href")?.slice(1) ?? "";
    const panel = document.getElementById(id);
    tab.id ||= `tab-${id}`;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", id);
    panel?.setAttribute("role", "tabpanel");
    panel?.setAttribute("aria-labelledby", tab.id);
    if (panel) panel.tabIndex = 0;
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      this.#select(tab);
    });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = arrowTarget(event, this.#tabs, "horizontal");
    if (event.key === " ") this.#select(/** @type {HTMLElement} */ (document.activeElement));
    if (!target && event.key !== " ") return;
    event.preventDefault();
    target?.focus();
    this.#select(target);
  }

  /** @param {HTMLElement | undefined} chosen */
  #select(chosen) {
    if (!chosen || !this.#tabs.includes(chosen)) return;
    for (const tab of this.#tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = !on;
    }
    this.dispatchEvent(new CustomEvent("tab", { bubbles: true, detail: chosen.getAttribute("aria-controls") }));
  }
}

customElements.define("ui-tabs", UiTabs);
