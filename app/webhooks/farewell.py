"""The last word to recipients whose endpoint is gone (Art. 19 GDPR): of an account that was erased whole, or an endpoint that was removed
before it had heard of every erasure. It carries all it needs.

What it says are ids. Address, signing keys and body are sealed under a key of their own, which is destroyed when the
recipient has acknowledged it or it was given up; the rest stays thirty days, and the acknowledgement in the certificate.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog
from sqlalchemy import LargeBinary, String, and_, delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.core.ids import new_id
from app.core.outbound import Answer, NotSent, Outbound
from app.core.unit import Unit, Work
from app.privacy import not_personal
from app.privacy.scope import KEPT, Target
from app.privacy.vault import SealBroken, Vault
from app.rooms.models import Webinar
from app.webhooks import endpoints, signing
from app.webhooks.compose import Payload, encoded
from app.webhooks.models import Delivery, Told
from app.webhooks.outcome import ACKNOWLEDGED, Acknowledged
from app.webhooks.queue import GIVE_UP, LEASE
from app.webhooks.queue import KEPT as SHOWN_FOR
from app.webhooks.schedule import next_try

log = structlog.get_logger(__name__)
KIND = "webinar.purged"
AT_ONCE = 8


class Farewell(Base):
    """One last word. It outlives the endpoint and the account, and holds nothing personal."""

    __tablename__ = "webhook_farewell"
    __table_args__ = ({"info": KEPT},)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id, sent as webhook-id"))
    erasure: Mapped[str] = mapped_column(String(20), index=True, info=not_personal("id of the erasure it tells of"))
    name: Mapped[str] = mapped_column(String(80), info=not_personal("name of the recipient, as the certificate has it"))
    sealed: Mapped[bytes | None] = mapped_column(
        LargeBinary, info=not_personal("address, signing keys and ids, sealed; dropped when it was acknowledged")
    )
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the erasure was done"))
    state: Mapped[str] = mapped_column(String(10), default="waiting", info=not_personal("held, waiting, done or dead"))
    tries: Mapped[int] = mapped_column(default=0, info=not_personal("number of attempts so far"))
    due_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("next attempt"))
    leased_until: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("lease of the worker at it"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when it was acknowledged or given up"))


class Letter(msgspec.Struct, frozen=True):
    """What is sent where, and how it is signed."""

    name: str
    url: str
    keys: tuple[str, ...]
    kind: str
    data: dict[str, object]


async def letters(unit: Unit, vault: Vault, account_id: str) -> list[Letter]:
    """While the account can still be read: for each endpoint the webinars it ever heard of."""
    box = await vault.account_box(account_id)
    found = []
    heard = await _heard(unit, account_id)
    for endpoint in await endpoints.of_account(unit.session, account_id):
        keys = tuple(endpoints.keys_of(endpoint, box, unit.now))
        about = [{"webinar": webinar, "scope": "account"} for webinar in sorted(heard[endpoint.id])]
        found += [Letter(endpoint.name, endpoint.url, keys, KIND, dict(data)) for data in about]
    return found


async def hold(work: Work, vault: Vault, mark: str, found: Sequence[Letter]) -> None:
    """Put them aside until the certificate is signed. Again after a crash it is done once."""
    async with work.unit() as unit:
        if (await unit.session.execute(select(Farewell.id).where(Farewell.erasure == mark).limit(1))).first() is not None:
            return
        for letter in found:
            row = Farewell(id=new_id(), erasure=mark, name=letter.name, at=unit.now, state="held", tries=0, due_at=unit.now)
            await _seal(vault, row, letter)
            unit.session.add(row)


async def remove(unit: Unit, vault: Vault, account_id: str, endpoint_id: str) -> None:
    """Away with an endpoint, its queue and its log. What it has not heard yet of erasures still goes out, under the same ids, and what
    it has acknowledged stays in the certificates."""
    endpoint = await endpoints.one_of(unit.session, account_id, endpoint_id)
    box = await vault.account_box(account_id)
    keys = tuple(endpoints.keys_of(endpoint, box, unit.now))
    query = select(Delivery).where(Delivery.endpoint_id == endpoint.id, Delivery.erasure != "")
    for said in (await unit.session.execute(query)).scalars().all():
        row = Farewell(
            id=said.event_id, erasure=said.erasure, name=endpoint.name, at=said.at, state=said.state, tries=said.tries,
            due_at=said.due_at, ended_at=said.ended_at,
        )  # fmt: skip
        if endpoint.state == endpoints.GONE and row.ended_at is None:
            # It said that it never wants to hear from us again.
            row.state, row.ended_at = "dead", unit.now
            unit.enqueue(ACKNOWLEDGED, Acknowledged(row.erasure))
        elif said.body is not None and row.ended_at is None:
            told = msgspec.json.decode(box.open(said.body, f"webhook_delivery.body|{said.id}"), type=Payload)
            await _seal(vault, row, Letter(endpoint.name, endpoint.url, keys, told.type, told.data))
        unit.session.add(row)
    await unit.session.delete(endpoint)


async def release(unit: Unit, mark: str, erasure_id: str) -> None:
    """The erasure is done: tell them."""
    held = update(Farewell).where(Farewell.erasure == mark, Farewell.state == "held")
    fresh = held.values(state="waiting", erasure=erasure_id, due_at=unit.now, at=unit.now).returning(Farewell.id)
    if (await unit.session.execute(fresh)).first() is not None:
        unit.enqueue(ACKNOWLEDGED, Acknowledged(erasure_id))


class Farewells:
    """Sends them, beside the queue of deliveries."""

    def __init__(self, work: Work, vault: Vault, outbound: Outbound) -> None:
        self._work = work
        self._vault = vault
        self._outbound = outbound
        self._task: asyncio.Task[int] | None = None

    async def look(self) -> None:
        """Send what is due, beside whatever else the worker does."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self.run_due(), name="webhook-farewells")

    async def close(self) -> None:
        """Drop what is on its way; its lease ends and it is tried again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def run_due(self) -> int:
        """One round; returns how many attempts were made."""
        rows = await self._claim()
        await asyncio.gather(*(self._attempt(row) for row in rows))
        return len(rows)

    async def clear(self) -> None:
        """Take away what is older than its time."""
        async with self._work.unit() as unit:
            late = select(Farewell).where(Farewell.state == "waiting", Farewell.at < unit.now - GIVE_UP)
            for row in (await unit.session.execute(late)).scalars():
                await self._end(unit, row, "dead")
            await unit.session.execute(delete(Farewell).where(Farewell.ended_at < unit.now - SHOWN_FOR))

    async def _claim(self) -> list[Farewell]:
        now = self._work.clock.now()
        free = or_(Farewell.leased_until.is_(None), Farewell.leased_until < now)
        due = and_(Farewell.state == "waiting", Farewell.due_at <= now, free)
        async with self._work.read() as session:
            if (await session.execute(select(Farewell.id).where(due).limit(1))).first() is None:
                return []
        async with self._work.unit() as unit:
            query = select(Farewell).where(due).order_by(Farewell.due_at).limit(AT_ONCE).with_for_update(skip_locked=True)
            rows = list((await unit.session.execute(query)).scalars())
            for row in rows:
                row.leased_until = now + LEASE
        return rows

    async def _attempt(self, row: Farewell) -> None:
        answer: Answer | None = None
        try:
            box = await self._vault.erasure_box(row.id)
            letter = msgspec.msgpack.decode(box.open(row.sealed or b"", f"webhook_farewell.sealed|{row.id}"), type=Letter)
            body = encoded(letter.kind, row.at, letter.data)
            signed = signing.headers(row.id, self._work.clock.now(), body, letter.keys)
            fields = {"content-type": "application/json", "user-agent": "Lectern", **signed}
            answer = await self._outbound.post(letter.url, body, fields)
        except NotSent as failure:
            log.info("webhooks.farewell", why=failure.why)
        except SealBroken:
            answer = Answer(status=410, headers={}, body=b"", seconds=0.0)
        async with self._work.unit() as unit:
            known = await unit.session.get(Farewell, row.id)
            if known is not None and known.state == "waiting":
                await self._settle(unit, known, answer)

    async def _settle(self, unit: Unit, row: Farewell, answer: Answer | None) -> None:
        row.tries, row.leased_until = row.tries + 1, None
        if answer is not None and 200 <= answer.status < 300:
            await self._end(unit, row, "done")
            return
        wait = (
            None
            if answer is not None and answer.status == 410
            else next_try(row.tries, answer.headers if answer else {}, unit.now)
        )
        if wait is None:
            await self._end(unit, row, "dead")
        else:
            row.due_at = unit.now + wait

    async def _end(self, unit: Unit, row: Farewell, state: str) -> None:
        row.state, row.ended_at, row.sealed = state, unit.now, None
        await self._vault.forget_erasure(row.id)
        unit.enqueue(ACKNOWLEDGED, Acknowledged(row.erasure))


def mark_of(target: Target) -> str:
    """Names the erasure before its id is known here."""
    return target.account_id


async def _seal(vault: Vault, row: Farewell, letter: Letter) -> None:
    box = await vault.erasure_box(row.id)
    row.sealed = box.seal(msgspec.msgpack.encode(letter), f"webhook_farewell.sealed|{row.id}")


async def _heard(unit: Unit, account_id: str) -> dict[str, set[str]]:
    """Endpoint → webinars it was told of, by person or as a whole."""
    found: dict[str, set[str]] = defaultdict(set)
    told = select(Told.endpoint_id, Told.webinar_id).join(Webinar, Webinar.id == Told.webinar_id)
    tried = select(Delivery.endpoint_id, Delivery.webinar_id).where(Delivery.account_id == account_id, Delivery.tries > 0)
    for query in (told.where(Webinar.account_id == account_id).distinct(), tried.where(Delivery.webinar_id != "").distinct()):
        for endpoint_id, webinar_id in await unit.session.execute(query):
            found[endpoint_id].add(webinar_id)
    return found
