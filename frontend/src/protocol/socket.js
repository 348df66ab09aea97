/**
 * The live socket: says hello, asks and is answered, comes back by itself, and notices what it missed.
 * Knows frames, not features. See docs/protocol.md.
 * @module
 */
import { keep, remember } from "../lib/storage.js";
import { t } from "../lib/i18n.js";
import { CommandError, Requests } from "./requests.js";

export { CommandError, randomRef } from "./requests.js";

/** @typedef {import("./messages.d.ts").Boot} Boot */
/** @typedef {import("./messages.d.ts").Seen} Seen */
/** @typedef {import("./messages.d.ts").RoomFrame} RoomFrame */
/** @typedef {import("./messages.d.ts").ServerFrame} ServerFrame */
/** @typedef {import("./room.d.ts").Commands} Commands */
/** @typedef {"connecting" | "open" | "away" | "closed"} SocketState */

const BASE = 500;
const CAP = 10_000;
/** No hint of a server keeps anybody away longer. */
const MOST_ASKED = 60_000;
/** Two beats and a half: a server that is silent longer is not there. */
const SILENCE = 25_000;
/** Close codes from which a browser does not come back by itself. */
const FINAL = { from: 4500, to: 4999 };
const TICKET_EXPIRED = 4010;
/** What a refused ticket means for the socket: signed out, or the webinar is gone. */
const REFUSED = /** @type {Record<number, number>} */ ({ 401: 4506, 403: 4506, 404: 4504, 410: 4504 });

/**
 * Events: `frame` (detail: a RoomFrame), `state` (detail: SocketState), `closed` (detail: close code).
 */
