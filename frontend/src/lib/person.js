/**
 * Initials and colour of a person's avatar; the same as the macro `avatar` gives.
 * @module
 */

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

/** @param {string} name */
export function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  const first = [...(words[0] ?? "?")][0] ?? "?";
  const last = words.length > 1 ? ([...(words.at(-1) ?? "")][0] ?? "") : "";
  return (first + last).toUpperCase();
}

/** @param {string} key id or name */
export function hue(key) {
  let sum = 0;
  for (const letter of key.toLowerCase()) sum += Math.max(0, alphabet.indexOf(letter));
  return sum % 8;
}
