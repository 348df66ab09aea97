"""Background jobs in a table of the same database, so that a job and its cause are one commit, on SQLite too.

A worker claims a due job by a lease; a worker that dies loses the lease and another takes the job over. A failed job comes back
with growing delay; after the last try it stays as ``failed`` for the operator to see. Payloads hold ids, never personal values.

Kinds named ``first`` (an erasure) pass those that wait (a thousand mails). What is to be done again and again (``every``) is one row that is put off instead of removed, however many workers there are.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Index, LargeBinary, String, case, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.core.declare import not_personal

if TYPE_CHECKING:
    from app.core.unit import Work

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
DELAYS = (5, 30, 120, 600, 1800, 7200, 21600)
"""Seconds to wait after the first, second, … failure."""

Handler = Callable[[bytes], Awaitable[None]]
Outcome = Callable[[str, str], None]
"""Told the kind of each job and how it went: done, failed or later."""


class Job(Base):
    """One thing to do later."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due", "state", "run_at"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of a job"))
    kind: Mapped[str] = mapped_column(String(60), info=not_personal("name of the job"))
    payload: Mapped[bytes] = mapped_column(LargeBinary, info=not_personal("ids only, by rule of app.core.jobs"))
    about: Mapped[str | None] = mapped_column(String(20), index=True, info=not_personal("id of a webinar or account"))
    key: Mapped[str | None] = mapped_column(String(120), index=True, info=not_personal("ids that make a job unique"))
    state: Mapped[str] = mapped_column(String(10), default="due", info=not_personal("due or failed"))
    run_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the job is due"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the job was made"))
    leased_until: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("lease of the worker at it"))
    tries: Mapped[int] = mapped_column(default=0, info=not_personal("number of tries so far"))


class JobLater(Exception):
    """Raised by a handler: not now, come back after ``seconds``; does not count as a failure."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


class Worker:
    """Runs due jobs one after another until told to stop."""

    def __init__(
        self,
        work: Work,
        handlers: Mapping[str, Handler],
        *,
        every: Mapping[str, timedelta] | None = None,
        first: Collection[str] = (),
        poll: float = 0.5,
        outcome: Outcome = lambda _kind, _outcome: None,
    ) -> None:
        self._work = work
        self._handlers = dict(handlers)
        self._every = dict(every or {})
        self._first = tuple(first)
        self._poll = poll
        self._outcome = outcome
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look for due jobs now rather than at the next poll."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the job at hand, then return from :meth:`run`."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until :meth:`stop`."""
        await self._begin_again()
        while not self._stopping:
            # Before the look: a wake that comes during it is not lost.
            self._wake.clear()
            try:
                worked = await self.run_one()
            except Exception:
                log.exception("jobs.trouble")
                worked = False
            if not worked and not self._stopping:
                await self._pause()

    async def run_due(self) -> int:
        """Run everything that is due now; returns how many jobs ran."""
        count = 0
        while await self.run_one():
            count += 1
        return count

    async def run_one(self) -> bool:
        """Claim and run one due job; False when there is none."""
        job = await self._claim()
        if job is None:
            return False
        try:
            await self._handlers[job.kind](job.payload)
        except JobLater as later:
            self._outcome(job.kind, "later")
            await self._again(job, later.seconds, job.tries)
        except Exception:
            log.exception("job.failed", kind=job.kind, job=job.id, tries=job.tries + 1)
            self._outcome(job.kind, "failed")
            await self._failed(job)
        else:
            self._outcome(job.kind, "done")
            if job.id == regular_id(job.kind) and job.kind in self._every:
                await self._again(job, self._every[job.kind].total_seconds(), 0)
                return True
            async with self._work.unit() as unit:
                await unit.session.execute(delete(Job).where(Job.id == job.id))
        return True

    async def _begin_again(self) -> None:
        """A row for everything regular that has none yet; another worker may be just as quick."""
        for kind in self._every:
            try:
                async with self._work.unit() as unit:
                    if await unit.session.get(Job, regular_id(kind)) is None:
                        now = unit.now
                        unit.session.add(Job(id=regular_id(kind), kind=kind, payload=b"{}", run_at=now, made_at=now, tries=0))
            except IntegrityError:
                continue

    async def _claim(self) -> Job | None:
        now = self._work.clock.now()
        # A worker of another version, or of a test, leaves alone what it does not know.
        known = Job.kind.in_(list(self._handlers))
        due = (Job.state == "due", Job.run_at <= now, known, or_(Job.leased_until.is_(None), Job.leased_until < now))
        async with self._work.read() as session:
            # A cheap look first, so that idle polling never takes SQLite's write lock.
            if (await session.execute(select(Job.id).where(*due).limit(1))).first() is None:
                return None
        async with self._work.unit() as unit:
            urgent = case((Job.kind.in_(self._first), 0), else_=1)
            query = select(Job).where(*due).order_by(urgent, Job.run_at).limit(1).with_for_update(skip_locked=True)
            job = (await unit.session.execute(query)).scalar_one_or_none()
            if job is not None:
                job.leased_until = now + LEASE
            return job

    async def _failed(self, job: Job) -> None:
        if job.tries >= len(DELAYS) and job.kind in self._every:
            # What must happen every day is never given up.
            await self._again(job, self._every[job.kind].total_seconds(), 0)
            return
        if job.tries >= len(DELAYS):
            async with self._work.unit() as unit:
                await unit.session.execute(update(Job).where(Job.id == job.id).values(state="failed", leased_until=None))
            return
        await self._again(job, DELAYS[job.tries] * random.uniform(0.8, 1.2), job.tries + 1)

    async def _again(self, job: Job, seconds: float, tries: int) -> None:
        run_at = self._work.clock.now() + timedelta(seconds=seconds)
        values = {"run_at": run_at, "tries": tries, "leased_until": None}
        async with self._work.unit() as unit:
            await unit.session.execute(update(Job).where(Job.id == job.id).values(**values))

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), self._poll)


def regular_id(kind: str) -> str:
    """The one row of a job that is done again and again."""
    return hashlib.sha256(kind.encode()).hexdigest()[:20]
