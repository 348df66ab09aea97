/**
 * The reader's language. The choice is kept for this tab alone and travels in the address, so it needs no cookie; where storage is
 * blocked the address carries it from page to page.
 * @module
 */
import { keep, remember } from "../lib/storage.js";

class UiLanguage extends HTMLElement {
  connectedCallback() {
    const select = this.querySelector("select");
    if (!select) return;
    const here = new URL(location.href);
    const chosen = remember("language");
    const offered = [...select.options].map((option) => option.value);
    const fresh = chosen && chosen !== select.value && offered.includes(chosen);
    if (fresh && !here.searchParams.has("lang")) location.replace(withLanguage(here.href, chosen));
    if (here.searchParams.has("lang")) {
      keep("language", select.value);
      document.addEventListener("click", (event) => carry(event, select.value), { capture: true });
    }
    const choose = () => {
      keep("language", select.value);
      location.assign(withLanguage(here.href, select.value));
    };
    select.addEventListener("change", choose);
    // On a slow line somebody may choose before this code has arrived.
    if (![...select.options].some((option) => option.defaultSelected && option.selected)) choose();
  }
}

/** Links to our own pages keep the language. @param {MouseEvent} event @param {string} language */
function carry(event, language) {
  const link = event.target instanceof Element ? event.target.closest("a[href^='/']") : null;
  if (link instanceof HTMLAnchorElement) link.href = withLanguage(link.href, language);
}

/** @param {string} address @param {string} language */
function withLanguage(address, language) {
  const url = new URL(address);
  url.searchParams.set("lang", language);
  return url.href;
}

customElements.define("ui-language", UiLanguage);
