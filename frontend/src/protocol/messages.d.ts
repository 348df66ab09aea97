/**
 * What goes over the live socket, as types. Made by `python -m app schema` from app/protocol; do not edit by hand.
 */

export type Broadcast = "idle" | "preview" | "live" | "paused" | "ended";

/** Boot data in the page; `seat` and `ticket` are made for this page view. */
export interface Boot {
  /** Where tickets come from, when it is not the webinar's own address. */
  tickets?: string;
  webinar: string;
  slug: string;
  lang: string;
  live: string;
  crew: boolean;
  ticket: string;
  seat: string | null;
  view?: string;
  key?: string;
  registered?: boolean;
}

/** What is not known to this page (a newer server, a panel that is not loaded) is kept and ignored. */
export interface OtherEntity {
  kind: string;
  id: string;
  seq: number;
  [field: string]: unknown;
}

/** Who said something: an id of this webinar alone, the shown name, the role. */
export interface Author {
  id: string;
  name: string;
  role: string;
}

/** Where a notice leads. */
export interface Button {
  text: string;
  url: string;
}

/** Somebody of the crew. */
export interface By {
  id: string;
  name: string;
}

/** How the chat works now. ``slow``: seconds between two messages of one person. */
export interface ChatModes {
  mode: "off" | "unstored" | "stored";
  pace?: "open" | "delayed" | "approved";
  slow?: number;
  private?: boolean;
  why?: "" | "off" | "before" | "ended";
}

/** Who is at a question, and until when unless they say so again. */
export interface Claim {
  id: string;
  name: string;
  until: number;
}

/** Somebody of the crew who is in the room. */
export interface CrewMember {
  id: string;
  name: string;
  role: string;
}

/** How one gets on the stage now. */
export interface HandModes {
  mode: "off" | "invite" | "request" | "free";
  why?: "" | "off" | "before" | "ended";
}

/** Results of one question: how many answered, and how often what was chosen or said. ``points``: of a ranking. */
export interface ItemTally {
  n: number;
  options?: Record<string, number>;
  ratings?: Record<string, number>;
  mean?: number | null;
  points?: Record<string, number>;
  words?: ([string, number])[];
  texts?: string[];
}

/** The answer to a command that was committed; some carry more than the number. */
export interface Ok {
  type: "ok";
  id: number;
  seq?: number;
  question?: string;
  number?: number;
  poll?: string;
  voted?: boolean;
  tally?: Record<string, ItemTally> | null;
  again?: number;
  url?: string;
  notice?: string;
}

/** The choices of one phase. */
export interface PhaseModes {
  chat: string;
  pace: string;
  delay: number;
  slow: number;
  private: boolean;
  questions: string;
  anonymous: string;
  crew_anonymous: string;
  polls: string;
  reactions: string;
  hands: string;
}

/** One question of a poll. ``max``: the most that may be chosen or said, or the top of a rating; ``labels``: its two ends.

    ``right``: options that are right in a quiz; the audience learns them when the poll is closed. */
export interface PollItem {
  kind: "single" | "several" | "rating" | "ranking" | "text" | "words" | "quiz";
  text: string;
  id?: string;
  options?: PollOption[];
  min?: number;
  max?: number;
  right?: string[];
  labels?: string[];
  required?: boolean;
}

/** Whether polls can be answered now. */
export interface PollModes {
  mode: "off" | "on";
  why?: "" | "off" | "before" | "ended";
}

/** One thing to choose. */
export interface PollOption {
  text: string;
  id?: string;
}

/** How questions work now, and from whom an asker's name may or must be kept. */
export interface QuestionModes {
  mode: "off" | "crew" | "moderated" | "open";
  anonymous?: "never" | "choice" | "always";
  crew_anonymous?: "never" | "choice" | "always";
  why?: "" | "off" | "before" | "ended";
}

/** Whether one can react now, and with what. */
export interface ReactionModes {
  mode: "off" | "on";
  set: string[];
  why?: "" | "off" | "before" | "ended";
}

/** A snapshot (`full`), or what changed since. */
export interface RoomState {
  full: boolean;
  set: OtherEntity[];
  gone: string[];
}

/** How far a browser's copy of the room goes. */
export interface Seen {
  epoch: string;
  seq: number;
}

