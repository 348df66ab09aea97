/**
 * The few settings a browser may keep, for this tab only. Where storage is blocked they live as long as the page.
 * Nothing here names a person; the list is part of the data register.
 * @module
 */

/** @type {readonly string[]} */
export const allowed = ["theme", "volume", "muted", "captions", "language", "quality", "keys", "seat", "layout"];

/** @type {Map<string, string>} */
const memory = new Map();

/**
 * @param {string} name one of `allowed`, with `:something` after it where a webinar has its own
 * @returns {string | undefined}
 */
export function remember(name) {
  const key = keyOf(name);
  try {
    return sessionStorage.getItem(key) ?? memory.get(key);
  } catch {
    return memory.get(key);
  }
}

/** Loudness of players, from 0 to 1. */
export function rememberedVolume() {
  const volume = Number(remember("volume") ?? 1);
  return volume >= 0 && volume <= 1 ? volume : 1;
}

/**
 * @param {string} name
 * @param {string | undefined} value undefined forgets it
 */
export function keep(name, value) {
  const key = keyOf(name);
  if (value === undefined) memory.delete(key);
  else memory.set(key, value);
  try {
    if (value === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // Storage is blocked or full: memory has it.
  }
}

/** @param {string} name */
function keyOf(name) {
  const [kind = ""] = name.split(":");
  if (!allowed.includes(kind)) throw new Error(`${name} may not be stored. See lib/storage.js.`);
  return `lectern.${name}`;
}
