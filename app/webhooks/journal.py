"""The log of an endpoint: its deliveries with their attempts; testing it, and sending once more what was sent or given up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem, not_found
from app.core.ids import new_id
from app.core.unit import Unit
from app.privacy.vault import SealBroken, Vault
from app.webhooks.models import Attempt, Delivery, Endpoint

TEST = "webhook.test"
PAGE = 25


class Tried(msgspec.Struct, frozen=True):
    """One attempt as the log shows it."""

    at: datetime
    status: int
    trouble: str
    millis: int
    answer: str


class Line(msgspec.Struct, frozen=True):
    """One delivery as the log shows it."""

    id: str
    event: str
    kind: str
    at: datetime
    state: str
    due_at: datetime
    attempts: list[Tried]


class Log(msgspec.Struct, frozen=True):
    """A page of it, and numbers of the whole."""

    lines: list[Line]
    total: int
    waiting: int
    dead: int
    fresh: bool
    """Something is about to be sent for the first time: the page looks again by itself."""


async def log_of(session: AsyncSession, vault: Vault, endpoint: Endpoint, page: int) -> Log:
    """The newest first."""
    mine = Delivery.endpoint_id == endpoint.id
    counted = select(Delivery.state, func.count()).where(mine).group_by(Delivery.state)
    counts: dict[str, int] = dict((await session.execute(counted)).all())
    newest = select(Delivery).where(mine).order_by(Delivery.at.desc(), Delivery.n.desc()).limit(PAGE).offset((page - 1) * PAGE)
    lines = await _opened(session, vault, endpoint, list((await session.execute(newest)).scalars()))
    fresh = any(line.state == "waiting" and not line.attempts for line in lines)
    return Log(lines, sum(counts.values()), counts.get("waiting", 0), counts.get("dead", 0), fresh)


async def lines(
    session: AsyncSession, vault: Vault, endpoint: Endpoint, before: tuple[datetime, str] | None, most: int
) -> list[Line]:
    """The newest first; ``before``: time and id of the last one seen."""
    query = select(Delivery).where(Delivery.endpoint_id == endpoint.id)
    if before is not None:
        query = query.where(tuple_(Delivery.at, Delivery.id) < before)
    newest = query.order_by(Delivery.at.desc(), Delivery.id.desc()).limit(most)
    return await _opened(session, vault, endpoint, list((await session.execute(newest)).scalars()))


async def line(session: AsyncSession, vault: Vault, endpoint: Endpoint, delivery_id: str) -> Line:
    """One of them. Raises 404."""
    row = await session.get(Delivery, delivery_id)
    if row is None or row.endpoint_id != endpoint.id:
        raise not_found()
    return (await _opened(session, vault, endpoint, [row]))[0]


async def _opened(session: AsyncSession, vault: Vault, endpoint: Endpoint, rows: Sequence[Delivery]) -> list[Line]:
    tried: dict[str, list[Tried]] = {row.id: [] for row in rows}
    box = await vault.account_box(endpoint.account_id)
    attempts = select(Attempt).where(Attempt.delivery_id.in_(tried)).order_by(Attempt.at)
    for attempt in (await session.execute(attempts)).scalars():
        answer = ""
        if attempt.answer:
            try:
                answer = box.open(attempt.answer, f"webhook_attempt.answer|{attempt.id}").decode(errors="replace")
            except SealBroken:
                answer = ""
        tried[attempt.delivery_id].append(Tried(attempt.at, attempt.status, attempt.trouble, attempt.millis, answer))
    return [Line(row.id, row.event_id, row.kind, row.at, row.state, row.due_at, tried[row.id]) for row in rows]


async def test(unit: Unit, endpoint: Endpoint) -> str:
    """Send an event that means nothing; returns the delivery's id."""
    row = Delivery(
        id=new_id(),
        endpoint_id=endpoint.id,
        account_id=endpoint.account_id,
        event_id=new_id(),
        kind=TEST,
        n=0,
        ids={},
        at=unit.now,
        state="waiting",
        tries=0,
        due_at=unit.now,
        webinar_id="",
        erasure="",
    )
    unit.session.add(row)
    return row.id


async def replay(unit: Unit, endpoint: Endpoint, delivery_id: str) -> None:
    """Send it once more, under the same ``webhook-id``, with what may be said now. What was erased is not here any more."""
    row = await unit.session.get(Delivery, delivery_id)
    if row is None or row.endpoint_id != endpoint.id:
        raise not_found()
    if row.state == "held" or row.erasure:
        raise Problem("webhook.replay", "News of an erasure is sent by itself and cannot be sent again.", status=409)
    row.state, row.tries, row.due_at, row.ended_at, row.leased_until = "waiting", 0, unit.now, None, None


async def replay_dead(unit: Unit, endpoint: Endpoint) -> int:
    """Send everything once more that was given up; returns how many."""
    dead = update(Delivery).where(Delivery.endpoint_id == endpoint.id, Delivery.state == "dead", Delivery.erasure == "")
    fresh = dead.values(state="waiting", tries=0, due_at=unit.now, ended_at=None, leased_until=None)
    return len((await unit.session.execute(fresh.returning(Delivery.id))).all())
