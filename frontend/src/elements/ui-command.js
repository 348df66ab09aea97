/**
 * The command bar (Ctrl K): type a few letters, choose with the arrows, go with Enter (ARIA "combobox" with a list).
 * @module
 */
import { LitElement, html, nothing } from "lit";
import { allCommands } from "../lib/commands.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/i18n.js";
import { key } from "../lib/keys.js";

/** @typedef {import("../lib/commands.js").Command} Command */

class UiCommand extends LitElement {
  static properties = { words: { state: true }, at: { state: true }, found: { state: true } };

  constructor() {
    super();
    this.words = "";
    this.at = 0;
    /** @type {Command[]} */
    this.found = [];
    /** @type {() => void} */
    this.forget = () => {};
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.forget = key("mod+k", t("Go anywhere, do anything"), t("Everywhere"), () => this.show());
    for (const button of document.querySelectorAll("[data-command-bar]")) {
      button.toggleAttribute("hidden", false);
      button.addEventListener("click", () => this.show());
    }
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.forget();
  }

  show() {
    this.#search("");
    void this.updateComplete.then(() => {
      this.querySelector("dialog")?.showModal();
      this.querySelector("input")?.focus();
    });
  }

  render() {
    return html`<dialog class="dialog command" aria-label=${t("Go to")}>
      <div class="command-search">${icon("search")}<input type="text" role="combobox" aria-expanded="true" aria-autocomplete="list" aria-controls="command-list"
        aria-activedescendant=${this.found.length ? `command-${this.at}` : nothing} aria-label=${t("Type a page or an action")} placeholder=${t("Type a page or an action")}
        autocomplete="off" spellcheck="false" .value=${this.words} @input=${this.#typed} @keydown=${this.#key}><kbd>Esc</kbd></div>
      <div class="command-list" id="command-list" role="listbox" aria-label=${t("Found")}>${this.found.map((command, n) => this.#item(command, n))}</div>
      ${this.found.length ? nothing : html`<p class="command-none" role="status">${t("Nothing found for “{words}”.", { words: this.words })}</p>`}</dialog>`;
  }

  /**
   * @param {Command} command
   * @param {number} n
   */
  #item(command, n) {
    return html`<div class="command-item" role="option" id=${`command-${n}`} aria-selected=${n === this.at} @click=${() => this.#run(command)} @pointermove=${() => (this.at = n)}>
      ${icon(command.icon)}<span class="grow truncate">${command.text}</span><span class="quiet small">${command.group}</span></div>`;
  }

  /** @param {Event} event */
  #typed(event) {
    this.#search(/** @type {HTMLInputElement} */ (event.target).value);
  }

  /** @param {string} words */
  #search(words) {
    const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
    this.words = words;
    this.at = 0;
    this.found = allCommands().filter((command) => parts.every((part) => `${command.text} ${command.group}`.toLowerCase().includes(part)));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = this.found[this.at];
    if (step && this.found.length) this.at = (this.at + step + this.found.length) % this.found.length;
    else if (event.key === "Enter" && chosen) this.#run(chosen);
    else return;
    event.preventDefault();
    void this.updateComplete.then(() => this.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }));
  }

  /** @param {Command} command */
  #run(command) {
    this.querySelector("dialog")?.close();
    command.run();
  }
}

customElements.define("ui-command", UiCommand);
