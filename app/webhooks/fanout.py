"""From what happened to who is told: each event of the outbox becomes a delivery for every endpoint that hears it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import delete, func, select

from app.core.ids import new_id
from app.core.outbox import Happening
from app.core.unit import Unit, Work
from app.protocol.events import ALWAYS
from app.webhooks.endpoints import ON, hears
from app.webhooks.models import Delivery, Endpoint, Told

AT_ONCE = 500
_LOCK = 0x4C656F75


async def fan_out(work: Work) -> int:
    """Hand on what is waiting, in order; returns how many events."""
    async with work.read() as session:
        # A cheap look first, so that idle polling never takes SQLite's write lock.
        if (await session.execute(select(Happening.n).limit(1))).first() is None:
            return 0
    async with work.unit() as unit:
        if not await _alone(unit):
            return 0
        events = list((await unit.session.execute(select(Happening).order_by(Happening.n).limit(AT_ONCE))).scalars())
        endpoints = await _endpoints(unit, events)
        for event in events:
            for endpoint in await _hearing(unit, event, endpoints[event.account_id]):
                unit.session.add(delivery_of(endpoint, event))
        await unit.session.execute(delete(Happening).where(Happening.n.in_([event.n for event in events])))
    return len(events)


def delivery_of(endpoint: Endpoint, event: Happening) -> Delivery:
    """The event on its way to one endpoint."""
    return Delivery(
        id=new_id(),
        endpoint_id=endpoint.id,
        account_id=endpoint.account_id,
        webinar_id=event.webinar_id,
        event_id=event.id,
        kind=event.kind,
        n=event.n,
        person=event.person,
        ids=event.ids,
        at=event.at,
        state="waiting",
        tries=0,
        due_at=event.at,
        erasure="",
    )


async def _alone(unit: Unit) -> bool:
    """One worker at a time, or events could overtake each other. On SQLite writers wait for each other anyway."""
    if unit.session.get_bind().dialect.name != "postgresql":
        return True
    return bool((await unit.session.execute(select(func.pg_try_advisory_xact_lock(_LOCK)))).scalar_one())


async def _endpoints(unit: Unit, events: Sequence[Happening]) -> dict[str, list[Endpoint]]:
    query = select(Endpoint).where(Endpoint.account_id.in_({event.account_id for event in events}), Endpoint.state == ON)
    found: dict[str, list[Endpoint]] = defaultdict(list)
    for row in (await unit.session.execute(query)).scalars():
        found[row.account_id].append(row)
    return found


async def _hearing(unit: Unit, event: Happening, endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    if event.kind not in ALWAYS or not endpoints:
        return [row for row in endpoints if hears(row, event.kind, event.webinar_id)]
    told = select(Told.endpoint_id).where(Told.webinar_id == event.webinar_id, Told.person == event.person)
    known = set((await unit.session.execute(told)).scalars())
    return [row for row in endpoints if row.id in known]
