"""The unit of work: one transaction, what to announce when it is committed, and the jobs that go with it.

Announcements leave only after the commit, so nobody ever hears of something that did not happen; jobs are rows of the same
commit, so nothing that happened is forgotten.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.core.jobs import Job

log = structlog.get_logger(__name__)

Sink = Callable[[Sequence[object]], Awaitable[None]]


class Unit:
    """One open transaction. Verbs take it first and never see a request or a socket."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self.session = session
        self.now = now
        self.announcements: list[object] = []
        self.memo: dict[object, object] = {}
        """What verbs of this transaction share, such as the locked row of a room."""

    def announce(self, event: object) -> None:
        """Tell the sinks of this process after the commit."""
        self.announcements.append(event)

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
        return job.id


class Work:
    """The one door to the database for verbs and pages."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self._sinks: list[Sink] = []

    def add_sink(self, sink: Sink) -> None:
        """Have ``sink`` hear all announcements, in the order of the commits of this process."""
        self._sinks.append(sink)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        """A transaction that writes: committed at the end of the block, rolled back by an exception."""
        async with self.database.sessions() as session:
            await session.connection(execution_options={"lectern_write": True})
            unit = Unit(session, self.clock.now())
            try:
                yield unit
                await session.commit()
            except BaseException:
                await session.rollback()
                raise
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
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads, one snapshot for the whole block."""
        async with self.database.sessions() as session:
            yield session
