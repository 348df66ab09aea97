/**
 * The console's window: panels in places that can be rearranged and hidden, by pointer, keyboard and menu. What was chosen is kept
 * for this tab. A panel says how much waits in it with "count" (a number) or what is new with "fresh".
 * @module
 */
import { announce } from "../lib/announce.js";
import { command } from "../lib/commands.js";
import { iconNode, make } from "../lib/dom.js";
import { arrowTarget } from "../lib/focus.js";
import { number, t } from "../lib/i18n.js";
import { key } from "../lib/keys.js";
import { keep, remember } from "../lib/storage.js";

/** @typedef {"left" | "middle" | "below" | "right" | "corner"} Place */
/** @typedef {{place: Place | "hidden", open: boolean}} Stand */

/** @type {Record<Place, string>} */
const PLACES = { left: t("Left"), middle: t("Middle, above"), below: t("Middle, below"), right: t("Right, above"), corner: t("Right, below") };
const NARROW = matchMedia("(max-width: 63.99rem)");

class ConsoleDeck extends HTMLElement {
  /** @type {Map<string, HTMLElement>} */
  #panels = new Map();
  /** @type {Map<string, Stand>} */
  #stands = new Map();
  /** @type {Map<string, {n: number, strong: boolean}>} */
  #counts = new Map();

