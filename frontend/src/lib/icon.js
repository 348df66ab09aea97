/**
 * Icons in Lit templates. Without a label they are decoration.
 * @module
 */
import { html, nothing } from "lit";
import { iconHref } from "./dom.js";

/**
 * @param {string} name
 * @param {string} [label]
 */
export function icon(name, label) {
  return html`<svg class="icon" viewBox="0 0 24 24" role=${label ? "img" : nothing} aria-label=${label ?? nothing} aria-hidden=${label ? nothing : "true"}><use href=${iconHref(name)}></use></svg>`;
}
