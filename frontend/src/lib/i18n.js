/**
 * Words for people. English text is the key; the page brings the catalogue of its language in `<script id="catalogue">`:
 * `{"Hello {name}": "Hallo {name}", "{n} person": {"one": "{n} Person", "other": "{n} Personen"}}`.
 * @module
 */

/** @typedef {string | Record<string, string>} Entry */

/** @type {Record<string, Entry>} */
const texts = readCatalogue();

/** Language of the page, as in `<html lang>`. */
export const language = document.documentElement.lang || "en";

const plurals = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(language);

/**
 * A text in the page's language. `{name}` is filled from `values`; numbers are written as the language writes them.
 * @param {string} text
 * @param {Record<string, string | number>} [values]
 */
export function t(text, values) {
  const found = texts[text];
  return fill(typeof found === "string" ? found : text, values);
}

/**
 * A text that counts: `tn("{n} person", "{n} people", 3)`. The key is the first form.
 * @param {string} one
 * @param {string} other
 * @param {number} n
 * @param {Record<string, string | number>} [values]
 */
export function tn(one, other, n, values) {
  const found = texts[one];
  const form = typeof found === "object" ? (found[plurals.select(n)] ?? found.other) : undefined;
  return fill(form ?? (n === 1 ? one : other), { ...values, n });
}

/** Marks a text that is translated later, where it is shown, so that the catalogues have it. @param {string} text */
export function words(text) {
  return text;
}

/** @param {number} value */
export function number(value) {
  return numbers.format(value);
}

/**
 * @param {string} text
 * @param {Record<string, string | number>} [values]
 */
function fill(text, values) {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

/** @returns {Record<string, Entry>} */
function readCatalogue() {
  const source = document.getElementById("catalogue")?.textContent;
  return source ? JSON.parse(source) : {};
}
