"""Who may not write, or not come in: looked at by every verb that writes, and at the door. Decided in ``app/moderation/people.py``."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock, millis
from app.core.errors import Problem
from app.core.unit import Work
from app.live.seat import Seat
from app.privacy.vault import Box, Vault
from app.protocol.entities import By, RestrictionEntity, encode
from app.rooms.models_people import Restriction
from app.rooms.room import Room
from app.rooms.sources import Look, Part

FRESH = 1.0
"""Seconds that the list of banned people is kept, so that a thousand who come at once cost one question."""


# Made once, because each group of commands asks it.
_OF_ROOM = select(Restriction).where(Restriction.webinar_id == bindparam("webinar_id"))


class DoorChanged(msgspec.Struct, frozen=True):
    """Announced when somebody was banned, or may come in again."""

    webinar_id: str


async def check(room: Room, seat: Seat) -> None:
    """Raises for somebody who is muted or banned."""
    known = await of(room, seat.person)
    if known is None or not known.active:
        return
    if known.banned:
        raise Problem("person.banned", "The crew has removed you from this webinar.", status=403)
    if known.muted_until is None:
        raise Problem("person.muted", "The crew has muted you.", status=403)
    wait = (known.muted_until - room.unit.now).total_seconds()
    if wait > 0:
        raise Problem("person.muted", "The crew has muted you for a while.", status=403, retry_after=round(wait, 1))


async def of(room: Room, person: str) -> Restriction | None:
    """The restriction of one person."""
    if not room.row.restricted:
        return None
    key = ("restrictions", room.row.id)
    known = room.unit.memo.get(key)
    if not isinstance(known, dict):
        rows = (await room.unit.session.execute(_OF_ROOM, {"webinar_id": room.row.id})).scalars()
        known = {row.person: row for row in rows}
        room.unit.memo[key] = known
    found = known.get(person)
    return found if isinstance(found, Restriction) else None


def remember(room: Room, row: Restriction) -> None:
    """A new one: the next command of the same transaction must see it, and later ones look for it."""
    room.row.restricted = True
    known = room.unit.memo.setdefault(("restrictions", room.row.id), {})
    if isinstance(known, dict):
        known[row.person] = row


def entity_bytes(row: Restriction, box: Box | None, own: Box) -> bytes:
    """For the crew."""
    reason = box.open_text(row.reason, f"restriction.reason|{row.id}") if row.reason and box else ""
    name = box.open_text(row.name, f"restriction.name|{row.id}") if row.name and box else ""
    return encode(
        RestrictionEntity(
            id=row.id,
            seq=row.seq,
            at=millis(row.at),
            by=By(row.by_id, own.open_text(row.by_name, f"restriction.by_name|{row.id}")),
            person="" if row.hidden else row.person,
            name="" if row.hidden else name,
            muted=row.muted,
            muted_until=millis(row.muted_until) if row.muted_until else None,
            banned=row.banned,
            reason=reason,
        )
    )


class Banned:
    """Who is banned, for the door: one question a second and webinar at most."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._clock: Clock = work.clock
        self._known: dict[str, tuple[float, frozenset[str]]] = {}

    async def has(self, webinar_id: str, person: str) -> bool:
        """Whether ``person`` is to stay out."""
        at, persons = self._known.get(webinar_id, (float("-inf"), frozenset[str]()))
        if self._clock.monotonic() - at > FRESH:
            async with self._work.read() as session:
                query = select(Restriction.person).where(Restriction.webinar_id == webinar_id, Restriction.banned)
                persons = frozenset((await session.execute(query)).scalars())
            if len(self._known) > 1000:
                self._known.clear()
            self._known[webinar_id] = (self._clock.monotonic(), persons)
        return person in persons

    def forget(self, webinar_id: str) -> None:
        """Ask anew: somebody was banned here."""
        self._known.pop(webinar_id, None)


class RestrictionSource:
    """Restrictions in the crew's copies: implements :class:`app.rooms.sources.EntitySource`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def lane(self, look: Look, lane: str, after: int | None) -> Part:
        """Those that changed; all that hold without ``after``."""
        if lane != "crew":
            return Part([], [])
        query = select(Restriction).where(Restriction.webinar_id == look.row.id)
        if after is not None:
            query = query.where(Restriction.seq > after)
        rows = (await look.session.execute(query.order_by(Restriction.at))).scalars().all()
        boxes = await self._vault.boxes_of(look.row.id, {row.person for row in rows})
        shown = [entity_bytes(row, boxes.get(row.person), look.box) for row in rows if row.active]
        return Part(shown, [f"restriction/{row.id}" for row in rows if not row.active])


async def muted(session: AsyncSession, webinar_id: str, persons: Collection[str]) -> dict[str, Restriction]:
    """Restrictions of some people, whether they hold or not."""
    query = select(Restriction).where(Restriction.webinar_id == webinar_id, Restriction.person.in_(persons))
    return {row.person: row for row in (await session.execute(query)).scalars()}
