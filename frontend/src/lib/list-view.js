/**
 * A long list of which only what is near the eye is in the document. Heights are measured as rows appear and remembered; whatever
 * happens above, the row that is read stays where it is. Arrow keys walk from row to row.
 *
 * Used by a Lit element: call `range()` while drawing, `drawn()` after it. Rows carry `data-key`.
 * @module
 */

/** Pixels drawn above and below what can be seen. */
const OVER = 700;
const GUESS = 64;
const NEAR = 60;

export class ListView {
  /**
   * @param {{updateComplete: Promise<unknown>, requestUpdate: () => void, querySelector: (selector: string) => Element | null}} host
   * @param {string} selector of the element that scrolls
   * @param {{end?: boolean}} [how] `end`: follows what is added below, like a chat
   */
  constructor(host, selector, { end = false } = {}) {
    this.host = host;
    this.selector = selector;
    this.end = end;
    /** True while the reader is at the end and wants to see what comes. */
    this.atEnd = end;
    /** @type {string[]} */
    this.keys = [];
    /** @type {Map<string, number>} */
    this.heights = new Map();
    this.from = 0;
    this.to = 0;
    this.top = 0;
    /** @type {{key: string, at: number} | undefined} the row that must not move */
    this.anchor = undefined;
    /** Row with the keyboard. */
    this.active = "";
    /** @type {ResizeObserver | undefined} */
    this.watch = undefined;
  }

  /** @returns {HTMLElement | null} */
  get box() {
    return /** @type {HTMLElement | null} */ (this.host.querySelector(this.selector));
  }

  /** Which rows to draw: from, to. @param {string[]} keys of all rows, in order @returns {[number, number]} */
  range(keys) {
    this.#noticed();
    this.#remember();
    this.keys = keys;
    const box = this.box;
    const height = box?.clientHeight || 800;
    const total = this.#before(keys.length);
    const top = this.atEnd ? Math.max(0, total - height) : this.#wantedTop(box?.scrollTop ?? 0);
    [this.from, this.to] = [this.#at(top - OVER), Math.min(keys.length, this.#at(top + height + OVER) + 1)];
    return [this.from, this.to];
  }

  /** After drawing: measure, set the empty space, put the reader where they were. */
  drawn() {
    const box = this.box;
    if (!box) return;
    if (!this.watch) this.#begin(box);
    let moved = false;
    for (const row of box.querySelectorAll("[data-key]")) {
      const key = /** @type {HTMLElement} */ (row).dataset["key"] ?? "";
      const height = row.getBoundingClientRect().height;
      if (height && Math.abs((this.heights.get(key) ?? GUESS) - height) > 0.5) moved = true;
      if (height) this.heights.set(key, height);
    }
    this.#space(box);
    if (this.atEnd) box.scrollTop = box.scrollHeight;
    else if (this.anchor && this.keys.includes(this.anchor.key)) {
      const wanted = this.#before(this.keys.indexOf(this.anchor.key)) + this.anchor.at;
      if (Math.abs(box.scrollTop - wanted) > 0.5) box.scrollTop = wanted;
    }
    this.top = box.scrollTop;
    if (moved && this.#short(box)) this.host.requestUpdate();
    if (this.heights.size > 4 * this.keys.length + 2000) this.#forget();
  }

  /** The box was scrolled. @returns {boolean} true when the reader came to the end, or left it */
  scrolled() {
    const box = this.box;
    if (!box) return false;
    const near = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
    // Only going up leaves the end: a list that grew since looks the same as one that was scrolled.
    const atEnd = this.end && (near || (this.atEnd && box.scrollTop >= this.top - 1));
    const changed = atEnd !== this.atEnd;
    this.top = box.scrollTop;
    this.atEnd = atEnd;
    this.anchor = undefined;
    if (changed || this.#short(box)) this.host.requestUpdate();
    return changed;
  }

  toEnd() {
    this.atEnd = this.end;
    this.anchor = undefined;
    this.host.requestUpdate();
  }

  /**
   * Arrow keys, Home and End between rows.
   * @param {KeyboardEvent} event
   * @returns {boolean} true when it was one
   */
  key(event) {
    const steps = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity });
    const step = steps[event.key];
    const target = /** @type {HTMLElement} */ (event.target);
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey || target.matches("input, textarea, select")) return false;
    event.preventDefault();
    const at = this.keys.indexOf(this.active);
    // Whoever comes into the list goes on where they were.
    const again = at >= 0 && target === this.box && Math.abs(step) === 1;
    const start = again ? at - step : at < 0 ? (step > 0 ? -1 : this.keys.length) : at;
    this.focus(this.keys[Math.min(this.keys.length - 1, Math.max(0, start + step))] ?? "");
    return true;
  }

