"""Retention: when a webinar's time is over it goes through the erasure pipeline by itself, announced before.

Works on the columns ``ends_at``, ``retention_days``, ``account_id`` and ``data_state`` of the table ``webinar``. A field of a form may be
kept for a shorter time than the webinar: who owns such fields hands in its :class:`FieldTerms`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from sqlalchemy import MetaData, Table, delete, select

from app.core.errors import invalid
from app.core.jobs import Handler
from app.core.unit import Unit, Work
from app.privacy.erase.compact import compact
from app.privacy.erase.pipeline import Pipeline
from app.privacy.models import Erasure, RetentionNotice
from app.privacy.scope import Target

SWEEP = "privacy.retention"
EVERY = timedelta(hours=1)
NOTICE = timedelta(days=7)
DAYS, DAYS_MAX = 30, 3650

Warn = Callable[[Unit, str, Sequence["Due"]], Awaitable[None]]
"""Called with an account's id and its webinars that will go soon; enqueues the mail."""


class Due(msgspec.Struct, frozen=True):
    """When a webinar will be erased."""

    webinar_id: str
    account_id: str
    erase_at: datetime

    def soon(self, now: datetime) -> bool:
        """True when every admin page of the webinar shows the banner."""
        return self.erase_at - now <= NOTICE


class FieldTerms(Protocol):
    """A feature's values that are kept for a shorter time than their webinar."""

    async def expire(self, work: Work, now: datetime) -> int:
        """Clear what is over at ``now``; returns how many values went. Nothing is announced: the form said so."""
        ...


def read_days(text: str) -> int:
    """Days that data is kept, from a form. Raises for what is not a number from 1 to 3650."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= DAYS_MAX:
        raise invalid({"retention_days": "Say for how many days after the end data is kept, from 1 to 3650."})
    return int(text)


def erase_at(ends_at: datetime, retention_days: int) -> datetime:
    """The moment a webinar's data goes."""
    return ends_at + timedelta(days=retention_days)


class Retention:
    """Looks for webinars whose time is over or nearly over. ``sweep`` runs every hour."""

    def __init__(self, work: Work, pipeline: Pipeline, metadata: MetaData, warn: Warn, terms: Sequence[FieldTerms] = ()) -> None:
        self._work = work
        self._pipeline = pipeline
        self._metadata = metadata
        self._table: Table = metadata.tables["webinar"]
        self._warn = warn
        self._terms = terms

    def handlers(self) -> dict[str, Handler]:
        """Kind of job → what does it."""
        return {SWEEP: self._job}

    async def _job(self, _payload: bytes) -> None:
        await self.sweep()
        await self.expire()

    async def expire(self) -> int:
        """Clear single fields whose own time is over; returns how many values went."""
        gone = sum([await terms.expire(self._work, self._work.clock.now()) for terms in self._terms])
        if gone:
            await compact(self._work.database, list(self._metadata.tables))
        return gone

    async def due(self, before: datetime) -> list[Due]:
        """Webinars whose time is over at ``before``, earliest first."""
        table = self._table
        query = select(table.c.id, table.c.account_id, table.c.ends_at, table.c.retention_days).where(
            table.c.data_state.not_in(("purging", "purged")), table.c.ends_at <= before
        )
        async with self._work.read() as session:
            rows = (await session.execute(query)).all()
        found = [Due(row.id, row.account_id, erase_at(row.ends_at, row.retention_days)) for row in rows]
        return sorted((due for due in found if due.erase_at <= before), key=lambda due: due.erase_at)

    async def sweep(self) -> int:
        """Tell what will go, erase what must go; returns the number of erasures asked for.

        Nothing goes that was not told: a webinar whose time was shortened is told first and goes a notice's time later.
        """
        now = self._work.clock.now()
        coming = await self.due(now + NOTICE)
        told = await self._tell(coming)
        asked = 0
        for due in coming:
            if due.erase_at <= now and now - told[due.webinar_id] >= NOTICE:
                asked += await self._ask(due)
        return asked

    async def _tell(self, coming: Sequence[Due]) -> dict[str, datetime]:
        """Tell every account once of each webinar; returns since when each is known to be due."""
        async with self._work.unit() as unit:
            rows = (await unit.session.execute(select(RetentionNotice))).scalars()
            known = {row.webinar_id: row.erase_at for row in rows}
            gone = [webinar_id for webinar_id in known if webinar_id not in {due.webinar_id for due in coming}]
            await unit.session.execute(delete(RetentionNotice).where(RetentionNotice.webinar_id.in_(gone)))
            fresh = [due for due in coming if due.webinar_id not in known]
            for due in fresh:
                # Written as the earliest day it may go, so that a short notice moves that day, not the notice.
                unit.session.add(RetentionNotice(webinar_id=due.webinar_id, erase_at=max(due.erase_at, unit.now + NOTICE)))
            for account_id in sorted({due.account_id for due in fresh}):
                await self._warn(unit, account_id, [due for due in fresh if due.account_id == account_id])
            now = unit.now
        known |= {due.webinar_id: max(due.erase_at, now + NOTICE) for due in fresh}
        return {webinar_id: day - NOTICE for webinar_id, day in known.items()}

    async def _ask(self, due: Due) -> int:
        async with self._work.unit() as unit:
            waiting = select(Erasure.id).where(
                Erasure.of_webinar == due.webinar_id, Erasure.kind == "webinar", Erasure.state == "waiting"
            )
            if (await unit.session.execute(waiting.limit(1))).first() is not None:
                return 0
            await self._pipeline.ask(unit, Target("webinar", due.account_id, due.webinar_id), "retention")
        return 1
