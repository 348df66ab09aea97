/**
 * An order that does not change under a finger. While it is held, what is new waits behind a bar and what left keeps its place;
 * released, the list is as it is.
 * @module
 */

export class Calm {
  constructor() {
    /** @type {string[]} */
    this.order = [];
    /** How many wait behind the bar. */
    this.fresh = 0;
    this.filled = false;
  }

  /**
   * @param {string[]} wanted ids as they should stand
   * @param {{held: boolean, kept: (id: string) => boolean}} how `kept`: something that left may still be shown in its place
   * @returns {string[]} ids as they stand
   */
  next(wanted, { held, kept }) {
    if (!held || !this.filled || !this.order.length) {
      this.order = wanted;
      this.fresh = 0;
      this.filled = this.filled || wanted.length > 0;
      return this.order;
    }
    const shown = new Set(this.order);
    const here = new Set(wanted);
    this.order = this.order.filter((id) => here.has(id) || kept(id));
    this.fresh = wanted.filter((id) => !shown.has(id)).length;
    return this.order;
  }

  /** Put one in now, such as what the reader did themselves. @param {string} id */
  take(id) {
    if (!this.order.includes(id)) this.order = [id, ...this.order];
  }

  release() {
    this.filled = false;
  }
}
