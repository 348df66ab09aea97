/** What goes over the live socket, as types. The server's side is app/protocol/frames.py and app/rooms/entities.py. */

export interface Seen {
  epoch: string;
  seq: number;
}

/** Boot data in the page; `seat` and `ticket` are made for this page view. */
export interface Boot {
  webinar: string;
  slug: string;
  lang: string;
  live: string;
  crew: boolean;
  ticket: string;
  seat: string | null;
}

export type Broadcast = "idle" | "preview" | "live" | "paused" | "ended";

export interface WebinarEntity {
  kind: "webinar";
  id: string;
  seq: number;
  title: string;
  publication: string;
  broadcast: Broadcast;
  starts_at: number;
  ends_at: number;
  zone: string;
  chat: { mode: "off" | "unstored" | "stored" };
  message?: string;
  live_since?: number | null;
  stream?: string | null;
  recording?: boolean;
}

export interface Author {
  id: string;
  name: string;
  role: string;
}

export interface MessageEntity {
  kind: "message";
  id: string;
  seq: number;
  author: Author;
  text: string;
  at: number;
  ref?: string;
  reply_to?: string | null;
  edited?: boolean;
  hidden?: boolean;
  crew?: boolean;
  /** A tombstone has only this of all the above, and what the page kept of its place. */
  removed?: boolean;
}

/** What is not known to this page (a newer server, a panel that is not loaded) is kept and ignored. */
export interface OtherEntity {
  kind: string;
  id: string;
  seq: number;
  [field: string]: unknown;
}

export interface RoomState {
  full: boolean;
  set: OtherEntity[];
  gone: string[];
}

export interface You {
  id: string;
  role: string;
  name: string | null;
  lane: "audience" | "crew" | "person";
}

export interface Welcome extends Seen {
  type: "welcome";
  you: You;
  permissions: string[];
  now: number;
  state: RoomState;
}

export interface StateFrame extends Seen {
  type: "state";
  state: RoomState;
}

export interface Change {
  type: "change";
  prev: number;
  seq: number;
  set: OtherEntity[];
  gone: string[];
}

export interface Beat extends Seen {
  type: "beat";
}

export interface Tick {
  type: "tick";
  watching: number;
  reactions?: Record<string, number>;
}

export interface Ok {
  type: "ok";
  id: number;
  seq?: number;
}

export interface Refused {
  type: "error";
  id: number;
  code: string;
  text: string;
  retry_after?: number | null;
}

export type RoomFrame = Welcome | StateFrame | Change | Beat | Tick;
export type ServerFrame = RoomFrame | Ok | Refused;

/** Commands a page may send, each with its fields. `ref` makes a command that is sent twice count once. */
export interface Commands {
  "chat.say": { ref?: string; text: string; name?: string; reply_to?: string; crew?: boolean };
  "chat.edit": { message: string; text: string };
  "chat.remove": { message: string };
  "chat.hide": { message: string; hidden: boolean };
  "chat.mode": { mode: string };
  "broadcast.set": { to: Broadcast };
  "notice.set": { state: Broadcast; text: string };
}
