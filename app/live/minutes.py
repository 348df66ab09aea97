"""Statistics that know nobody: what is in the room is looked at every few seconds, and only sums per minute are kept.

In memory, and for no longer than a visit, the process knows since when a random id is here, as the room itself does; what is written
is how many there were, how many came, and how many stayed how long. Several processes add to the same counters.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

import msgspec
import structlog
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Base
from app.core.unit import Unit, Work
from app.live.models import MinuteCount, StayCount

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
AWAY_SECONDS = 600.0
"""Who comes back within this time was not away: a reload is no new visit."""
CLASSES = (0, 1, 5, 15, 30, 60, 120)
"""Lower ends of the classes of how long people stayed, in minutes."""
WATCHING, JOINS = "watching", "joins"

Present = Callable[[], Mapping[str, Collection[str]]]
"""The hub's answer to: who is in the audience of which webinar? A person with two sockets is named twice."""


class _Visit(msgspec.Struct):
    seconds: float = 0.0
    seen: float = 0.0


class Minutes:
    """The counters of this process."""

    def __init__(self, work: Work, present: Present) -> None:
        self._work = work
        self._present = present
        self._visits: dict[tuple[str, str], _Visit] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._peaks: dict[str, int] = {}
        self._stays: Counter[tuple[str, int]] = Counter()
        self._minute: datetime | None = None

    def add(self, webinar_id: str, what: str, n: int = 1) -> None:
        """Count something that happened, such as ``reactions.heart``; written with the minute."""
        self._counts[webinar_id, what[:40]] += n

    async def run(self) -> None:
        """Look and write until cancelled; then write what is left."""
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                try:
                    await self.look()
                except Exception:
                    log.exception("minutes.look")
        finally:
            await self.end()

    async def look(self) -> None:
        """See who is here now; with a new minute, write the one before."""
        now = self._work.clock.now()
        minute = now.replace(second=0, microsecond=0)
        if self._minute is not None and minute != self._minute:
            await self._write(self._minute)
        self._minute = minute
        self._see(self._work.clock.monotonic())

    async def end(self) -> None:
        """The process stops: everybody's visit ends here."""
        self._leave(self._visits)
        await self._write(self._minute or self._work.clock.now().replace(second=0, microsecond=0))

    def _see(self, now: float) -> None:
        for webinar_id, persons in self._present().items():
            self._peaks[webinar_id] = max(self._peaks.get(webinar_id, 0), len(persons))
            for person in set(persons):
                visit = self._visits.get((webinar_id, person))
                if visit is None:
                    visit = self._visits[webinar_id, person] = _Visit(seen=now)
                    self._counts[webinar_id, JOINS] += 1
                elif now - visit.seen < 3 * LOOK_SECONDS:
                    visit.seconds += now - visit.seen
                visit.seen = now
        self._leave([key for key, visit in self._visits.items() if now - visit.seen > AWAY_SECONDS])

    def _leave(self, keys: Collection[tuple[str, str]]) -> None:
        for key in list(keys):
            self._stays[key[0], class_of(self._visits.pop(key).seconds)] += 1

    async def _write(self, minute: datetime) -> None:
        counts = {**self._counts, **{(webinar_id, WATCHING): n for webinar_id, n in self._peaks.items() if n}}
        stays = dict(self._stays)
        if not counts and not stays:
            return
        self._counts.clear()
        self._stays.clear()
        self._peaks.clear()
        async with self._work.unit() as unit:
            there = await _existing(unit, {key[0] for key in counts} | {key[0] for key in stays})
            for (webinar_id, what), n in counts.items():
                if webinar_id in there:
                    await _add(unit, MinuteCount, {"webinar_id": webinar_id, "at": minute, "what": what}, n)
            for (webinar_id, minutes), n in stays.items():
                if webinar_id in there:
                    await _add(unit, StayCount, {"webinar_id": webinar_id, "minutes": minutes}, n)


def class_of(seconds: float) -> int:
    """The class of a time, by its lower end in minutes."""
    return max(lower for lower in CLASSES if lower * 60 <= seconds)


async def _existing(unit: Unit, webinar_ids: Collection[str]) -> set[str]:
    """A webinar that was erased meanwhile is counted no more."""
    table = Base.metadata.tables["webinar"]
    query = select(table.c.id).where(table.c.id.in_(webinar_ids), table.c.data_state.not_in(("purging", "purged")))
    return set((await unit.session.execute(query)).scalars())


async def _add(unit: Unit, table: type[MinuteCount | StayCount], key: Mapping[str, object], n: int) -> None:
    insert = postgresql.insert if _postgresql(unit.session) else sqlite.insert
    statement = insert(table).values(**key, n=n)
    grown = {"n": table.n + statement.excluded.n}
    await unit.session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=grown))


def _postgresql(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "postgresql"