  /** Bring a row into sight and give it the keyboard. @param {string} key */
  focus(key) {
    const place = this.keys.indexOf(key);
    const box = this.box;
    if (place < 0 || !box) return;
    this.active = key;
    if (place < this.from || place >= this.to) {
      box.scrollTop = this.#before(place) - box.clientHeight / 2;
      this.scrolled();
      this.host.requestUpdate();
    }
    void this.host.updateComplete.then(() => {
      const row = /** @type {HTMLElement | null} */ (box.querySelector(`[data-key="${CSS.escape(key)}"]`));
      row?.focus({ preventScroll: true });
      row?.scrollIntoView({ block: "nearest" });
    });
  }

  /** @param {HTMLElement} box */
  #begin(box) {
    // The keyboard of a phone, or a tab that opens, changes the height: whoever was at the end stays there.
    this.watch = new ResizeObserver(() => {
      if (this.atEnd) box.scrollTop = box.scrollHeight;
      this.host.requestUpdate();
    });
    this.watch.observe(box);
  }

  /** Somebody went up and the browser has not told us yet. */
  #noticed() {
    const box = this.box;
    if (box && this.atEnd && box.scrollTop < this.top - 1 && box.scrollHeight - box.scrollTop - box.clientHeight > NEAR) this.atEnd = false;
  }

  /** The first row that can be seen and where it stands, before anything changes. */
  #remember() {
    const box = this.box;
    if (!box || this.atEnd || !this.keys.length || box.scrollTop <= 0) {
      this.anchor = undefined;
      return;
    }
    const place = this.#at(box.scrollTop);
    const key = this.keys[place];
    this.anchor = key === undefined ? undefined : { key, at: box.scrollTop - this.#before(place) };
  }

  /** @param {number} scrollTop */
  #wantedTop(scrollTop) {
    const place = this.anchor ? this.keys.indexOf(this.anchor.key) : -1;
    return this.anchor && place >= 0 ? this.#before(place) + this.anchor.at : scrollTop;
  }

  /** Pixels before row `end`. @param {number} end */
  #before(end) {
    let sum = 0;
    for (let at = 0; at < end; at++) sum += this.heights.get(this.keys[at] ?? "") ?? GUESS;
    return sum;
  }

  /** The row at pixel `y`. @param {number} y */
  #at(y) {
    let sum = 0;
    for (let at = 0; at < this.keys.length; at++) {
      sum += this.heights.get(this.keys[at] ?? "") ?? GUESS;
      if (sum > y) return at;
    }
    return Math.max(0, this.keys.length - 1);
  }

  /** @param {HTMLElement} box */
  #space(box) {
    const all = this.#before(this.keys.length);
    const [above, below] = [this.#before(this.from), all - this.#before(this.to)];
    const [first, last] = [box.querySelector(".list-above"), box.querySelector(".list-below")];
    if (first instanceof HTMLElement) first.style.blockSize = `${above}px`;
    if (last instanceof HTMLElement) last.style.blockSize = `${below}px`;
  }

  /** True when the eye comes near rows that are not drawn. @param {HTMLElement} box */
  #short(box) {
    const [above, below] = [this.#before(this.from), this.#before(this.to)];
    return (this.from > 0 && above > box.scrollTop - OVER / 2) || (this.to < this.keys.length && below < box.scrollTop + box.clientHeight + OVER / 2);
  }

  #forget() {
    const known = new Set(this.keys);
    for (const key of this.heights.keys()) if (!known.has(key)) this.heights.delete(key);
  }
}
