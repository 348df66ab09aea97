"""What verbs announce to the live layer, and what the live layer asks of the rooms."""

from __future__ import annotations

from typing import Protocol

import msgspec

from app.protocol.frames import Seen

__all__ = ["Change", "Kick", "Seen", "State", "StateSource"]


class Change(msgspec.Struct, frozen=True, tag="change"):
    """One numbered change of a room: entities, encoded once per lane, and the names of what went."""

    webinar_id: str
    epoch: str
    seq: int
    audience: tuple[bytes, ...] = ()
    crew: tuple[bytes, ...] = ()
    gone_audience: tuple[str, ...] = ()
    gone_crew: tuple[str, ...] = ()
    ephemeral: bool = False
    """Not in the database: hubs keep it in memory, bounded, for those who come back."""


class Kick(msgspec.Struct, frozen=True, tag="kick"):
    """Close sockets at once, on every process: of a person, of a staff session, or all of a room."""

    webinar_id: str
    code: int
    person: str | None = None
    session: str | None = None
    everyone: bool = False


class State(msgspec.Struct, frozen=True):
    """What a lane lacks: encoded entities and the names of what went."""

    epoch: str
    seq: int
    set: list[bytes]
    gone: list[str]
    full: bool


class StateSource(Protocol):
    """The rooms, as the hub sees them."""

    async def state(self, webinar_id: str, lane: str, person: str | None, since: Seen | None) -> State:
        """Entities of ``lane`` changed after ``since``; a snapshot without it, or when ``since`` is of another epoch."""
        ...

    async def seqs(self, webinar_ids: list[str]) -> dict[str, tuple[str, int]]:
        """Epoch and newest number of these rooms."""
        ...
