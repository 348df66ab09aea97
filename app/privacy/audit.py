"""The audit log of an account: who did what to which thing, with field names and never values; hash-chained."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem
from app.core.ids import new_id
from app.core.unit import Unit
from app.privacy.models import AuditEntry, AuditHead, OperatorAccess

START = "0" * 64
_noted: ContextVar[list[Act] | None] = ContextVar("noted", default=None)
ACCESS_MAX = timedelta(hours=24)


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One action as the caller says it."""

    account_id: str
    actor: str
    role: str
    action: str
    object_kind: str
    object_id: str
    fields: Sequence[str] = ()
    reason: str = ""


async def note(unit: Unit, act: Act) -> AuditEntry:
    """Add ``act`` to its account's log, in the transaction of the action itself."""
    query = select(AuditHead).where(AuditHead.account_id == act.account_id).with_for_update()
    head = (await unit.session.execute(query)).scalar_one_or_none()
    if head is None:
        head = AuditHead(account_id=act.account_id, n=0, hash=START)
        unit.session.add(head)
    entry = AuditEntry(
        id=new_id(),
        account_id=act.account_id,
        n=head.n + 1,
        at=unit.now,
        actor=act.actor,
        role=act.role,
        action=act.action,
        object_kind=act.object_kind,
        object_id=act.object_id,
        fields=list(act.fields),
        reason=act.reason,
    )
    entry.hash = _hash(head.hash, entry)
    head.n, head.hash = entry.n, entry.hash
    unit.session.add(entry)
    await unit.session.flush()
    if (heard := _noted.get()) is not None:
        heard.append(act)
    return entry


@contextmanager
def listen() -> Iterator[list[Act]]:
    """What is noted meanwhile by this task."""
    heard: list[Act] = []
    before = _noted.set(heard)
    try:
        yield heard
    finally:
        _noted.reset(before)


async def verify(session: AsyncSession, account_id: str) -> int | None:
    """Number of the first entry that was changed, removed or added; None when the log is whole."""
    head = await session.get(AuditHead, account_id)
    before, n = START, 0
    query = select(AuditEntry).where(AuditEntry.account_id == account_id).order_by(AuditEntry.n)
    for entry in (await session.execute(query)).scalars():
        if entry.n != n + 1 or entry.hash != _hash(before, entry):
            return n + 1
        before, n = entry.hash, entry.n
    end = (head.n, head.hash) if head else (0, START)
    return None if end == (n, before) else n + 1


async def entries(session: AsyncSession, account_id: str, *, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
    """The newest entries, newest first; ``before`` a number to page on."""
    query = select(AuditEntry).where(AuditEntry.account_id == account_id).order_by(AuditEntry.n.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.n < before)
    return list((await session.execute(query)).scalars())


async def open_access(unit: Unit, account_id: str, actor: str, reason: str, lasting: timedelta) -> OperatorAccess:
    """Let an operator look at an account's data for a while; written in the account's log."""
    if len(reason.strip()) < 10:
        raise Problem("access.reason", "Say in a sentence why you need to see this account's data.", status=422)
    if not timedelta(0) < lasting <= ACCESS_MAX:
        raise Problem("access.time", "Choose at most 24 hours.", status=422)
    access = OperatorAccess(
        id=new_id(), account_id=account_id, actor=actor, reason=reason.strip()[:300], since=unit.now, until=unit.now + lasting
    )
    unit.session.add(access)
    await note(
        unit,
        Act(
            account_id=account_id,
            actor=actor,
            role="operator",
            action="access.opened",
            object_kind="account",
            object_id=account_id,
            reason=access.reason,
        ),
    )
    return access


async def may_access(unit: Unit, account_id: str, actor: str) -> bool:
    """True while an operator's access to an account lasts."""
    query = select(OperatorAccess.id).where(
        OperatorAccess.account_id == account_id, OperatorAccess.actor == actor, OperatorAccess.until > unit.now
    )
    return (await unit.session.execute(query.limit(1))).first() is not None


def _hash(before: str, entry: AuditEntry) -> str:
    said = (
        entry.account_id,
        entry.n,
        entry.at.isoformat(),
        entry.actor,
        entry.role,
        entry.action,
        entry.object_kind,
        entry.object_id,
        list(entry.fields),
        entry.reason,
    )
    return hashlib.sha256(before.encode() + msgspec.json.encode(said)).hexdigest()
