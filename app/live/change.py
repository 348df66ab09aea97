"""What verbs announce to the live layer, and what the live layer asks of the rooms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from app.live.seat import Seat
from app.protocol.frames import CrewMember, Seen

__all__ = [
    "Change",
    "CrewMember",
    "Kick",
    "Own",
    "Owns",
    "Persons",
    "SeatChange",
    "SeatReview",
    "Seen",
    "Signal",
    "State",
    "StateSource",
]

Persons = dict[str, tuple[tuple[bytes, ...], tuple[str, ...]]]
"""For one person each: encoded entities that nobody else gets, and names of what went."""


class Change(msgspec.Struct, frozen=True, tag="change"):
    """One numbered change of a room: entities, encoded once per lane, and the names of what went."""

    webinar_id: str
    epoch: str
    seq: int
    audience: tuple[bytes, ...] = ()
    crew: tuple[bytes, ...] = ()
    gone_audience: tuple[str, ...] = ()
    gone_crew: tuple[str, ...] = ()
    persons: Persons = {}
    views: bool = True
    """Whether views beside the room get the audience's part too."""
    ephemeral: bool = False
    """Not in the database: hubs keep it in memory, bounded, for those who come back."""
    ref: tuple[str, str] | None = None
    """Of a not-stored change the person and the mark of the command, so that every process knows its retry."""


class Kick(msgspec.Struct, frozen=True, tag="kick"):
    """Close sockets at once, on every process: of a person, of a staff session, or all of a room."""

    webinar_id: str
    code: int
    person: str | None = None
    session: str | None = None
    everyone: bool = False


class SeatChange(msgspec.Struct, frozen=True, tag="seat"):
    """What somebody may do has changed: open sockets go on with it, in one webinar or (without one) in all."""

    person: str
    role: str
    permissions: tuple[str, ...]
    webinar_id: str = ""


class Signal(msgspec.Struct, frozen=True, tag="signal"):
    """What has no number and is not kept: reactions of the last second, or who of the crew is with one process."""

    webinar_id: str
    reactions: dict[str, int] = {}
    process: str = ""
    crew: tuple[CrewMember, ...] = ()


class SeatReview(Protocol):
    """Those who decide about seats, as the hub asks them after words may have been lost."""

    async def __call__(self, seats: Sequence[Seat]) -> Sequence[Kick | SeatChange]:
        """What holds for these seats and may not have been heard."""
        ...


class State(msgspec.Struct, frozen=True):
    """What a lane lacks: encoded entities and the names of what went."""

    epoch: str
    seq: int
    set: list[bytes]
    gone: list[str]
    full: bool


class Own(msgspec.Struct, frozen=True):
    """What one person lacks of what is theirs alone."""

    set: list[bytes] = []
    gone: list[str] = []


class Owns(msgspec.Struct, frozen=True):
    """Such parts of several persons, as they were at room number ``seq``."""

    epoch: str
    seq: int
    of: dict[str, Own]


class StateSource(Protocol):
    """The rooms, as the hub sees them."""

    async def state(self, webinar_id: str, lane: str, person: str | None, since: Seen | None) -> State:
        """Entities of ``lane`` changed after ``since``; a snapshot without it, or when ``since`` is of another epoch.
        With ``person`` also what is theirs alone."""
        ...

    async def owners(self, webinar_id: str) -> set[str]:
        """Persons who have something of their own in this room; nobody else's part is ever asked for."""
        ...

    async def own(self, webinar_id: str, persons: Collection[str] | None, after: int) -> Owns:
        """What is theirs alone and was changed after room number ``after``, of ``persons`` or of everybody."""
        ...

    async def seqs(self, webinar_ids: list[str]) -> dict[str, tuple[str, int]]:
        """Epoch and newest number of these rooms."""
        ...