  connectedCallback() {
    if (this.#panels.size) return;
    for (const panel of this.querySelectorAll(":scope > .deck-panel")) {
      if (panel instanceof HTMLElement) this.#panels.set(panel.id, panel);
    }
    this.#restore();
    this.#build();
    NARROW.addEventListener("change", () => this.#build());
    this.addEventListener("count", (event) => this.#counted(event, false));
    this.addEventListener("fresh", (event) => this.#counted(event, true));
    this.#keys();
  }

  /** Open a panel and give it the keyboard. @param {string} id */
  open(id) {
    const stand = this.#stands.get(id);
    if (!stand) return;
    if (stand.place === "hidden") stand.place = this.#usual(id);
    this.#select(id);
    const panel = this.#panels.get(id);
    const target = panel?.querySelector(".list-box, .chat-list") ?? panel?.querySelector("[tabindex='0'], button, input");
    if (target instanceof HTMLElement) target.focus();
  }

  /** @param {string} id @returns {Place} */
  #usual(id) {
    return /** @type {Place} */ (this.#panels.get(id)?.dataset["slot"] ?? "corner");
  }

  /** @param {string} id */
  #name(id) {
    return this.#panels.get(id)?.dataset["name"] ?? id;
  }

  #restore() {
    /** @type {Record<string, Stand>} */
    let known = {};
    try {
      known = JSON.parse(remember("layout") ?? "{}");
    } catch {
      known = {}; // Somebody else wrote there; the usual arrangement then.
    }
    const taken = new Set();
    for (const id of this.#panels.keys()) {
      const kept = known[id];
      const place = kept && (kept.place === "hidden" || kept.place in PLACES) ? kept.place : this.#usual(id);
      this.#stands.set(id, { place, open: kept ? kept.open : !taken.has(place) });
      taken.add(place);
    }
  }

  #keep() {
    keep("layout", JSON.stringify(Object.fromEntries(this.#stands)));
  }

  /** Make the places anew and move the panels into them. */
  #build() {
    const focused = document.activeElement;
    const places = NARROW.matches ? ["left"] : Object.keys(PLACES);
    /** @type {HTMLElement[]} */
    const slots = [];
    for (const place of places) {
      const ids = this.#at(/** @type {Place} */ (place));
      if (ids.length) slots.push(this.#slot(/** @type {Place} */ (place), ids));
    }
    const columns = [["left"], ["middle", "below"], ["right", "corner"]].map((names) => slots.filter((slot) => names.includes(slot.dataset["place"] ?? "")));
    const hidden = make("div", { class: "deck-hidden", hidden: true }, ...this.#at("hidden").map((id) => /** @type {HTMLElement} */ (this.#panels.get(id))));
    this.replaceChildren(...columns.filter((column) => column.length).map((column) => make("div", { class: "deck-column" }, ...column)), hidden);
    if (focused instanceof HTMLElement && this.contains(focused)) focused.focus();
  }

  /** @param {Place | "hidden"} place */
  #at(place) {
    return [...this.#stands].filter(([, stand]) => (NARROW.matches && place === "left" ? stand.place !== "hidden" : stand.place === place)).map(([id]) => id);
  }

  /** @param {Place} place @param {string[]} ids */
  #slot(place, ids) {
    const shown = ids.find((id) => this.#stands.get(id)?.open) ?? ids[0] ?? "";
    const tabs = ids.map((id) => this.#tab(id, id === shown));
    const list = make("div", { class: "deck-tabs", role: "tablist", "aria-label": PLACES[place] }, ...tabs);
    list.addEventListener("keydown", (event) => {
      const target = arrowTarget(event, tabs, "horizontal");
      if (!target) return;
      event.preventDefault();
      this.#select(target.dataset["panel"] ?? "");
      document.getElementById(target.id)?.focus();
    });
    const slot = make("section", { class: "deck-slot", "data-place": place }, make("div", { class: "deck-head" }, list, this.#menu(place, shown)));
    for (const id of ids) {
      const panel = /** @type {HTMLElement} */ (this.#panels.get(id));
      panel.hidden = id !== shown;
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", `deck-tab-${id}`);
      slot.append(panel);
    }
    slot.addEventListener("dragover", (event) => event.dataTransfer?.types.includes("text/lectern-panel") && event.preventDefault());
    slot.addEventListener("drop", (event) => {
      const id = event.dataTransfer?.getData("text/lectern-panel") ?? "";
      if (this.#panels.has(id)) this.#move(id, place);
    });
    return slot;
  }

  /** @param {string} id @param {boolean} on */
  #tab(id, on) {
    const tab = make("button", { class: "tab", type: "button", role: "tab", id: `deck-tab-${id}`, "aria-selected": on, "aria-controls": id, tabIndex: on ? 0 : -1, draggable: true, "data-panel": id }, this.#name(id));
    const count = this.#counts.get(id);
    if (count?.n) tab.append(make("span", { class: count.strong ? "count strong" : "count" }, number(count.n)));
    tab.addEventListener("click", () => this.#select(id));
    tab.addEventListener("dragstart", (event) => event.dataTransfer?.setData("text/lectern-panel", id));
    return tab;
  }

  /** @param {Place} place @param {string} shown */
  #menu(place, shown) {
    const id = `deck-menu-${place}`;
    const item = (/** @type {string} */ text, /** @type {string} */ iconName, /** @type {() => void} */ run) => {
      const button = make("button", { class: "menu-item", type: "button", role: "menuitem" }, iconNode(iconName), text);
      button.addEventListener("click", run);
      return button;
    };
    const items = [
      ...(NARROW.matches ? [] : /** @type {[Place, string][]} */ (Object.entries(PLACES)).filter(([other]) => other !== place).map(([other, name]) => item(t("Move “{panel}” to: {place}", { panel: this.#name(shown), place: name }), "arrow-right", () => this.#move(shown, other)))),
      item(t("Hide “{panel}”", { panel: this.#name(shown) }), "eye-off", () => this.#move(shown, "hidden")),
      ...this.#at("hidden").map((other) => item(t("Show “{panel}”", { panel: this.#name(other) }), "eye", () => this.#move(other, this.#usual(other)))),
      item(t("Usual arrangement"), "undo-2", () => this.#reset()),
    ];
    const label = t("Arrange");
    const button = make("button", { class: "button plain small square", type: "button", "aria-label": label, title: label, "aria-haspopup": "menu" }, iconNode("ellipsis"));
    button.setAttribute("popovertarget", id);
    const menu = make("div", { class: "menu", id, role: "menu", "aria-label": label }, ...items);
    menu.setAttribute("popover", "");
    const holder = document.createElement("ui-menu");
    holder.append(button, menu);
    void import("./ui-menu.js");
    return holder;
  }

  /** @param {string} id */
  #select(id) {
    const stand = this.#stands.get(id);
    if (!stand) return;
    for (const other of this.#at(NARROW.matches ? "left" : stand.place)) /** @type {Stand} */ (this.#stands.get(other)).open = other === id;
    if (this.#counts.get(id)?.strong) this.#counts.delete(id);
    this.#keep();
    this.#build();
    document.getElementById(`deck-tab-${id}`)?.focus();
    this.#panels.get(id)?.dispatchEvent(new CustomEvent("shown"));
  }

  /** @param {string} id @param {Place | "hidden"} place */
  #move(id, place) {
    const stand = /** @type {Stand} */ (this.#stands.get(id));
    stand.place = place;
    stand.open = true;
    for (const other of this.#at(place)) if (other !== id) /** @type {Stand} */ (this.#stands.get(other)).open = false;
    this.#keep();
    this.#build();
    announce(place === "hidden" ? t("“{panel}” is hidden.", { panel: this.#name(id) }) : t("“{panel}” is now: {place}", { panel: this.#name(id), place: PLACES[place] }));
    document.getElementById(`deck-tab-${id}`)?.focus();
  }

  #reset() {
    keep("layout", undefined);
    this.#restore();
    this.#build();
  }

  /** @param {Event} event @param {boolean} strong */
  #counted(event, strong) {
    const panel = event.target instanceof Element ? event.target.closest(".deck-panel") : null;
    if (!(panel instanceof HTMLElement) || (strong && !panel.hidden)) return;
    const n = /** @type {CustomEvent<number>} */ (event).detail;
    const known = this.#counts.get(panel.id);
    if (strong ? known && !known.strong : false) return; // What waits is more than what is new.
    this.#counts.set(panel.id, { n: strong ? (known?.n ?? 0) + n : n, strong });
    const tab = document.getElementById(`deck-tab-${panel.id}`);
    if (tab) tab.replaceChildren(this.#name(panel.id), ...(this.#counts.get(panel.id)?.n ? [make("span", { class: strong ? "count strong" : "count" }, number(this.#counts.get(panel.id)?.n ?? 0))] : []));
  }

  #keys() {
    let place = 0;
    for (const id of this.#panels.keys()) {
      place += 1;
      if (place < 10) key(String(place), this.#name(id), t("Go to"), () => this.open(id));
      command({ text: this.#name(id), group: t("Panels"), icon: "layout-grid", run: () => this.open(id) });
    }
    command({ text: t("Usual arrangement"), group: t("Panels"), icon: "undo-2", run: () => this.#reset() });
  }
}

customElements.define("console-deck", ConsoleDeck);
