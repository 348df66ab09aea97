/**
 * A copy of the room: entities by kind and id, brought up to date by frames. Pure: the same rule as the server's tests.
 * @module
 */

/** @typedef {{kind: string, id: string, seq: number, [key: string]: any}} Entity */
/** @typedef {import("../protocol/messages.d.ts").RoomFrame} RoomFrame */
/** @typedef {import("../protocol/messages.d.ts").Welcome} Welcome */
/** @typedef {import("../protocol/messages.d.ts").StateFrame} StateFrame */

/** Messages kept in the page; older ones are in the export, not on the screen. While somebody reads further up, more are kept. */
const MOST = 500;
const MOST_HELD = 5000;

/** Events: `state` (this copy is whole again), `tick`, and one of each kind that changed (`webinar`, `message`, …). */
export class Room extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, Map<string, Entity>>} */
    this.kinds = new Map();
    this.epoch = "";
    this.seq = -1;
    this.watching = 0;
    /** Reactions of the last second. @type {Record<string, number>} */
    this.reactions = {};
    /** Crew in the room; known to the crew alone. @type {{id: string, name: string, role: string}[]} */
    this.crew = [];
    /** Lists in which somebody reads further up. @type {Set<object>} */
    this.held = new Set();
    /** @type {import("../protocol/messages.d.ts").You | undefined} */
    this.you = undefined;
    /** @type {Set<string>} */
    this.permissions = new Set();
    /** Server time minus ours, in milliseconds. */
    this.skew = 0;
  }

  /** How far this copy goes; undefined before the first welcome. */
  seen() {
    return this.epoch ? { epoch: this.epoch, seq: this.seq } : undefined;
  }

  /**
   * @param {RoomFrame} frame
   * @returns {boolean} false when something is missing and must be asked for
   */
  apply(frame) {
    switch (frame.type) {
      case "welcome":
        this.you = frame.you;
        this.permissions = new Set(frame.permissions);
        this.skew = frame.now - Date.now();
        this.#state(frame);
        return true;
      case "state":
        this.#state(frame);
        return true;
      case "change":
        if (frame.prev > this.seq) return false;
        this.seq = Math.max(this.seq, frame.seq);
        this.#upsert(frame.set, frame.gone);
        return true;
      case "beat":
        return frame.epoch === this.epoch && frame.seq <= this.seq;
      case "tick":
        this.watching = frame.watching;
        this.reactions = /** @type {import("../protocol/room.d.ts").Tick} */ (frame).reactions ?? {};
        this.crew = /** @type {import("../protocol/room.d.ts").Tick} */ (frame).crew ?? this.crew;
        this.#changed("tick");
        return true;
      default:
        return true;
    }
  }

  /** @param {string} kind */
  all(kind) {
    return [...(this.kinds.get(kind)?.values() ?? [])];
  }

  /** One entity. @param {string} kind @param {string | undefined} id */
  one(kind, id) {
    return id === undefined ? undefined : this.kinds.get(kind)?.get(id);
  }

  /** What the server says to this person alone: own votes, own reactions, whether muted. */
  get mine() {
    return this.one("mine", this.you?.id);
  }

  /** The webinar itself. */
  get webinar() {
    return this.all("webinar")[0];
  }

  /** Now, as the server's clock says. */
  now() {
    return Date.now() + this.skew;
  }

  /** @param {Welcome | StateFrame} frame */
  #state(frame) {
    const { full, set, gone } = frame.state;
    const before = full ? [...this.kinds.keys()] : [];
    if (full) this.kinds.clear();
    this.epoch = frame.epoch;
    this.seq = full ? frame.seq : Math.max(this.seq, frame.seq);
    this.#upsert(set, gone, before);
    this.#changed("state");
  }

  /** @param {Entity[]} set @param {string[]} gone @param {string[]} emptied kinds that were forgotten before */
  #upsert(set, gone, emptied = []) {
    const touched = new Set(emptied);
    for (const entity of set) {
      const known = this.kinds.get(entity.kind) ?? new Map();
      this.kinds.set(entity.kind, known);
      const old = known.get(entity.id);
      if (old && old.seq > entity.seq) continue;
      if (entity["removed"] && !old) continue;
      known.set(entity.id, entity["removed"] ? tombstone(entity, old) : entity);
      touched.add(entity.kind);
    }
    for (const name of gone) {
      const [kind = "", id = ""] = name.split("/");
      if (kind === "person") this.#forget(id, touched);
      else if (this.kinds.get(kind)?.delete(id)) touched.add(kind);
    }
    const messages = this.kinds.get("message");
    for (const id of messages?.keys() ?? []) {
      if ((messages?.size ?? 0) <= (this.held.size ? MOST_HELD : MOST)) break;
      messages?.delete(id);
    }
    for (const kind of touched) this.#changed(kind);
  }

  /** Somebody was erased: whatever is theirs goes from this screen. @param {string} person @param {Set<string>} touched */
  #forget(person, touched) {
    for (const [kind, entities] of this.kinds) {
      for (const [id, entity] of entities) {
        if (entity["author"]?.id === person && entities.delete(id)) touched.add(kind);
      }
    }
  }

  /** @param {string} what */
  #changed(what) {
    this.dispatchEvent(new Event(what));
  }
}

/** What was removed keeps its place in the list, and nothing else of what it was. @param {Entity} entity @param {Entity} old @returns {Entity} */
function tombstone(entity, old) {
  return { ...entity, at: old["at"], crew: old["crew"] };
}