/** Who the server takes you for. */
export interface You {
  id: string;
  role: string;
  name: string | null;
  lane: string;
}

/** The webinar itself: what the page needs to turn into waiting page, room or farewell by itself. */
export interface WebinarEntity {
  kind: "webinar";
  id: string;
  seq: number;
  title: string;
  publication: string;
  broadcast: "idle" | "preview" | "live" | "paused" | "ended";
  starts_at: number;
  ends_at: number;
  zone: string;
  chat: ChatModes;
  questions: QuestionModes;
  polls: PollModes;
  reactions: ReactionModes;
  hands: HandModes;
  phase: "before" | "live" | "after";
  in_step?: boolean;
  message?: string;
  live_since?: number | null;
  stream?: string | null;
  source?: "live" | "simulive" | "ondemand";
  recording?: boolean;
  picture?: string | null;
  texts?: Record<string, string>;
  pictures?: Record<string, string>;
}

/** What the organiser chose for each phase, and the words that hold what somebody writes; crew only. */
export interface PolicyEntity {
  kind: "policy";
  id: string;
  seq: number;
  phases: Record<string, PhaseModes>;
  words: string[];
}

/** A chat message. ``private``: the participant whose conversation with the crew it belongs to. The crew alone gets ``at_crew``, and
    of a message that waits ``held`` and ``until``; its author has it meanwhile as ``pending``. */
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
  question?: string | null;
  pinned?: boolean;
  reactions?: Record<string, number>;
  private?: string | null;
  pending?: boolean;
  at_crew?: boolean;
  held?: "" | "delay" | "approval" | "words";
  until?: number | null;
  removed?: boolean;
  refused?: boolean;
  reason?: string;
}

/** Somebody who is muted or banned; crew only. Without ``person`` where the crew may not know who it is. */
export interface RestrictionEntity {
  kind: "restriction";
  id: string;
  seq: number;
  at: number;
  by: By;
  person?: string;
  name?: string;
  muted?: boolean;
  muted_until?: number | null;
  banned?: boolean;
  reason?: string;
}

/** What a moderator did to ``object`` (kind and id); crew only. */
export interface DecisionEntity {
  kind: "decision";
  id: string;
  seq: number;
  at: number;
  by: By;
  action: string;
  object: string;
  reason?: string;
  undoable?: boolean;
  undone?: boolean;
}

/** Somebody who can be seen and heard, on stage or backstage; crew only. */
export interface PresenterEntity {
  kind: "presenter";
  id: string;
  seq: number;
  person: string;
  name: string;
  sort?: "crew" | "guest" | "encoder" | "interpreter" | "screen";
  language?: string;
  on_stage?: boolean;
  muted?: boolean;
  connected?: boolean;
  video?: boolean;
  audio?: boolean;
  shown?: boolean;
  backup?: boolean;
  removed?: boolean;
}

/** One's own place on the stage, of somebody from the audience. */
export interface MyPlaceEntity {
  kind: "my_place";
  id: string;
  seq: number;
  on_stage?: boolean;
  muted?: boolean;
}

/** One line of captions. */
export interface CaptionEntity {
  kind: "caption";
  id: string;
  seq: number;
  lang: string;
  text: string;
  at: number;
}

/** How the program is made; crew only. */
export interface StageEntity {
  kind: "stage";
  id: string;
  seq: number;
  chosen?: string | null;
  layout?: "single" | "side" | "corner" | "grid";
  clip?: string | null;
  clip_until?: number | null;
}

/** A question. The audience gets published ones only, and of those none of the fields after ``message``. */
export interface QuestionEntity {
  kind: "question";
  id: string;
  seq: number;
  number: number;
  text: string;
  state: "pending" | "visible" | "answering" | "answered" | "rejected" | "hidden" | "merged";
  at: number;
  votes?: number;
  author?: Author | null;
  answer?: string;
  answered_by?: "" | "voice" | "text";
  on_screen?: boolean;
  shown_at?: number | null;
  follow_up?: boolean;
  edited?: boolean;
  message?: string | null;
  published?: boolean;
  anonymous?: "" | "audience" | "crew";
  original?: string;
  starred?: boolean;
  label?: string;
  place?: number | null;
  archived?: boolean;
  claim?: Claim | null;
  by?: By | null;
  version?: number;
  reason?: string;
  merged_into?: string | null;
  private_answer?: boolean;
  held?: boolean;
  removed?: boolean;
}

