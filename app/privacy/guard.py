"""The restore guard: before a process serves anyone, the database must have seen through every erasure of the ledger."""

from __future__ import annotations

from sqlalchemy import select

from app.core.unit import Work
from app.privacy.erase.pipeline import Pipeline
from app.privacy.ledger import Ledger
from app.privacy.models import LedgerMark


async def replay_missing(work: Work, ledger: Ledger, pipeline: Pipeline) -> int:
    """Replay what the database lacks; returns how many erasures. Raises :class:`~app.privacy.ledger.LedgerBroken`."""
    async with work.read() as session:
        marks = [(mark.entry_id, mark.n) for mark in (await session.execute(select(LedgerMark))).scalars()]
    missing = ledger.missing(marks)
    await pipeline.replay(missing)
    return len(missing)
