/**
 * What every element on the live connection has: the room's copy, the socket, and one way to send a command that says what went
 * wrong and offers to undo what can be undone.
 * @module
 */
import { LitElement } from "lit";
import { toast } from "../lib/toast.js";

/** @typedef {import("../protocol/room.d.ts").Commands} Commands */
/** @typedef {import("../state/room.js").Entity} Entity */

export class LiveElement extends LitElement {
  /** Kinds of entities (or `tick`, `state`) after whose change it is drawn again. @type {string[]} */
  static kinds = [];

  constructor() {
    super();
    /** @type {import("../state/room.js").Room | undefined} */
    this.room = undefined;
    /** @type {import("../protocol/socket.js").LiveSocket | undefined} */
    this.socket = undefined;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {import("../state/room.js").Room} room @param {import("../protocol/socket.js").LiveSocket} socket */
  join(room, socket) {
    if (this.room) return;
    this.room = room;
    this.socket = socket;
    const { kinds } = /** @type {typeof LiveElement} */ (this.constructor);
    for (const kind of kinds) room.addEventListener(kind, () => this.changed(kind));
    socket.addEventListener("state", () => this.requestUpdate());
    this.changed("state");
  }

  /** Something it shows has changed. @param {string} _kind */
  changed(_kind) {
    this.requestUpdate();
  }

  /** @param {string} permission */
  may(permission) {
    return Boolean(this.room?.permissions.has(permission));
  }

  get isCrew() {
    return this.room?.you?.lane === "crew";
  }

  /**
   * @template {keyof Commands} T
   * @param {T} type
   * @param {Commands[T]} fields
   * @param {{done?: string, undo?: () => void}} [after] `done` is said when it worked; `undo` takes it back
   * @returns {Promise<import("../protocol/room.d.ts").Ok | undefined>} nothing when it was refused
   */
  async act(type, fields, { done, undo } = {}) {
    try {
      const answer = await this.socket?.command(type, fields);
      if (done) toast(done, undo ? { undo } : { tone: "good" });
      return answer;
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { tone: "danger" });
      return undefined;
    }
  }
}
