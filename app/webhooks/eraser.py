"""Webhooks' part of an erasure: queued deliveries die, and everyone who ever received the person is told, when it is done.

What is to be told is put aside sealed while the ids are still known, and goes out once the erasure has been seen through. Each
acknowledgement is written into the erasure's certificate.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping

import msgspec
from sqlalchemy import ColumnElement, delete, select, union, update

from app.core.ids import new_id
from app.core.unit import Unit, Work
from app.privacy.scope import Target
from app.privacy.vault import Vault
from app.webhooks import farewell
from app.webhooks.compose import encoded
from app.webhooks.models import Delivery, Told
from app.webhooks.outcome import ACKNOWLEDGED, Acknowledged


class _Letters(msgspec.Struct, frozen=True):
    """What an erasure of an account remembers for the recipients."""

    mark: str
    letters: list[farewell.Letter]


class WebhookEraser:
    """Implements :class:`app.privacy.erase.eraser.Eraser`, ``Closing``, and ``Telling`` for a whole account."""

    name = "webhooks"

    def __init__(self, work: Work, vault: Vault) -> None:
        self._work = work
        self._vault = vault

    def ask(self, unit: Unit, target: Target) -> None:
        """Nothing must happen with the commit: nobody looks at the queue but the worker."""

    async def remember(self, unit: Unit, target: Target) -> bytes:
        """What the recipients of a whole account are to be told, with all that takes: its endpoints will be gone by then."""
        if target.kind != "account":
            return b""
        found = await farewell.letters(unit, self._vault, target.account_id)
        return msgspec.msgpack.encode(_Letters(farewell.mark_of(target), found)) if found else b""

    async def tell(self, remembered: bytes) -> bytes:
        """Put aside; it goes out with the commit that signs the certificate."""
        said = msgspec.msgpack.decode(remembered, type=_Letters)
        await farewell.hold(self._work, self._vault, said.mark, said.letters)
        return b""

    async def begin(self, work: Work, target: Target) -> None:
        """What waits about them is never sent."""
        async with work.unit() as unit:
            await unit.session.execute(delete(Delivery).where(_about(target), Delivery.state == "waiting"))

    async def erase(self, work: Work, target: Target) -> Mapping[str, int]:
        """Put aside what recipients are to be told."""
        if target.kind == "account":
            return {}
        async with work.unit() as unit:
            mark = _mark(target)
            if (await unit.session.execute(select(Delivery.id).where(Delivery.erasure == mark).limit(1))).first() is not None:
                return {}
            told = await _recipients(unit, target)
            for endpoint_id, persons in told.items():
                for person in sorted(persons) or [""]:
                    await self._hold(unit, target, endpoint_id, person, mark)
        return {"recipients": len(told)} if told else {}

    async def close(self, unit: Unit, erasure_id: str, target: Target) -> None:
        """The erasure is done: tell them."""
        if target.kind == "account":
            await farewell.release(unit, farewell.mark_of(target), erasure_id)
            return
        await farewell.release(unit, _mark(target), erasure_id)
        held = update(Delivery).where(Delivery.erasure == _mark(target), Delivery.state == "held")
        fresh = held.values(state="waiting", erasure=erasure_id, due_at=unit.now, at=unit.now).returning(Delivery.id)
        if (await unit.session.execute(fresh)).first() is not None:
            # The certificate names them from the first day, as waiting.
            unit.enqueue(ACKNOWLEDGED, Acknowledged(erasure_id), about=target.account_id)

    async def _hold(self, unit: Unit, target: Target, endpoint_id: str, person: str, mark: str) -> None:
        kind = "participant.erased" if person else "webinar.purged"
        data: dict[str, object] = {"webinar": target.webinar_id}
        if person:
            data["participant"] = person
        else:
            data["scope"] = target.kind
        row = Delivery(
            id=new_id(),
            endpoint_id=endpoint_id,
            account_id=target.account_id,
            webinar_id="",
            event_id=new_id(),
            kind=kind,
            n=0,
            person=None,
            ids={},
            at=unit.now,
            state="held",
            tries=0,
            due_at=unit.now,
            erasure=mark,
        )
        box = await self._vault.account_box(target.account_id)
        row.body = box.seal(encoded(kind, unit.now, data), f"webhook_delivery.body|{row.id}")
        unit.session.add(row)


def _about(target: Target) -> ColumnElement[bool]:
    if target.kind == "account":
        return Delivery.account_id == target.account_id
    mine = Delivery.webinar_id == target.webinar_id
    return mine & Delivery.person.in_(target.persons) if target.persons else mine


async def _recipients(unit: Unit, target: Target) -> dict[str, set[str]]:
    """Endpoint → persons it was told about; without persons when it is told of the whole webinar."""
    found: dict[str, set[str]] = defaultdict(set)
    if target.persons:
        for start in range(0, len(target.persons), 500):
            some = target.persons[start : start + 500]
            query = select(Told.endpoint_id, Told.person).where(Told.webinar_id == target.webinar_id, Told.person.in_(some))
            for endpoint_id, person in await unit.session.execute(query):
                found[endpoint_id].add(person)
        return found
    heard = select(Delivery.endpoint_id).where(Delivery.webinar_id == target.webinar_id, Delivery.tries > 0)
    for endpoint_id in (
        await unit.session.execute(union(select(Told.endpoint_id).where(Told.webinar_id == target.webinar_id), heard))
    ).scalars():
        found[endpoint_id] = set()
    return found


def _mark(target: Target) -> str:
    """Names the erasure before its id is known here; says nothing about whom."""
    said = "|".join((target.kind, target.webinar_id, *sorted(target.persons)))
    return "held:" + hashlib.sha256(said.encode()).hexdigest()[:19]
