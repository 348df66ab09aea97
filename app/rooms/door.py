"""The door of a room: who may sit down in the audience. Without registration everybody may, and nobody is known."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from app.rooms.label import privacy_label
from app.rooms.models import Webinar
from app.rooms.seats import Seats


class Entry(msgspec.Struct, frozen=True):
    """Who sits down: an id of this webinar alone and, for a registered participant, name and mark of the one open seat."""

    person: str
    name: str | None = None
    session: str = ""


class Closed(msgspec.Struct, frozen=True):
    """Not this way: where to go instead."""

    path: str


class Door(Protocol):
    """What pages and tickets ask before they make a seat."""

    async def enter(self, row: Webinar, seat: str | None) -> Entry | Closed:
        """Who holds ``seat`` (a token the browser kept, or none), or where they have to go."""
        ...

    async def label(self, row: Webinar, lang: str) -> dict[str, Any]:
        """The privacy label of who is inside: what the room stores, and what was asked at the door."""
        ...


class OpenDoor:
    """Everybody may come in."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats

    async def enter(self, row: Webinar, seat: str | None) -> Entry | Closed:
        """The person of the seat, or somebody new."""
        return Entry(self._seats.person_of(row.id, seat))

    async def label(self, row: Webinar, lang: str) -> dict[str, Any]:
        """What the room stores."""
        return privacy_label(row)
