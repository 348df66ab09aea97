/**
 * Choosing rows: all on the page, a range with Shift, and the bar of actions with the count. Sends "chosen" with the values.
 * @module
 */
import { announce } from "../lib/announce.js";
import { tn } from "../lib/i18n.js";

class UiTable extends HTMLElement {
  /** @type {HTMLInputElement | undefined} */
  #last;
  #before = 0;

  connectedCallback() {
    if (!this.dataset.select) return;
    const all = this.#all;
    if (all) all.hidden = false;
    this.addEventListener("click", (event) => this.#clicked(event));
    this.#update();
  }

  get #all() {
    return /** @type {HTMLInputElement | null} */ (this.querySelector("[data-all]"));
  }

  /** @returns {HTMLInputElement[]} */
  get boxes() {
    return [...this.querySelectorAll("input.row-select")].map((box) => /** @type {HTMLInputElement} */ (box));
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const box = event.target;
    if (!(box instanceof HTMLInputElement)) return;
    if (box === this.#all) for (const one of this.boxes) one.checked = box.checked;
    else if (!box.matches(".row-select")) return;
    else {
      if (event.shiftKey && this.#last) this.#range(this.#last, box);
      this.#last = box;
    }
    this.#update();
  }

  /**
   * @param {HTMLInputElement} from
   * @param {HTMLInputElement} to
   */
  #range(from, to) {
    const boxes = this.boxes;
    const [a = 0, b = 0] = [boxes.indexOf(from), boxes.indexOf(to)].sort((x, y) => x - y);
    for (const box of boxes.slice(a, b + 1)) box.checked = to.checked;
  }

  #update() {
    const boxes = this.boxes;
    const values = boxes.filter((box) => box.checked).map((box) => box.value);
    const [all, bar, place] = [this.#all, this.querySelector(".table-bar"), this.querySelector("[data-chosen]")];
    if (all) {
      all.checked = values.length > 0 && values.length === boxes.length;
      all.indeterminate = values.length > 0 && !all.checked;
    }
    const text = tn("{n} chosen", "{n} chosen", values.length);
    if (place) place.textContent = text;
    bar?.toggleAttribute("hidden", !values.length);
    bar?.toggleAttribute("data-selecting", values.length > 0);
    if (values.length !== this.#before) announce(text);
    this.#before = values.length;
    this.dispatchEvent(new CustomEvent("chosen", { bubbles: true, detail: values }));
  }
}

customElements.define("ui-table", UiTable);
