/**
 * The keyboard sheet: all shortcuts of the page, opened with "?". Single keys can be switched off here.
 * @module
 */
import { LitElement, html } from "lit";
import { icon } from "../lib/icon.js";
import { t } from "../lib/i18n.js";
import { allKeys, key, setSingleKeys, singleKeysOn } from "../lib/keys.js";

const mac = /Mac|iP(hone|ad)/.test(navigator.platform);

/** @param {string} combination */
function caps(combination) {
  return combination.split(/[ +]/).map((part) => html`<kbd>${part === "mod" ? (mac ? "⌘" : "Ctrl") : part.length === 1 ? part.toUpperCase() : part}</kbd>`);
}

class UiKeys extends LitElement {
  static properties = { open: { state: true } };

  constructor() {
    super();
    this.open = false;
    /** @type {() => void} */
    this.forget = () => {};
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    for (const button of document.querySelectorAll("[data-show-keys]")) button.addEventListener("click", () => this.show());
    this.forget = key("?", t("Show this sheet"), t("Everywhere"), () => this.show());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.forget();
  }

  show() {
    this.requestUpdate();
    void this.updateComplete.then(() => this.querySelector("dialog")?.showModal());
  }

  render() {
    const groups = Map.groupBy(allKeys(), (shortcut) => shortcut.group);
    return html`<dialog class="dialog wide" aria-labelledby="keys-title">
      <div class="dialog-head"><h2 id="keys-title">${t("Keys")}</h2>
        <button class="button plain square" type="button" data-closes aria-label=${t("Close")} title=${t("Close")}>${icon("x")}</button></div>
      <div class="dialog-body">
        <div class="keys">${[...groups].map(([group, keys]) => html`<section><h3>${group}</h3>
          <dl>${keys.map((shortcut) => html`<dt>${shortcut.text}</dt><dd>${caps(shortcut.combination)}</dd>`)}</dl></section>`)}</div>
        <label class="choice"><input type="checkbox" role="switch" .checked=${singleKeysOn()} @change=${this.#switch}><span class="choice-text">${t("Single keys act")}
          <span class="field-help">${t("Off if you use speech input or press keys by accident. Held for this tab.")}</span></span></label>
      </div></dialog>`;
  }

  /** @param {Event} event */
  #switch(event) {
    setSingleKeys(/** @type {HTMLInputElement} */ (event.target).checked);
  }
}

customElements.define("ui-keys", UiKeys);
