/**
 * The live socket: says hello, asks and is answered, comes back by itself, and notices what it missed.
 * Knows frames, not features. See docs/protocol.md.
 * @module
 */
import { keep, remember } from "../lib/storage.js";

/** @typedef {{epoch: string, seq: number}} Seen */
/** @typedef {{webinar: string, slug: string, lang: string, live: string, crew: boolean, ticket: string, seat: string | null}} Boot */
/** @typedef {{type: string, [key: string]: any}} Frame */
/** @typedef {{frame: Frame, resolve: (answer: Frame) => void, reject: (error: CommandError) => void}} Waiting */

const BASE = 500;
const CAP = 20_000;
const SILENCE = 25_000;
/** Close codes from which a browser does not come back by itself. */
const FINAL = { from: 4500, to: 4999 };
const TICKET_EXPIRED = 4010;

export class CommandError extends Error {
  /** @param {Frame} frame */
  constructor(frame) {
    super(frame["text"]);
    /** @type {string} */
    this.code = frame["code"];
    /** @type {number | undefined} */
    this.retryAfter = frame["retry_after"];
  }
}

/**
 * Events: `frame` (detail: the frame), `state` (detail: "connecting" | "open" | "away" | "closed"), `closed` (detail: code).
 */
export class LiveSocket extends EventTarget {
  /** @param {Boot} boot @param {() => Seen | undefined} seen how far our copy of the room goes */
  constructor(boot, seen) {
    super();
    this.boot = boot;
    this.seen = seen;
    this.state = "connecting";
    /** @type {string | undefined} */
    this.ticket = boot.ticket;
    this.seat = remember(this.#seatName) ?? boot.seat ?? undefined;
    if (this.seat && this.seat !== boot.seat) this.ticket = undefined; // The page's ticket is for a new seat; ours has its own.
    /** @type {WebSocket | undefined} */
    this.socket = undefined;
    /** @type {Map<number, Waiting>} */
    this.waiting = new Map();
    this.tries = 0;
    this.lastId = 0;
    this.watch = 0;
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#hurry());
    void this.#connect();
  }

  get #seatName() {
    return `seat:${this.boot.webinar}`;
  }

  /**
   * Send a command and wait for its answer. Answers come after the commit; a lost connection sends it again with the same ref.
   * @param {string} type
   * @param {Record<string, unknown>} fields
   * @returns {Promise<Frame>}
   */
  command(type, fields = {}) {
    const id = ++this.lastId;
    const frame = { id, type, ref: randomRef(), ...fields };
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { frame, resolve, reject });
      this.#send(frame);
    });
  }

  /** Ask for what is missing. */
  sync() {
    this.#send({ id: ++this.lastId, type: "sync", seen: this.seen() });
  }

  async #connect() {
    this.#become("connecting");
    try {
      this.ticket ??= await this.#fetchTicket();
    } catch {
      this.#comeBack();
      return;
    }
    const ticket = this.ticket;
    this.ticket = undefined; // One socket each.
    const socket = (this.socket = new WebSocket(new URL(this.boot.live, location.href.replace(/^http/, "ws"))));
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", ticket, seen: this.seen() }));
    socket.onmessage = (event) => this.#heard(JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(socket, event.code);
  }

  /** @param {Frame} frame */
  #heard(frame) {
    clearTimeout(this.watch);
    this.watch = window.setTimeout(() => this.socket?.close(), SILENCE);
    if (frame.type === "ok" || frame.type === "error") {
      const waiting = this.waiting.get(frame["id"]);
      this.waiting.delete(frame["id"]);
      if (frame.type === "ok") waiting?.resolve(frame);
      else waiting?.reject(new CommandError(frame));
      return;
    }
    if (frame.type === "welcome") {
      this.tries = 0;
      if (this.seat) keep(this.#seatName, this.seat);
      this.#become("open");
      for (const { frame: unanswered } of this.waiting.values()) this.#send(unanswered);
    }
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  /** @param {WebSocket} socket @param {number} code */
  #closed(socket, code) {
    if (socket !== this.socket) return;
    clearTimeout(this.watch);
    this.socket = undefined;
    if (code >= FINAL.from && code <= FINAL.to) {
      this.#become("closed");
      this.dispatchEvent(new CustomEvent("closed", { detail: code }));
      return;
    }
    if (code === TICKET_EXPIRED && this.tries === 0) {
      this.tries = 1;
      void this.#connect();
      return;
    }
    this.#comeBack();
  }

  #comeBack() {
    this.#become("away");
    // Full jitter, so that thousands who lost the same server do not come back in the same moment.
    const wait = Math.random() * Math.min(CAP, BASE * 2 ** this.tries++);
    this.timer = window.setTimeout(() => void this.#connect(), wait);
  }

  #hurry() {
    if (this.state !== "away") return;
    clearTimeout(this.timer);
    void this.#connect();
  }

  async #fetchTicket() {
    const answer = await fetch(`/w/${this.boot.slug}/ticket`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(this.boot.crew ? { crew: true } : { seat: this.seat ?? null }),
    });
    if (!answer.ok) throw new Error(`ticket ${answer.status}`);
    const { ticket, seat } = await answer.json();
    if (seat) this.seat = seat;
    return ticket;
  }

  /** @param {Frame} frame */
  #send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN && this.state === "open") this.socket.send(JSON.stringify(frame));
  }

  /** @param {string} state */
  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}

export function randomRef() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
