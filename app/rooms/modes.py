"""How people may take part: one named choice for chat, questions, polls, reactions and hands in each phase of the webinar.

The phases are *before* (idle, preview), *live* (live, paused) and *after* (ended). A choice takes effect at once; people see why a
box is closed. The chat's own mode (off, not stored, stored) is the webinar's unless a phase says otherwise.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from app.core.errors import Problem
from app.protocol.entities import ChatModes, HandModes, PollModes, QuestionModes, ReactionModes
from app.rooms.models import Webinar
from app.rooms.texts import one_line

Phase = Literal["before", "live", "after"]

PHASES: tuple[Phase, ...] = ("before", "live", "after")
EMOJI = ("👍", "❤️", "👏", "😂", "🎉", "🤔")
WORDS_MAX, WORD_MAX = 200, 40

CHOICES: dict[str, tuple[str, ...]] = {
    "chat": ("off", "unstored", "stored"),
    "pace": ("open", "delayed", "approved"),
    "questions": ("off", "crew", "moderated", "open"),
    "anonymous": ("never", "choice", "always"),
    "crew_anonymous": ("never", "choice", "always"),
    "polls": ("off", "on"),
    "reactions": ("off", "on"),
    "hands": ("off", "invite", "request", "free"),
}
RANGES = {"delay": (3, 60), "slow": (0, 300)}


class Modes(msgspec.Struct, frozen=True):
    """The choices of one phase. An empty ``chat`` means the webinar's own; so does ``private`` unset."""

    chat: str = ""
    pace: str = "open"
    delay: int = 10
    slow: int = 0
    private: bool | None = None
    questions: str = "moderated"
    anonymous: str = "choice"
    crew_anonymous: str = "never"
    polls: str = "on"
    reactions: str = "on"
    hands: str = "off"


DEFAULTS: dict[str, Modes] = {
    "before": Modes(),
    "live": Modes(hands="request"),
    "after": Modes(chat="off", questions="off", polls="off", reactions="off", private=False),
}


def phase_of(broadcast: str) -> Phase:
    """The phase a state of the broadcast belongs to."""
    if broadcast == "ended":
        return "after"
    return "live" if broadcast in ("live", "paused") else "before"


def modes_of(row: Webinar, phase: str | None = None) -> Modes:
    """The choices in force in ``phase``, by default the present one; everything decided."""
    phase = phase or phase_of(row.broadcast)
    known = msgspec.convert({**msgspec.to_builtins(DEFAULTS[phase]), **row.modes.get(phase, {})}, Modes)
    chat = known.chat or row.chat_mode
    private = (chat == "stored") if known.private is None else known.private
    return msgspec.structs.replace(known, chat=chat, private=private)


def change(row: Webinar, phase: str | None, given: dict[str, object]) -> None:
    """Set choices for ``phase``, the present one by default, or for ``all``."""
    phases = PHASES if phase == "all" else (phase or phase_of(row.broadcast),)
    if any(one not in PHASES for one in phases):
        raise Problem("modes.invalid", "There is no such phase of a webinar.")
    for name, value in given.items():
        choices, (low, high) = CHOICES.get(name), RANGES.get(name, (0, 0))
        fits = value in choices if choices else isinstance(value, bool) or (isinstance(value, int) and low <= value <= high)
        if not fits:
            raise Problem("modes.invalid", "This choice is not known here.")
    # A new dictionary, so that the change of the JSON column is noticed.
    row.modes = {**row.modes, **{one: {**row.modes.get(one, {}), **given} for one in phases}}


def set_chat(row: Webinar, mode: str) -> None:
    """The chat's own mode, for all of the webinar until its end."""
    if mode not in CHOICES["chat"]:
        raise Problem("chat.mode", "Choose off, not stored or stored.")
    row.chat_mode = mode
    row.modes = {
        phase: {name: value for name, value in chosen.items() if name != "chat" or phase == "after"}
        for phase, chosen in row.modes.items()
    }


def set_words(row: Webinar, words: list[str]) -> None:
    """The words that hold a message or question for the crew to look at; they never ban anybody."""
    if len(words) > WORDS_MAX:
        raise Problem("words.invalid", "Use at most {max} words.", params={"max": WORDS_MAX})
    row.words = sorted({word for one in words if (word := one_line(one, WORD_MAX))})


def chat_of(row: Webinar) -> ChatModes:
    """For the wire."""
    modes = modes_of(row)
    return ChatModes(modes.chat, modes.pace, modes.slow, bool(modes.private), _why(row, "chat"))


def questions_of(row: Webinar) -> QuestionModes:
    """For the wire."""
    modes = modes_of(row)
    return QuestionModes(modes.questions, modes.anonymous, modes.crew_anonymous, _why(row, "questions"))


def polls_of(row: Webinar) -> PollModes:
    """For the wire."""
    return PollModes(modes_of(row).polls, _why(row, "polls"))


def reactions_of(row: Webinar) -> ReactionModes:
    """For the wire."""
    return ReactionModes(modes_of(row).reactions, list(EMOJI), _why(row, "reactions"))


def hands_of(row: Webinar) -> HandModes:
    """For the wire."""
    return HandModes(modes_of(row).hands, _why(row, "hands"))


def _why(row: Webinar, name: str) -> str:
    """Why a box is closed: for now, since the webinar is over, or until it starts."""
    phase = phase_of(row.broadcast)
    if getattr(modes_of(row), name) != "off":
        return ""
    if phase == "after":
        return "ended"
    return "before" if phase == "before" and getattr(modes_of(row, "live"), name) != "off" else "off"
