"""The room as a copy: everything for a newcomer, or what changed since for somebody who comes back.

Both are the same query over the entities' sequence numbers. Somebody who was away long in a busy room gets a bounded snapshot
rather than a flood.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import bindparam, select

from app.core.errors import not_found
from app.core.unit import Work
from app.live.change import Own, Owns, Seen, State
from app.privacy.vault import Vault
from app.rooms.models import Webinar
from app.rooms.sources import EntitySource, Look, OwnSource, Part, TooMuch

FEW = 50
"""Rooms whose numbers are looked up in a moment."""

_NUMBERS = select(Webinar.id, Webinar.epoch, Webinar.seq).where(Webinar.id.in_(bindparam("ids", expanding=True)))


class RoomState:
    """Answers the live layer's questions: what does this lane lack, and what this person?"""

    def __init__(self, work: Work, vault: Vault, own: Sequence[OwnSource] = (), sources: Sequence[EntitySource] = ()) -> None:
        self._work = work
        self._vault = vault
        self._sources = sources
        self._own = own

    async def state(self, webinar_id: str, lane: str, person: str | None, since: Seen | None) -> State:
        """Entities of ``lane`` changed after ``since``, or a snapshot; with ``person`` also what is theirs alone."""
        state = await self._lane(webinar_id, lane, since)
        if person is None:
            return state
        owns = await self.own(webinar_id, [person], since.seq if since and not state.full else 0)
        own = owns.of.get(person, Own())
        return msgspec.structs.replace(state, set=state.set + own.set, gone=state.gone + own.gone)

    async def owners(self, webinar_id: str) -> set[str]:
        """Persons who have something of their own."""
        async with self._work.read() as session:
            return {person for source in self._own for person in await source.owners(session, webinar_id)}

    async def own(self, webinar_id: str, persons: Collection[str] | None, after: int) -> Owns:
        """What is theirs alone and was changed after ``after``."""
        of: dict[str, Own] = {}
        async with self._work.read() as session:
            row = await session.get(Webinar, webinar_id)
            if row is None or row.data_state in ("purging", "purged"):
                raise not_found("webinar")
            for source in self._own:
                for person, part in (await source.own(session, webinar_id, persons, after)).items():
                    known = of.get(person, Own())
                    of[person] = Own(known.set + part.set, known.gone + part.gone)
        return Owns(row.epoch, row.seq, of)

    async def _lane(self, webinar_id: str, lane: str, since: Seen | None) -> State:
        box = await self._vault.box(webinar_id)
        async with self._work.read() as session:
            row = await session.get(Webinar, webinar_id)
            if row is None or row.data_state in ("purging", "purged"):
                raise not_found("webinar")
            fresh = since is None or since.epoch != row.epoch or since.seq > row.seq
            if since is not None and not fresh and since.seq == row.seq:
                return State(epoch=row.epoch, seq=row.seq, set=[], gone=[], full=False)
            look = Look(session, row, box)
            try:
                part = await self._all(look, lane, None if fresh or since is None else since.seq)
            except TooMuch:
                fresh, part = True, await self._all(look, lane, None)
        return State(epoch=row.epoch, seq=row.seq, set=part.set, gone=[] if fresh else part.gone, full=fresh)

    async def _all(self, look: Look, lane: str, after: int | None) -> Part:
        parts = [await source.lane(look, lane, after) for source in self._sources]
        return Part([entity for part in parts for entity in part.set], [name for part in parts for name in part.gone])

    async def seqs(self, webinar_ids: list[str]) -> dict[str, tuple[str, int]]:
        """Epoch and last number of rooms, so that a hub notices what it was not told."""
        async with self._work.read(quick=len(webinar_ids) <= FEW) as session:
            rows = await session.execute(_NUMBERS, {"ids": webinar_ids})
            return {webinar_id: (epoch, seq) for webinar_id, epoch, seq in rows}
