"""The queue of deliveries: claimed by a lease, recorded together, cleared after 30 days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import and_, delete, exists, or_, select, update
from sqlalchemy.orm import aliased

from app.consent import marks
from app.core.ids import new_id
from app.core.outbound import Answer
from app.core.unit import Unit, Work
from app.privacy.vault import Vault
from app.webhooks import outcome
from app.webhooks.endpoints import ON
from app.webhooks.models import Attempt, Delivery, Endpoint, Told

LEASE = timedelta(seconds=20)
"""A little longer than a receiver may take; a worker that died is followed by another."""
PER_ENDPOINT = 8
"""Places that one receiver, however slow, can hold in a worker."""
KEPT = timedelta(days=30)
GIVE_UP = timedelta(days=4)
SHOWN = 500
"""Bytes of an answer that are kept for the log."""


class Claimed(msgspec.Struct, frozen=True):
    """One delivery of ours for the time of the lease."""

    delivery: Delivery
    endpoint: Endpoint


class Result(msgspec.Struct, frozen=True):
    """How an attempt went: an answer, or the short name of what went wrong."""

    claimed: Claimed
    answer: Answer | None
    trouble: str = ""
    seconds: float = 0.0


async def claim(work: Work, limit: int, places: Mapping[str, int]) -> list[Claimed]:
    """Due deliveries, of each person only the earliest. ``places``: how many an endpoint has under way already."""
    now = work.clock.now()
    busy = [endpoint for endpoint, number in places.items() if number >= PER_ENDPOINT]
    earlier = aliased(Delivery)
    overtakes = exists().where(
        earlier.endpoint_id == Delivery.endpoint_id,
        earlier.person == Delivery.person,
        earlier.state == "waiting",
        earlier.n < Delivery.n,
    )
    due = and_(
        Delivery.state == "waiting",
        Delivery.due_at <= now,
        or_(Delivery.leased_until.is_(None), Delivery.leased_until < now),
        Endpoint.state == ON,
        Delivery.endpoint_id.not_in(busy),
        or_(Delivery.person.is_(None), ~overtakes),
    )
    on = Endpoint.id == Delivery.endpoint_id
    async with work.read() as session:
        if (await session.execute(select(Delivery.id).join(Endpoint, on).where(due).limit(1))).first() is None:
            return []
    async with work.unit() as unit:
        query = select(Delivery, Endpoint).join(Endpoint, on).where(due).order_by(Delivery.due_at, Delivery.n).limit(limit)
        rows = (await unit.session.execute(query.with_for_update(skip_locked=True, of=Delivery))).all()
        taken, claimed = Counter(places), []
        for delivery, endpoint in rows:
            if taken[endpoint.id] < PER_ENDPOINT:
                taken[endpoint.id] += 1
                claimed.append(Claimed(delivery, endpoint))
                delivery.leased_until = now + LEASE
                await _remember(unit, claimed[-1])
    return claimed


async def record(work: Work, vault: Vault, results: Sequence[Result]) -> None:
    """Write down how attempts went, all in one transaction. What was erased meanwhile is gone and stays so."""
    async with work.unit() as unit:
        for result in results:
            row = await unit.session.get(Delivery, result.claimed.delivery.id)
            endpoint = await unit.session.get(Endpoint, result.claimed.endpoint.id)
            if row is None or endpoint is None:
                continue
            row.leased_until = None
            if result.trouble == outcome.WITHHELD:
                row.state, row.ended_at = outcome.WITHHELD, unit.now
                continue
            box = await vault.account_box(row.account_id)
            attempt = Attempt(
                id=new_id(),
                delivery_id=row.id,
                at=unit.now,
                status=result.answer.status if result.answer else 0,
                trouble=result.trouble,
                millis=round(result.seconds * 1000),
            )
            if result.answer and result.answer.body:
                attempt.answer = box.seal(result.answer.body[:SHOWN], f"webhook_attempt.answer|{attempt.id}")
            unit.session.add(attempt)
            await outcome.settle(unit, endpoint, row, result.answer)


async def clear(work: Work) -> int:
    """Take away what is older than its time; returns how many deliveries."""
    now = work.clock.now()
    async with work.unit() as unit:
        given_up = update(Delivery).where(Delivery.state == "waiting", Delivery.at < now - GIVE_UP)
        await unit.session.execute(given_up.values(state="dead", ended_at=now, body=None))
        old = delete(Delivery).where(Delivery.state != "waiting", Delivery.ended_at < now - KEPT).returning(Delivery.id)
        return len((await unit.session.execute(old)).all())


async def _remember(unit: Unit, claimed: Claimed) -> None:
    """Before it is sent: an endpoint that may have heard of a person will be told when they are erased."""
    row, endpoint = claimed.delivery, claimed.endpoint
    if not row.person:
        return
    if await unit.session.get(Told, (endpoint.id, row.webinar_id, row.person)) is None:
        unit.session.add(Told(endpoint_id=endpoint.id, webinar_id=row.webinar_id, person=row.person))
        await unit.session.flush()
    what = ", ".join(["id", *endpoint.fields])
    await marks.disclosed(unit, row.webinar_id, [row.person], endpoint.name, what)
