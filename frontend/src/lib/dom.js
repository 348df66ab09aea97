/**
 * Making and finding elements without strings of HTML.
 * @module
 */

const svg = "http://www.w3.org/2000/svg";

/**
 * An element with properties or attributes (names with a hyphen, `class` and `role`) and children.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "class" || name === "role") element.setAttribute(name, String(value));
    else Object.assign(element, { [name]: value });
  }
  element.append(...children);
  return element;
}

/**
 * An icon of the sprite as a node. For Lit templates see icon.js.
 * @param {string} name
 */
export function iconNode(name) {
  const picture = document.createElementNS(svg, "svg");
  picture.setAttribute("class", "icon");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(svg, "use");
  use.setAttribute("href", iconHref(name));
  picture.append(use);
  return picture;
}

/** @param {string} name */
export function iconHref(name) {
  return `${document.documentElement.dataset.icons ?? ""}#${name}`;
}

/**
 * The JSON a page carries in `<script type="application/json" id="…">`; none when it has none.
 * @param {string} id
 * @returns {unknown}
 */
export function pageData(id) {
  const source = document.getElementById(id)?.textContent;
  return source ? JSON.parse(source) : undefined;
}
