"""Commands about the webinar itself: its state, and how people may take part."""

from __future__ import annotations

from typing import Annotated

import msgspec

from app.protocol.commands.base import Id, Long, Order, Short
from app.protocol.words import word

Naming = Annotated[str | None, word("never", "choice", "always")]
Switch = Annotated[str | None, word("off", "on")]


class RoomModes(Order, frozen=True, tag="room.modes"):
    """Set how people may take part, in the present phase, in another, or in ``all``; only what is given changes."""

    phase: Annotated[str | None, word("before", "live", "after", "all")] = None
    chat: Annotated[str | None, word("off", "unstored", "stored")] = None
    pace: Annotated[str | None, word("open", "delayed", "approved")] = None
    delay: int | None = None
    slow: int | None = None
    private: bool | None = None
    questions: Annotated[str | None, word("off", "crew", "moderated", "open")] = None
    anonymous: Naming = None
    crew_anonymous: Naming = None
    polls: Switch = None
    reactions: Switch = None
    hands: Annotated[str | None, word("off", "invite", "request", "free")] = None


class RoomWords(Order, frozen=True, tag="room.words"):
    """Set the words that hold what somebody writes until the crew has looked at it."""

    words: Annotated[list[Short], msgspec.Meta(max_length=500)]


class RoomStep(Order, frozen=True, tag="room.step"):
    """Have polls and questions on the screen wait for the viewer's stream time, or not."""

    on: bool


class ChatMode(Order, frozen=True, tag="chat.mode"):
    """Set the chat to off, unstored or stored."""

    mode: Id


class BroadcastSet(Order, frozen=True, tag="broadcast.set"):
    """Move the broadcast to another state."""

    to: Id


class NoticeSet(Order, frozen=True, tag="notice.set"):
    """Set the text shown in one state of the broadcast."""

    state: Id
    text: Long
