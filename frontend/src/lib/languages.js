/**
 * Languages by their own names.
 * @module
 */

/** A language's name in itself, or its code. @param {string} code */
export function ownName(code) {
  try {
    return new Intl.DisplayNames([code], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
