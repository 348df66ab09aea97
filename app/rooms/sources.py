"""What a copy of the room is made of: each feature hands ``app/main.py`` a source of its entities, and none knows the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.live.change import Own
from app.privacy.vault import Box
from app.rooms.models import Webinar


class Look(msgspec.Struct, frozen=True):
    """One look at a room: a transaction that only reads, the webinar in it, and the webinar's box."""

    session: AsyncSession
    row: Webinar
    box: Box


class Part(msgspec.Struct, frozen=True):
    """Encoded entities and the names of what went."""

    set: list[bytes]
    gone: list[str]


class TooMuch(Exception):
    """So much changed that a new, bounded copy is the smaller answer."""


class EntitySource(Protocol):
    """A feature's part of what a lane sees."""

    async def lane(self, look: Look, lane: str, after: int | None) -> Part:
        """What of it was changed after room number ``after``; without it all that ``lane`` (audience or crew) may see now.

        Old copy and changes must make the new copy: nothing in it may change by the clock alone. May raise :class:`TooMuch` when
        ``after`` is given.
        """
        ...


class OwnSource(Protocol):
    """A feature's part of what is one person's alone."""

    async def owners(self, session: AsyncSession, webinar_id: str) -> Collection[str]:
        """Persons who have something."""
        ...

    async def own(self, session: AsyncSession, webinar_id: str, persons: Collection[str] | None, after: int) -> Mapping[str, Own]:
        """What of it was changed after room number ``after``, of ``persons`` or of everybody; one query."""
        ...
