"""What browsers hold copies of, as it goes over the wire. Encoded once per lane, and for one person where it is theirs alone."""

from __future__ import annotations

from typing import Annotated

import msgspec

from app.protocol.words import word

Broadcast = Annotated[str, word("idle", "preview", "live", "paused", "ended")]


Why = Annotated[str, word("", "off", "before", "ended")]
"""Why a box is closed: closed for now, opens when the webinar starts, or the webinar is over."""
Naming = Annotated[str, word("never", "choice", "always")]


class ChatModes(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the chat works now. ``slow``: seconds between two messages of one person."""

    mode: Annotated[str, word("off", "unstored", "stored")]
    pace: Annotated[str, word("open", "delayed", "approved")] = "open"
    slow: int = 0
    private: bool = False
    why: Why = ""


class QuestionModes(msgspec.Struct, frozen=True, omit_defaults=True):
    """How questions work now, and from whom an asker's name may or must be kept."""

    mode: Annotated[str, word("off", "crew", "moderated", "open")]
    anonymous: Naming = "never"
    crew_anonymous: Naming = "never"
    why: Why = ""


class PollModes(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether polls can be answered now."""

    mode: Annotated[str, word("off", "on")]
    why: Why = ""


class ReactionModes(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether one can react now, and with what."""

    mode: Annotated[str, word("off", "on")]
    set: list[str]
    why: Why = ""


class HandModes(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one gets on the stage now."""

    mode: Annotated[str, word("off", "invite", "request", "free")]
    why: Why = ""


class WebinarEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="webinar", omit_defaults=True):
    """The webinar itself: what the page needs to turn into waiting page, room or farewell by itself."""

    id: str
    seq: int
    title: str
    publication: str
    broadcast: Broadcast
    starts_at: int
    ends_at: int
    zone: str
    chat: ChatModes
    questions: QuestionModes
    polls: PollModes
    reactions: ReactionModes
    hands: HandModes
    phase: Annotated[str, word("before", "live", "after")]
    in_step: bool = False
    message: str = ""
    live_since: int | None = None
    stream: str | None = None
    source: Annotated[str, word("live", "simulive", "ondemand")] = "live"
    """Where the picture comes from: the stage, a video that is shown to all at the same time, or one to watch whenever one likes."""
    recording: bool = False
    picture: str | None = None
    """Address of the picture shown in this state, where there is no stream."""
    texts: dict[str, str] = {}
    """Crew only: the organiser's text for each state that has one."""
    pictures: dict[str, str] = {}
    """Crew only: addresses of the pictures by state; ``any`` is shown where a state has none of its own."""


class PhaseModes(msgspec.Struct, frozen=True):
    """The choices of one phase."""

    chat: str
    pace: str
    delay: int
    slow: int
    private: bool
    questions: str
    anonymous: str
    crew_anonymous: str
    polls: str
    reactions: str
    hands: str


class PolicyEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="policy"):
    """What the organiser chose for each phase, and the words that hold what somebody writes; crew only."""

    id: str
    seq: int
    phases: dict[str, PhaseModes]
    words: list[str]


class Author(msgspec.Struct, frozen=True):
    """Who said something: an id of this webinar alone, the shown name, the role."""

    id: str
    name: str
    role: str


class By(msgspec.Struct, frozen=True):
    """Somebody of the crew."""

    id: str
    name: str


class MessageEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="message", omit_defaults=True):
    """A chat message. ``private``: the participant whose conversation with the crew it belongs to. The crew alone gets ``at_crew``, and
    of a message that waits ``held`` and ``until``; its author has it meanwhile as ``pending``.
    """

    id: str
    seq: int
    author: Author
    text: str
    at: int
    ref: str = ""
    reply_to: str | None = None
    edited: bool = False
    hidden: bool = False
    crew: bool = False
    question: str | None = None
    pinned: bool = False
    reactions: dict[str, int] = {}
    private: str | None = None
    pending: bool = False
    at_crew: bool = False
    held: Annotated[str, word("", "delay", "approval", "words")] = ""
    until: int | None = None


class MessageGone(msgspec.Struct, frozen=True, tag_field="kind", tag="message", omit_defaults=True, kw_only=True):
    """What stays of a removed message: that there was one. ``refused``: it was never shown, and its author alone hears why."""

    id: str
    seq: int
    removed: bool
    refused: bool = False
    reason: str = ""


class RestrictionEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="restriction", omit_defaults=True, kw_only=True):
    """Somebody who is muted or banned; crew only. Without ``person`` where the crew may not know who it is."""

    id: str
    seq: int
    at: int
    by: By
    person: str = ""
    name: str = ""
    muted: bool = False
    muted_until: int | None = None
    banned: bool = False
    reason: str = ""


class DecisionEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="decision", omit_defaults=True, kw_only=True):
    """What a moderator did to ``object`` (kind and id); crew only."""

    id: str
    seq: int
    at: int
    by: By
    action: str
    object: str
    reason: str = ""
    undoable: bool = False
    undone: bool = False


class PresenterEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="presenter", omit_defaults=True, kw_only=True):
    """Somebody who can be seen and heard, on stage or backstage; crew only."""

    id: str
    seq: int
    person: str
    """Also the name of their way in for ``/whep``."""
    name: str
    sort: Annotated[str, word("crew", "guest", "encoder", "interpreter", "screen")] = "crew"
    language: str = ""
    """Id of the language an interpreter speaks."""
    on_stage: bool = False
    muted: bool = False
    """Their microphone was closed by the crew; only they can open it."""
    connected: bool = False
    video: bool = False
    audio: bool = False
    shown: bool = False
    """The audience sees this one."""
    backup: bool = False
    """The backup way in is used, for the main one is silent."""


class PresenterGone(msgspec.Struct, frozen=True, tag_field="kind", tag="presenter"):
    """Somebody who was taken off the stage for good."""

    id: str
    seq: int
    removed: bool = True


class MyPlaceEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="my_place", omit_defaults=True, kw_only=True):
    """One's own place on the stage, of somebody from the audience."""

    id: str
    seq: int
    on_stage: bool = False
    muted: bool = False


class CaptionEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="caption", kw_only=True):
    """One line of captions."""

    id: str
    seq: int
    lang: str
    text: str
    at: int


class StageEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="stage", omit_defaults=True, kw_only=True):
    """How the program is made; crew only."""

    id: str
    seq: int
    chosen: str | None = None
    """Id of the presenter who is to be seen; none: whoever speaks."""
    layout: Annotated[str, word("single", "side", "corner", "grid")] = "single"
    clip: str | None = None
    """Id of the recording that is being played to the audience instead."""
    clip_until: int | None = None
    """When it ends, in milliseconds since 1970."""


class Claim(msgspec.Struct, frozen=True):
    """Who is at a question, and until when unless they say so again."""

    id: str
    name: str
    until: int


Answered = Annotated[str, word("", "voice", "text")]
Anonymous = Annotated[str, word("", "audience", "crew")]


class QuestionEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="question", omit_defaults=True, kw_only=True):
    """A question. The audience gets published ones only, and of those none of the fields after ``message``."""

    id: str
    seq: int
    number: int
    text: str
    state: Annotated[str, word("pending", "visible", "answering", "answered", "rejected", "hidden", "merged")]
    at: int
    votes: int = 0
    author: Author | None = None
    answer: str = ""
    answered_by: Answered = ""
    on_screen: bool = False
    shown_at: int | None = None
    follow_up: bool = False
    edited: bool = False
    message: str | None = None
    published: bool = False
    anonymous: Anonymous = ""
    original: str = ""
    starred: bool = False
    label: str = ""
    place: float | None = None
    archived: bool = False
    claim: Claim | None = None
    by: By | None = None
    version: int = 0
    reason: str = ""
    merged_into: str | None = None
    private_answer: bool = False
    held: bool = False


class QuestionGone(msgspec.Struct, frozen=True, tag_field="kind", tag="question"):
    """What stays of a withdrawn or erased question for the crew: its number is not given again."""

    id: str
    seq: int
    number: int
    removed: bool = True


class MyQuestionEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="my_question", omit_defaults=True, kw_only=True):
    """What became of one's own question; only its asker gets it."""

    id: str
    seq: int
    number: int
    text: str
    state: Annotated[str, word("pending", "visible", "answering", "answered", "rejected", "hidden", "merged")]
    at: int
    votes: int = 0
    answer: str = ""
    answered_by: Answered = ""
    private_answer: bool = False
    reason: str = ""
    merged_into: str | None = None
    follow_up: bool = False
    anonymous: Anonymous = ""
    edited: bool = False
    editable: bool = False


class MineEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="mine", omit_defaults=True, kw_only=True):
    """What one did and may do, for one person alone: questions voted for, reactions by message, whether one is muted and why."""

    id: str
    seq: int
    votes: list[str] = []
    reactions: dict[str, list[str]] = {}
    muted: bool = False
    muted_until: int | None = None
    reason: str = ""


class PollOption(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One thing to choose."""

    text: str
    id: str = ""


class PollItem(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One question of a poll. ``max``: the most that may be chosen or said, or the top of a rating; ``labels``: its two ends.

    ``right``: options that are right in a quiz; the audience learns them when the poll is closed.
    """

    kind: Annotated[str, word("single", "several", "rating", "ranking", "text", "words", "quiz")]
    text: str
    id: str = ""
    options: list[PollOption] = []
    min: int = 0
    max: int = 0
    right: list[str] = []
    labels: list[str] = []
    required: bool = False


class ItemTally(msgspec.Struct, frozen=True, omit_defaults=True):
    """Results of one question: how many answered, and how often what was chosen or said. ``points``: of a ranking."""

    n: int
    options: dict[str, int] = {}
    ratings: dict[str, int] = {}
    mean: float | None = None
    points: dict[str, int] = {}
    words: list[tuple[str, int]] = []
    texts: list[str] = []


class PollEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="poll", omit_defaults=True, kw_only=True):
    """A poll, quiz or survey. The audience gets open and closed ones; ``tally`` where this lane may see results now."""

    id: str
    seq: int
    number: int
    title: str
    state: Annotated[str, word("draft", "scheduled", "open", "closed", "archived")]
    items: list[PollItem]
    anonymous: bool
    results: Annotated[str, word("always", "voted", "closed", "crew")]
    place: Annotated[str, word("sidebar", "screen")]
    opened_at: int | None = None
    closes_at: int | None = None
    closed_at: int | None = None
    voters: int = 0
    tally: dict[str, ItemTally] | None = None
    opens_at: int | None = None
    seconds: int | None = None
    locked: bool = False
    version: int = 0
    by: By | None = None
    copied_from: str | None = None


Answer = str | int | list[str]


class MyBallotEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="my_ballot", omit_defaults=True, kw_only=True):
    """What one answered in a poll with names; for one person alone."""

    id: str
    seq: int
    voted: bool
    answers: dict[str, Answer]


Wants = Annotated[str, word("audio", "video")]


class HandEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="hand", kw_only=True):
    """Somebody who wants to speak, or is asked to; crew only."""

    id: str
    seq: int
    person: str
    name: str
    state: Annotated[str, word("raised", "invited", "accepted")]
    wants: Wants
    at: int


class MyHandEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="my_hand", kw_only=True):
    """One's own hand."""

    id: str
    seq: int
    state: Annotated[str, word("raised", "invited", "accepted")]
    wants: Wants


class Button(msgspec.Struct, frozen=True):
    """Where a notice leads."""

    text: str
    url: str


class NoticeEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="notice", omit_defaults=True, kw_only=True):
    """A word of the crew to everybody."""

    id: str
    seq: int
    text: str
    at: int
    button: Button | None = None
    until: int | None = None


class HandoutEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="handout", kw_only=True):
    """A file for the audience; ``handout.open`` answers its address."""

    id: str
    seq: int
    title: str
    type: str
    size: int
    at: int


encode = msgspec.json.Encoder().encode