/** What became of one's own question; only its asker gets it. */
export interface MyQuestionEntity {
  kind: "my_question";
  id: string;
  seq: number;
  number: number;
  text: string;
  state: "pending" | "visible" | "answering" | "answered" | "rejected" | "hidden" | "merged";
  at: number;
  votes?: number;
  answer?: string;
  answered_by?: "" | "voice" | "text";
  private_answer?: boolean;
  reason?: string;
  merged_into?: string | null;
  follow_up?: boolean;
  anonymous?: "" | "audience" | "crew";
  edited?: boolean;
  editable?: boolean;
}

/** What one did and may do, for one person alone: questions voted for, reactions by message, whether one is muted and why. */
export interface MineEntity {
  kind: "mine";
  id: string;
  seq: number;
  votes?: string[];
  reactions?: Record<string, string[]>;
  muted?: boolean;
  muted_until?: number | null;
  reason?: string;
}

/** A poll, quiz or survey. The audience gets open and closed ones; ``tally`` where this lane may see results now. */
export interface PollEntity {
  kind: "poll";
  id: string;
  seq: number;
  number: number;
  title: string;
  state: "draft" | "scheduled" | "open" | "closed" | "archived";
  items: PollItem[];
  anonymous: boolean;
  results: "always" | "voted" | "closed" | "crew";
  place: "sidebar" | "screen";
  opened_at?: number | null;
  closes_at?: number | null;
  closed_at?: number | null;
  voters?: number;
  tally?: Record<string, ItemTally> | null;
  opens_at?: number | null;
  seconds?: number | null;
  locked?: boolean;
  version?: number;
  by?: By | null;
  copied_from?: string | null;
}

/** What one answered in a poll with names; for one person alone. */
export interface MyBallotEntity {
  kind: "my_ballot";
  id: string;
  seq: number;
  voted: boolean;
  answers: Record<string, string | number | string[]>;
}

/** Somebody who wants to speak, or is asked to; crew only. */
export interface HandEntity {
  kind: "hand";
  id: string;
  seq: number;
  person: string;
  name: string;
  state: "raised" | "invited" | "accepted";
  wants: "audio" | "video";
  at: number;
}

/** One's own hand. */
export interface MyHandEntity {
  kind: "my_hand";
  id: string;
  seq: number;
  state: "raised" | "invited" | "accepted";
  wants: "audio" | "video";
}

/** A word of the crew to everybody. */
export interface NoticeEntity {
  kind: "notice";
  id: string;
  seq: number;
  text: string;
  at: number;
  button?: Button | null;
  until?: number | null;
}

/** A file for the audience; ``handout.open`` answers its address. */
export interface HandoutEntity {
  kind: "handout";
  id: string;
  seq: number;
  title: string;
  type: string;
  size: number;
  at: number;
}

/** Answer to hello. */
export interface Welcome {
  type: "welcome";
  you: You;
  permissions: string[];
  epoch: string;
  seq: number;
  now: number;
  state: RoomState;
}

/** Answer to sync, or a fresh copy when what was said before must be forgotten. */
export interface StateFrame {
  type: "state";
  epoch: string;
  seq: number;
  state: RoomState;
}

/** A command that was refused. ``code`` is for programs, ``text`` for the person. */
export interface Refused {
  type: "error";
  id: number;
  code: string;
  text: string;
  retry_after?: number | null;
}

/** Sent every ten seconds with the lane's newest number, so that silence cannot hide a loss. */
export interface Beat {
  type: "beat";
  epoch: string;
  seq: number;
}

/** What needs no order: how many are watching, reactions of the last second, and for the crew who of them is here when that
    changes. */
export interface Tick {
  type: "tick";
  watching: number;
  reactions?: Record<string, number>;
  crew?: CrewMember[] | null;
}

/** What happened on your lane between two numbers. Joined from bytes by the server, so this struct only describes it. */
export interface Change {
  type: "change";
  prev: number;
  seq: number;
  set: OtherEntity[];
  gone: string[];
}

