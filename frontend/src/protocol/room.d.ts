/**
 * What the pages of the room say and hear, narrower than the types made from the server's structs (messages.d.ts): which words a
 * field may hold, what belongs together.
 */
import type { Broadcast } from "./messages.d.ts";
import type { Ok as Answered, Tick as Ticked } from "./messages.d.ts";

/** An answer, with what some commands add. */
export interface Ok extends Pick<Answered, "type" | "id" | "seq"> {
  question?: string;
  number?: number;
  poll?: string;
  voted?: boolean;
  tally?: Record<string, Tally> | null;
  again?: number;
  url?: string;
  address?: string;
  /** Token of the second way in. */
  backup?: string;
  token?: string;
  whip?: string;
  whep?: string;
  ice?: RTCIceServer[];
  videos?: StageVideo[];
}

/** A video or recording that can be played on the stage; a recording has no title. Times in milliseconds since 1970. */
export interface StageVideo {
  id: string;
  title: string;
  made_at: number;
  seconds: number;
}

export interface Tick extends Pick<Ticked, "type" | "watching"> {
  reactions?: Record<string, number>;
  crew?: { id: string; name: string; role: string }[];
}

export interface PollItem {
  id?: string;
  kind: "single" | "several" | "rating" | "ranking" | "text" | "words" | "quiz";
  text: string;
  options?: { id?: string; text: string }[];
  min?: number;
  max?: number;
  right?: string[];
  labels?: [string, string];
  required?: boolean;
}

export interface Tally {
  n: number;
  options?: Record<string, number>;
  mean?: number;
  ratings?: Record<string, number>;
  points?: Record<string, number>;
  words?: [string, number][];
  texts?: string[];
}

export type Answer = string | string[] | number;

/** Commands a page may send, each with its fields. `ref` makes a command that is sent twice count once. */
export interface Commands {
  "chat.say": { ref?: string; text: string; name?: string; reply_to?: string; crew?: boolean };
  "chat.private": { ref?: string; text: string; name?: string; to?: string };
  "chat.edit": { message: string; text: string };
  "chat.remove": { message: string; reason?: string };
  "chat.hide": { message: string; hidden: boolean; reason?: string };
  "chat.react": { message: string; emoji: string; on: boolean };
  "chat.pin": { message: string; pinned: boolean };
  "chat.release": { message: string };
  "chat.refuse": { message: string; reason?: string };
  "chat.mode": { mode: string };
  "room.modes": {
    phase?: string; chat?: string; pace?: string; delay?: number; slow?: number; private?: boolean;
    questions?: string; anonymous?: string; crew_anonymous?: string; polls?: string; reactions?: string; hands?: string;
  };
  "room.words": { words: string[] };
  "room.step": { on: boolean };
  "question.ask": { ref?: string; text: string; name?: string; anonymous?: "" | "audience" | "crew" };
  "question.edit": { question: string; text: string };
  "question.withdraw": { question: string };
  "question.vote": { question: string; on: boolean };
  "question.approve": { question: string; version?: number };
  "question.hide": { question: string; reason?: string; version?: number };
  "question.reopen": { question: string; version?: number };
  "question.reject": { question: string; reason?: string; version?: number };
  "question.rewrite": { question: string; text: string; version?: number };
  "question.claim": { question: string };
  "question.release": { question: string };
  "question.take": { question: string; on: boolean };
  "question.answer": { question: string; text?: string; private?: boolean; version?: number };
  "question.follow_up": { question: string; on: boolean };
  "question.star": { question: string; on: boolean };
  "question.label": { question: string; label: string };
  "question.move": { question: string; after?: string };
  "question.merge": { question: string; into: string; version?: number };
  "question.unmerge": { question: string };
  "question.archive": { questions: string[]; archived: boolean; reason?: string };
  "question.show": { question: string; on: boolean };
  "question.next": object;
  "question.from_message": { message: string };
  "poll.make": PollFields & { items: PollItem[] };
  "poll.change": PollFields & { poll: string; version?: number };
  "poll.copy": { poll: string };
  "poll.open": { poll: string; seconds?: number };
  "poll.close": { poll: string };
  "poll.remove": { poll: string };
  "poll.archive": { poll: string; archived: boolean };
  "poll.place": { poll: string; place: string };
  "poll.results": { poll: string; results: string };
  "poll.vote": { poll: string; answers: Record<string, Answer>; name?: string };
  "poll.look": { poll: string };
  "stage.enter": object;
  "stage.move": { presenter: string; on_stage: boolean };
  "stage.mute": { presenter: string };
  "stage.sound": object;
  "stage.show": { presenter: string | null };
  "stage.remove": { presenter: string };
  "stage.join": object;
  "stage.leave": object;
  "stage.encoder": { name: string };
  "stage.layout": { layout: string };
  "stage.videos": object;
  "stage.play": { video: string | null };
  "stage.screen": { on: boolean };
  "recording.set": { on: boolean };
  "reaction.send": { emoji: string };
  "hand.raise": { name?: string; wants?: "audio" | "video" };
  "hand.lower": object;
  "hand.accept": { wants: "audio" | "video" };
  "hand.decline": object;
  "hand.invite": { person?: string; hand?: string; name?: string };
  "hand.dismiss": { hand: string };
  "hand.dismiss_all": object;
  "notice.post": { text: string; button_text?: string; button_url?: string; seconds?: number };
  "notice.withdraw": { notice: string };
  "handout.open": { handout: string };
  "handout.remove": { handout: string };
  "person.mute": { person?: string; message?: string; question?: string; seconds?: number; reason?: string };
  "person.unmute": { restriction: string };
  "person.ban": { person?: string; message?: string; question?: string; reason?: string; remove?: boolean };
  "person.unban": { restriction: string };
  "decision.undo": { decision: string };
  "broadcast.set": { to: Broadcast };
  "notice.set": { state: Broadcast; text: string };
}

export interface PollFields {
  title?: string;
  items?: PollItem[];
  anonymous?: boolean;
  results?: string;
  place?: string;
  seconds?: number;
  opens_at?: number;
}
