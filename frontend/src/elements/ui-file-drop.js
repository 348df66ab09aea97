/**
 * Shows which files are chosen and lights up while something is dragged over. The input itself takes the drop.
 * @module
 */
import { announce } from "../lib/announce.js";
import { iconNode, make } from "../lib/dom.js";
import { language, tn } from "../lib/i18n.js";

class UiFileDrop extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input");
    const area = this.querySelector(".file-drop");
    const list = this.querySelector("ul");
    if (!input || !area || !list) return;
    input.addEventListener("change", () => this.#list(input, list));
    for (const name of ["dragenter", "dragover"]) area.addEventListener(name, () => area.toggleAttribute("data-over", true));
    for (const name of ["dragleave", "drop", "dragend"]) area.addEventListener(name, () => area.toggleAttribute("data-over", false));
  }

  /**
   * @param {HTMLInputElement} input
   * @param {HTMLUListElement} list
   */
  #list(input, list) {
    const files = [...(input.files ?? [])];
    list.hidden = !files.length;
    list.replaceChildren(...files.map((file) => make("li", {}, iconNode("file-text"), make("span", { class: "truncate" }, file.name), make("span", { class: "quiet figures" }, size(file.size)))));
    announce(tn("{n} file chosen", "{n} files chosen", files.length));
  }
}

/** @param {number} bytes */
function size(bytes) {
  const [unit, divisor] = bytes < 1e6 ? ["kilobyte", 1e3] : bytes < 1e9 ? ["megabyte", 1e6] : ["gigabyte", 1e9];
  return new Intl.NumberFormat(language, { style: "unit", unit: String(unit), maximumFractionDigits: 1 }).format(bytes / Number(divisor));
}

customElements.define("ui-file-drop", UiFileDrop);
