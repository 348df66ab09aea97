/**
 * Commands that wait for their answer. One that was not answered before the connection broke is sent again with the same `ref`,
 * so that it counts once; one that gets no answer on a working connection is given up with words.
 * @module
 */
import { t } from "../lib/i18n.js";

/** @typedef {import("./room.d.ts").Ok} Ok */
/** @typedef {import("./messages.d.ts").Refused} Refused */
/** @typedef {{frame: object, resolve: (answer: Ok) => void, reject: (error: CommandError) => void, timer: number}} Waiting */

/** Counted from the moment it went out on a working connection. */
const PATIENCE = 20_000;

export class CommandError extends Error {
  /** @param {string} code @param {string} text @param {number | null} [retryAfter] seconds */
  constructor(code, text, retryAfter) {
    super(text);
    this.code = code;
    this.retryAfter = retryAfter ?? undefined;
  }
}

export class Requests {
  /** @param {(frame: object) => void} send does nothing while there is no connection */
  constructor(send) {
    this.send = send;
    /** @type {Map<number, Waiting>} */
    this.waiting = new Map();
    this.last = 0;
  }

  number() {
    return ++this.last;
  }

  /**
   * @param {string} type
   * @param {object} fields
   * @returns {Promise<Ok>}
   */
  ask(type, fields) {
    const id = this.number();
    return new Promise((resolve, reject) => {
      const waiting = { frame: { id, type, ref: randomRef(), ...fields }, resolve, reject, timer: 0 };
      this.waiting.set(id, waiting);
      this.#out(id, waiting);
    });
  }

  /** After a new welcome: everything that was not answered. */
  again() {
    for (const [id, waiting] of this.waiting) this.#out(id, waiting);
  }

  /**
   * @param {Ok | Refused} frame
   * @returns {boolean} false when nobody waits for it
   */
  answered(frame) {
    const waiting = this.waiting.get(frame.id);
    if (!waiting) return false;
    this.#forget(frame.id, waiting);
    if (frame.type === "ok") waiting.resolve(frame);
    else waiting.reject(new CommandError(frame.code, frame.text, frame.retry_after));
    return true;
  }

  /** Nobody will answer any more. @param {CommandError} error */
  refuse(error) {
    for (const [id, waiting] of this.waiting) {
      this.#forget(id, waiting);
      waiting.reject(error);
    }
  }

  /** @param {number} id @param {Waiting} waiting */
  #out(id, waiting) {
    clearTimeout(waiting.timer);
    waiting.timer = window.setTimeout(() => {
      this.#forget(id, waiting);
      waiting.reject(new CommandError("timeout", t("The server did not answer. Check your connection, then try again.")));
    }, PATIENCE);
    this.send(waiting.frame);
  }

  /** @param {number} id @param {Waiting} waiting */
  #forget(id, waiting) {
    clearTimeout(waiting.timer);
    this.waiting.delete(id);
  }
}

export function randomRef() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