export type Entity = WebinarEntity | PolicyEntity | MessageEntity | RestrictionEntity | DecisionEntity | PresenterEntity | MyPlaceEntity | CaptionEntity | StageEntity | QuestionEntity | MyQuestionEntity | MineEntity | PollEntity | MyBallotEntity | HandEntity | MyHandEntity | NoticeEntity | HandoutEntity;

export type RoomFrame = Welcome | StateFrame | Change | Beat | Tick;
export type ServerFrame = RoomFrame | Ok | Refused;

/** Commands a page may send, each with its fields. `ref` makes a command that is sent twice count once. */
export interface Commands {
  /** Move the broadcast to another state. */
  "broadcast.set": {
    to: string;
    ref?: string;
  };
  /** Change one's own message. */
  "chat.edit": {
    message: string;
    text: string;
    ref?: string;
  };
  /** Hide a message, or show it again. */
  "chat.hide": {
    message: string;
    ref?: string;
    hidden: boolean;
    reason?: string;
  };
  /** Set the chat to off, unstored or stored. */
  "chat.mode": {
    mode: string;
    ref?: string;
  };
  /** Keep a message in sight above the others, or not any more. */
  "chat.pin": {
    message: string;
    ref?: string;
    pinned: boolean;
  };
  /** Say something to the crew alone; for the crew: to one participant alone. */
  "chat.private": {
    ref?: string;
    text: string;
    name?: string;
    to?: string | null;
  };
  /** React to a message, or take it back. */
  "chat.react": {
    message: string;
    ref?: string;
    emoji: string;
    on: boolean;
  };
  /** Never show a message that waits; its author hears the reason. */
  "chat.refuse": {
    message: string;
    reason?: string;
    ref?: string;
  };
  /** Show a message that waits. */
  "chat.release": {
    message: string;
    ref?: string;
  };
  /** Remove a message for good. */
  "chat.remove": {
    message: string;
    reason?: string;
    ref?: string;
  };
  /** Say something in the public chat, or in the crew's. */
  "chat.say": {
    ref?: string;
    text: string;
    name?: string;
    reply_to?: string | null;
    crew?: boolean;
  };
  /** Take a decision back. */
  "decision.undo": {
    decision: string;
    ref?: string;
  };
  /** Come on the stage, being invited. */
  "hand.accept": {
    wants?: "audio" | "video";
    ref?: string;
  };
  /** Rather not. */
  "hand.decline": {
    ref?: string;
  };
  /** Lower somebody's hand. */
  "hand.dismiss": {
    ref?: string;
    hand: string;
  };
  /** Lower all hands that were only raised. */
  "hand.dismiss_all": {
    ref?: string;
  };
  /** Ask somebody on the stage: by hand, or a person who did not raise one. */
  "hand.invite": {
    hand?: string;
    person?: string;
    wants?: "audio" | "video";
    ref?: string;
  };
  /** Not any more. */
  "hand.lower": {
    ref?: string;
  };
  /** Ask to speak. */
  "hand.raise": {
    name?: string;
    wants?: "audio" | "video";
    ref?: string;
  };
  /** Ask for the address of a handout. */
  "handout.open": {
    ref?: string;
    handout: string;
  };
  /** Take a handout away, file and all. */
  "handout.remove": {
    ref?: string;
    handout: string;
  };
  /** Say something to everybody, with a button that leads somewhere, for some seconds or until it is taken away. */
  "notice.post": {
    ref?: string;
    text: string;
    button_text?: string;
    button_url?: string;
    seconds?: number | null;
  };
  /** Set the text shown in one state of the broadcast. */
  "notice.set": {
    state: string;
    text: string;
    ref?: string;
  };
  /** Take a notice away. */
  "notice.withdraw": {
    ref?: string;
    notice: string;
  };
  /** Send somebody out; ``remove`` hides what they wrote. */
  "person.ban": {
    person?: string;
    message?: string;
    question?: string;
    reason?: string;
    remove?: boolean;
    ref?: string;
  };
  /** Mute somebody, for some seconds or until it is lifted. */
  "person.mute": {
    person?: string;
    message?: string;
    question?: string;
    reason?: string;
    seconds?: number | null;
    ref?: string;
  };
  /** Lift a ban. */
  "person.unban": {
    restriction: string;
    ref?: string;
  };
  /** Lift a mute. */
  "person.unmute": {
    restriction: string;
    ref?: string;
  };
  /** Put a poll away, or bring it back. */
  "poll.archive": {
    poll: string;
    ref?: string;
    archived: boolean;
  };
  /** Change a poll before its first vote. */
  "poll.change": {
    poll: string;
    items?: PollItem[] | null;
    title?: string | null;
    anonymous?: boolean | null;
    results?: "always" | "voted" | "closed" | "crew" | null;
    place?: "sidebar" | "screen" | null;
    seconds?: number | null;
    opens_at?: number | null;
    version?: number | null;
    ref?: string;
  };
  /** Close a poll; its results stay. */
  "poll.close": {
    poll: string;
    ref?: string;
  };
  /** A copy to correct, as a draft. */
  "poll.copy": {
    poll: string;
    ref?: string;
  };
  /** Ask whether one voted, and for the results if one may see them. */
  "poll.look": {
    poll: string;
    ref?: string;
  };
  /** Prepare a poll; with ``opens_at`` it opens by itself. */
  "poll.make": {
    ref?: string;
    items: PollItem[];
    title?: string;
    anonymous?: boolean;
    results?: "always" | "voted" | "closed" | "crew";
    place?: "sidebar" | "screen";
    seconds?: number | null;
    opens_at?: number | null;
  };
  /** Open a poll, for some seconds or until it is closed. */
  "poll.open": {
    poll: string;
    seconds?: number | null;
    ref?: string;
  };
  /** Show a poll on the screen for everyone, or in the sidebar. */
  "poll.place": {
    poll: string;
    ref?: string;
    place: "sidebar" | "screen";
  };
  /** Remove a draft. */
  "poll.remove": {
    poll: string;
    ref?: string;
  };
  /** Choose who sees the results. */
  "poll.results": {
    poll: string;
    ref?: string;
    results: "always" | "voted" | "closed" | "crew";
  };
  /** Answer a poll, once. */
  "poll.vote": {
    poll: string;
    ref?: string;
    answers: Record<string, string | number | string[]>;
    name?: string;
  };
  /** Answer a question: by text, or by voice without one; to everybody, or to its asker alone. */
  "question.answer": {
    question: string;
    version?: number | null;
    text?: string;
    private?: boolean;
    ref?: string;
  };
  /** Show a question to everybody. */
  "question.approve": {
    question: string;
    version?: number | null;
    ref?: string;
  };
  /** Put questions away, or bring them back. */
  "question.archive": {
    questions: string[];
    archived: boolean;
    reason?: string;
    ref?: string;
  };
  /** Ask a question. */
  "question.ask": {
    text: string;
    name?: string;
    anonymous?: "" | "audience" | "crew";
    ref?: string;
  };
  /** Say that one is at a question, for a minute; again renews it. */
  "question.claim": {
    question: string;
    ref?: string;
  };
  /** Change one's own question, until it is approved. */
  "question.edit": {
    question: string;
    text: string;
    ref?: string;
  };
  /** Mark a question as to be answered after the webinar. */
  "question.follow_up": {
    question: string;
    on: boolean;
    ref?: string;
  };
  /** Make a question of a chat message. */
  "question.from_message": {
    message: string;
    ref?: string;
  };
  /** Take a question out of the audience's sight. */
  "question.hide": {
    question: string;
    version?: number | null;
    reason?: string;
    ref?: string;
  };
  /** Give a question a label of the crew's own. */
  "question.label": {
    question: string;
    label: string;
    ref?: string;
  };
  /** Merge a question into another. */
  "question.merge": {
    question: string;
    version?: number | null;
    ref?: string;
    into: string;
  };
  /** Put a question after another in the crew's order, or first. */
  "question.move": {
    question: string;
    after?: string | null;
    ref?: string;
  };
  /** Put the open question with most votes on the screen. */
  "question.next": {
    ref?: string;
  };
  /** Do not take a question; the asker hears the reason. */
  "question.reject": {
    question: string;
    version?: number | null;
    reason?: string;
    ref?: string;
  };
  /** Leave a question to others. */
  "question.release": {
    question: string;
    ref?: string;
  };
  /** Bring back a question that was hidden, rejected or answered. */
  "question.reopen": {
    question: string;
    version?: number | null;
    ref?: string;
  };
  /** Put a question in better words; the original is kept. */
  "question.rewrite": {
    question: string;
    version?: number | null;
    ref?: string;
    text: string;
  };
  /** Put a question on the screen, or take it off. */
  "question.show": {
    question: string;
    on: boolean;
    ref?: string;
  };
  /** Mark a question for the crew. */
  "question.star": {
    question: string;
    on: boolean;
    ref?: string;
  };
  /** A question is being answered by voice now, or not any more. */
  "question.take": {
    question: string;
    on: boolean;
    ref?: string;
  };
  /** Take a merge back. */
  "question.unmerge": {
    question: string;
    ref?: string;
  };
  /** Vote for a question, or take the vote back. */
  "question.vote": {
    question: string;
    on: boolean;
    ref?: string;
  };
  /** Take one's own question back. */
  "question.withdraw": {
    question: string;
    ref?: string;
  };
  /** React to what is on air. Nothing of it is kept; sums are told once a second. */
  "reaction.send": {
    ref?: string;
    emoji: string;
  };
  /** Record what the audience sees from now on, or stop. Everybody sees whether it is recorded. */
  "recording.set": {
    on: boolean;
    ref?: string;
  };
  /** Set how people may take part, in the present phase, in another, or in ``all``; only what is given changes. */
  "room.modes": {
    phase?: "before" | "live" | "after" | "all";
    chat?: "off" | "unstored" | "stored";
    pace?: "open" | "delayed" | "approved";
    delay?: number | null;
    slow?: number | null;
    private?: boolean | null;
    questions?: "off" | "crew" | "moderated" | "open";
    anonymous?: "never" | "choice" | "always";
    crew_anonymous?: "never" | "choice" | "always";
    polls?: "off" | "on";
    reactions?: "off" | "on";
    hands?: "off" | "invite" | "request" | "free";
    ref?: string;
  };
  /** Have polls and questions on the screen wait for the viewer's stream time, or not. */
  "room.step": {
    on: boolean;
    ref?: string;
  };
  /** Set the words that hold what somebody writes until the crew has looked at it. */
  "room.words": {
    words: string[];
    ref?: string;
  };
  /** Make a way in for a program such as OBS. */
  "stage.encoder": {
    name: string;
    ref?: string;
  };
  /** Take one's own place, before sending: on stage before it is live, backstage afterwards. */
  "stage.enter": {
    ref?: string;
  };
  /** Come backstage from the audience, being invited or accepted. */
  "stage.join": {
    ref?: string;
  };
  /** Show one picture, or several in one: side by side, a small one in the corner of the screen or of who is shown, a grid of six. */
  "stage.layout": {
    layout: "single" | "side" | "corner" | "grid";
    ref?: string;
  };
  /** Go back to the audience. */
  "stage.leave": {
    ref?: string;
  };
  /** Bring a presenter on stage or backstage. */
  "stage.move": {
    presenter: string;
    on_stage: boolean;
    ref?: string;
  };
  /** Close a presenter's microphone. Nobody can open somebody else's. */
  "stage.mute": {
    presenter: string;
    ref?: string;
  };
  /** Play a video to the audience from its beginning, now; none: end it and show the stage again. */
  "stage.play": {
    video?: string | null;
    ref?: string;
  };
  /** Take a presenter off for good: their connection ends. */
  "stage.remove": {
    presenter: string;
    ref?: string;
  };
  /** Share one's screen beside the camera, as a second sender with a place of its own, or stop it. */
  "stage.screen": {
    on: boolean;
    ref?: string;
  };
  /** Show this presenter to the audience from the next key frame on; none: whoever speaks. */
  "stage.show": {
    presenter?: string | null;
    ref?: string;
  };
  /** Open one's own microphone again, after it was closed by the crew. */
  "stage.sound": {
    ref?: string;
  };
  /** Ask which videos of this webinar can be played. */
  "stage.videos": {
    ref?: string;
  };
}
