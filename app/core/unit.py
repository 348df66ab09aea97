"""The unit of work: one transaction, what to announce when it is committed, and the jobs that go with it.

Announcements leave only after the commit, so nobody ever hears of something that did not happen; jobs are rows of the same
commit, so nothing that happened is forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from typing import cast

import msgspec
import structlog
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.db import Base, Database
from app.core.ids import new_id
from app.core.jobs import Job
from app.core.limits import Counters, MemoryCounters
from app.core.plain_rows import PlainRows

log = structlog.get_logger(__name__)

Sink = Callable[[Sequence[object]], Awaitable[None]]


class Unit:
    """One open transaction. Verbs take it first and never see a request or a socket."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self.session = session
        self.now = now
        self.rows = cast("PlainRows", session.sync_session)
        """The same session, for those who wait for nothing."""
        self.announcements: list[object] = []
        self.enqueued = False
        self.memo: dict[object, object] = {}
        """What verbs of this transaction share, such as the locked row of a room."""
        self.careful = True
        """Look for an earlier try of the same before writing. Without it a unique constraint may fail at the commit, and whoever
        opened the unit does it all again, carefully."""

        self.touched = 0
        """Grows with every change of a row that may have been changed before: the session cannot tell those apart."""

    def announce(self, event: object) -> None:
        """Tell the sinks of this process after the commit."""
        self.announcements.append(event)

    def put(self, table: type[Base], row: Mapping[str, object]) -> None:
        """A new row of ``table``, every column given, that nobody needs as an object: much cheaper where there are hundreds."""
        self.touched += 1
        self.rows.put(cast("Table", table.__table__), row)

    def change(self, row: Base, name: str, value: object) -> None:
        """Set one column of a known ``row``, past the ORM: much cheaper where every transaction does it."""
        self.touched += 1
        self.rows.change(row, name, value)

    def enqueue(
        self,
        kind: str,
        payload: msgspec.Struct,
        *,
        after: timedelta = timedelta(0),
        about: str | None = None,
        key: str | None = None,
    ) -> str:
        """A background job in the same commit.

        ``payload`` holds ids, never personal values. ``about`` is the webinar or account whose erasure takes the job with
        it. ``key`` makes a job unique while it waits: a second one with the same key is not added by :mod:`app.core.jobs`.
        """
        job = Job(
            id=new_id(),
            kind=kind,
            payload=msgspec.json.encode(payload),
            about=about,
            key=key,
            run_at=self.now + after,
            made_at=self.now,
            tries=0,
        )
        self.session.add(job)
        self.enqueued = self.enqueued or after <= timedelta(0)
        return job.id


class Work:
    """The one door to the database for verbs and pages."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.counters: Counters = MemoryCounters(clock)
        """What throttles count with; all processes of an installation together where there are several."""
        self._sinks: list[Sink] = []
        self._turn: AbstractAsyncContextManager[object] = asyncio.Lock() if database.sqlite else nullcontext()
        """SQLite has one writer; whoever waits for it inside this process waits in order, not by looking again and again."""
        self.on_enqueued: Callable[[], None] = lambda: None
        """Called after a commit that has a job due now: a worker in this process need not wait for its next look."""

    def add_sink(self, sink: Sink, *, first: bool = False) -> None:
        """Have ``sink`` hear all announcements, in the order of the commits of this process; ``first`` before all others."""
        self._sinks.insert(0 if first else len(self._sinks), sink)

    @asynccontextmanager
    async def unit(self, *, quick: bool = False) -> AsyncIterator[Unit]:
        """A transaction that writes: committed at the end of the block, rolled back by an exception. One that is ``quick`` has
        only few small statements, so that SQLite may run them in the event loop."""
        sessions = self.database.quick if quick else self.database.writing
        async with self._turn, sessions() as session:
            unit = Unit(session, self.clock.now())
            try:
                yield unit
                await session.commit()
            except BaseException:
                await session.rollback()
                raise
        if unit.enqueued:
            self.on_enqueued()
        await self.tell(unit.announcements)

    async def tell(self, announcements: Sequence[object]) -> None:
        """Hand announcements to the sinks."""
        if not announcements:
            return
        for sink in self._sinks:
            try:
                await sink(announcements)
            except Exception:
                # It is committed: an error here would make the caller believe it is not, and do it again.
                log.exception("unit.sink")

    @asynccontextmanager
    async def read(self, *, quick: bool = False) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads, one snapshot for the whole block. One that is ``quick`` finds few rows by an index."""
        async with (self.database.looking if quick else self.database.sessions)() as session:
            yield session