export class LiveSocket extends EventTarget {
  /** @param {Boot} boot @param {() => Seen | undefined} seen how far our copy of the room goes */
  constructor(boot, seen) {
    super();
    this.boot = boot;
    this.seen = seen;
    /** @type {SocketState} */
    this.state = "connecting";
    /** @type {string | undefined} */
    this.ticket = boot.ticket || undefined;
    // A registered participant's seat comes with the page, whatever this tab remembers.
    this.seat = boot.crew ? undefined : ((boot.registered ? undefined : remember(this.#seatName)) ?? boot.seat ?? undefined);
    if (this.seat && this.seat !== boot.seat) this.ticket = undefined; // The page's ticket is for a new seat; ours has its own.
    /** @type {WebSocket | undefined} */
    this.socket = undefined;
    this.requests = new Requests((frame) => this.#send(frame));
    this.syncing = false;
    this.tries = 0;
    this.watch = 0;
    this.timer = 0;
    this.notBefore = 0;
    addEventListener("online", () => this.#hurry());
    addEventListener("pageshow", (event) => event.persisted && this.#hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#hurry());
    void this.#connect();
  }

  get #seatName() {
    return this.boot.view ? `seat:${this.boot.webinar}:${this.boot.view}` : `seat:${this.boot.webinar}`;
  }

  /**
   * Send a command and wait for its answer. Answers come after the commit; a lost connection sends it again with the same ref.
   * @template {keyof Commands} T
   * @param {T} type
   * @param {Commands[T]} fields
   */
  command(type, fields) {
    if (this.state === "closed") return Promise.reject(new CommandError("closed", t("This room is closed here. Load the page again.")));
    return this.requests.ask(type, fields);
  }

  /** Ask for what is missing; once, however many frames show the same gap. */
  sync() {
    if (this.syncing || this.state !== "open") return; // Whoever comes back is told everything with the welcome.
    this.syncing = true;
    this.#send({ id: this.requests.number(), type: "sync", seen: this.seen() });
  }

  async #connect() {
    this.#become("connecting");
    try {
      this.ticket ??= await this.#fetchTicket();
    } catch (error) {
      const final = error instanceof TicketError ? REFUSED[error.status] : undefined;
      if (final) this.#end(final);
      else this.#comeBack(error instanceof TicketError ? error.retryAfter : 0);
      return;
    }
    const ticket = this.ticket;
    this.ticket = undefined; // One socket each.
    const socket = (this.socket = new WebSocket(new URL(this.boot.live, location.href.replace(/^http/, "ws"))));
    this.#listen(socket);
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", ticket, seen: this.seen() }));
    socket.onmessage = (event) => socket === this.socket && this.#heard(socket, JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(socket, event.code, event.reason);
  }

  /** A socket that stays silent is given up at once, without waiting for a farewell that may never come. @param {WebSocket} socket */
  #listen(socket) {
    clearTimeout(this.watch);
    this.watch = window.setTimeout(() => {
      this.#closed(socket, 0);
      socket.close();
    }, SILENCE);
  }

  /** @param {WebSocket} socket @param {ServerFrame} frame */
  #heard(socket, frame) {
    this.#listen(socket);
    if (frame.type === "ok" || frame.type === "error") {
      // The answer to a sync is a state; an error in its place means that it may be asked again.
      if (!this.requests.answered(/** @type {import("./room.d.ts").Ok | import("./messages.d.ts").Refused} */ (frame))) this.syncing = false;
      return;
    }
    if (frame.type === "welcome" || frame.type === "state") this.syncing = false;
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
    if (frame.type !== "welcome") return;
    this.tries = 0;
    if (this.seat) keep(this.#seatName, this.seat);
    this.#become("open");
    this.requests.again();
  }

  /** @param {WebSocket} socket @param {number} code @param {string} [reason] */
  #closed(socket, code, reason = "") {
    if (socket !== this.socket) return;
    clearTimeout(this.watch);
    this.socket = undefined;
    this.syncing = false;
    if (code >= FINAL.from && code <= FINAL.to) this.#end(code);
    else if (code === TICKET_EXPIRED && this.tries === 0) {
      this.tries = 1;
      void this.#connect();
    } else this.#comeBack(Number(/retry_after=([\d.]+)/.exec(reason)?.[1] ?? 0));
  }

  /** @param {number} code */
  #end(code) {
    this.#become("closed");
    this.requests.refuse(new CommandError("closed", t("This room is closed here. Load the page again.")));
    this.dispatchEvent(new CustomEvent("closed", { detail: code }));
  }

  /** @param {number} retryAfter seconds the server asks us to stay away */
  #comeBack(retryAfter) {
    this.#become("away");
    // Full jitter, so that thousands who lost the same server do not come back in the same moment.
    const asked = Math.min(retryAfter * 1000, MOST_ASKED);
    const wait = asked + Math.random() * Math.min(CAP, BASE * 2 ** this.tries++);
    this.notBefore = Date.now() + asked;
    this.timer = window.setTimeout(() => void this.#connect(), wait);
  }

  #hurry() {
    if (this.state !== "away" || Date.now() < this.notBefore) return;
    clearTimeout(this.timer);
    void this.#connect();
  }

  async #fetchTicket() {
    const { crew, view, key } = this.boot;
    const wanted = crew ? { crew: true } : view ? { view, key: key ?? "", seat: this.seat ?? null } : { seat: this.seat ?? null };
    const answer = await fetch(`/w/${this.boot.slug}/${view ? "view-ticket" : "ticket"}?lang=${this.boot.lang}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wanted),
      signal: AbortSignal.timeout(SILENCE),
    });
    if (!answer.ok) throw new TicketError(answer.status, Number(answer.headers.get("retry-after") ?? 0));
    const { ticket, seat } = await answer.json();
    if (seat) this.seat = seat;
    return ticket;
  }

  /** @param {object} frame */
  #send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN && this.state === "open") this.socket.send(JSON.stringify(frame));
  }

  /** @param {SocketState} state */
  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}

class TicketError extends Error {
  /** @param {number} status @param {number} retryAfter seconds */
  constructor(status, retryAfter) {
    super(`ticket ${status}`);
    this.status = status;
    this.retryAfter = retryAfter || 0;
  }
}
