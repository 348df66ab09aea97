"""Endpoints: made, changed, rotated, switched off, and which of them hear of an event."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem, invalid, not_found
from app.core.ids import new_id
from app.core.outbound import Outbound
from app.core.unit import Unit
from app.privacy.map import Entry
from app.privacy.vault import Box, Vault
from app.protocol.events import ALWAYS, EVENTS
from app.rooms.models import Webinar
from app.webhooks import signing
from app.webhooks.fields import Fields
from app.webhooks.models import TELL, Endpoint

BOTH = timedelta(hours=24)
"""How long the old secret signs too after a rotation."""
MOST = 20
ON, OFF, GONE, FAILED = "on", "off", "gone", "failed"
CHOICES = tuple(kind for kind in EVENTS if kind not in ALWAYS)
"""Events that can be chosen; the others follow by themselves whom an endpoint was told about."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What an organiser sets."""

    name: str
    url: str
    events: tuple[str, ...]
    webinars: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    purpose: str = ""
    asymmetric: bool = False


class Keys(msgspec.Struct, frozen=True):
    """What is shown once."""

    secret: str
    public_key: str


async def check(session: AsyncSession, outbound: Outbound, fields: Fields, account_id: str, wanted: Wanted) -> Wanted:
    """``wanted`` if it can be; raises with a message for each field that does not fit."""
    wrong: dict[str, str] = {}
    if not 1 <= len(wanted.name) <= 80:
        wrong["name"] = "Say who receives this, in at most 80 characters. Participants read it."
    try:
        outbound.look_at(wanted.url)
    except Problem as problem:
        wrong["url"] = problem.text
    if not wanted.events or set(wanted.events) - set(CHOICES):
        wrong["events"] = "Choose at least one event."
    own = set((await session.execute(select(Webinar.id).where(Webinar.account_id == account_id))).scalars())
    if set(wanted.webinars) - own:
        wrong["webinars"] = "Choose webinars of your account."
    if set(wanted.fields) - (await fields.known(session, account_id)).keys():
        wrong["fields"] = "Choose fields that exist."
    if wanted.fields and not 3 <= len(wanted.purpose) <= 200:
        wrong["purpose"] = "Say why the receiver needs these fields. Participants read it."
    if wrong:
        raise invalid(wrong)
    return wanted


async def make(unit: Unit, vault: Vault, account_id: str, wanted: Wanted) -> tuple[Endpoint, Keys]:
    """A new endpoint with its keys."""
    if len(await of_account(unit.session, account_id)) >= MOST:
        raise Problem("webhooks.most", "An account has at most {max} endpoints.", status=409, params={"max": MOST})
    box = await vault.account_box(account_id)
    row = Endpoint(id=new_id(), account_id=account_id, secret=b"", state=ON, made_at=unit.now)
    _apply(row, box, wanted)
    secret = signing.new_secret()
    row.secret = seal(box, row, "secret", secret)
    unit.session.add(row)
    return row, Keys(secret, row.public_key)


async def change(unit: Unit, vault: Vault, account_id: str, endpoint_id: str, wanted: Wanted) -> Endpoint:
    """Other settings, same secret."""
    row = await one_of(unit.session, account_id, endpoint_id)
    _apply(row, await vault.account_box(account_id), wanted)
    return row


async def rotate(unit: Unit, vault: Vault, account_id: str, endpoint_id: str) -> Keys:
    """A new secret; for a day both sign, so that the receiver can change in its own time."""
    row = await one_of(unit.session, account_id, endpoint_id)
    box = await vault.account_box(account_id)
    old = box.open(row.secret, f"webhook_endpoint.secret|{row.id}")
    row.old_secret, row.old_until = box.seal(old, f"webhook_endpoint.old_secret|{row.id}"), unit.now + BOTH
    secret = signing.new_secret()
    row.secret = seal(box, row, "secret", secret)
    return Keys(secret, row.public_key)


async def switch(unit: Unit, account_id: str, endpoint_id: str, *, on: bool) -> None:
    """On or off; what waits goes out when it is on again."""
    row = await one_of(unit.session, account_id, endpoint_id)
    row.state, row.failing_since = (ON if on else OFF), None


async def of_account(session: AsyncSession, account_id: str) -> list[Endpoint]:
    """All endpoints, by name."""
    query = select(Endpoint).where(Endpoint.account_id == account_id).order_by(Endpoint.name, Endpoint.id)
    return list((await session.execute(query)).scalars())


async def one_of(session: AsyncSession, account_id: str, endpoint_id: str) -> Endpoint:
    """One of an account. Raises 404 for another account's too."""
    row = await session.get(Endpoint, endpoint_id)
    if row is None or row.account_id != account_id:
        raise not_found()
    return row


def hears(row: Endpoint, kind: str, webinar_id: str) -> bool:
    """Whether an endpoint chose this event of this webinar."""
    return kind in row.events and (not row.webinars or not webinar_id or webinar_id in row.webinars)


def keys_of(row: Endpoint, box: Box, now: datetime) -> list[str]:
    """All keys that sign now, the newest first."""
    names = ["secret"]
    if row.old_secret is not None and row.old_until is not None and row.old_until > now:
        names.append("old_secret")
    if row.private_key is not None:
        names.append("private_key")
    return [box.open_text(getattr(row, name), f"webhook_endpoint.{name}|{row.id}") for name in names]


def seal(box: Box, row: Endpoint, column: str, value: str) -> bytes:
    """A key of an endpoint, sealed."""
    return box.seal(value, f"webhook_endpoint.{column}|{row.id}")


async def declared(session: AsyncSession, fields: Fields, account_id: str) -> list[Entry]:
    """What endpoints are given, as entries of the data register: each is a recipient."""
    labels = await fields.known(session, account_id)
    return [
        Entry(
            place=f"webhook: {row.name}",
            field=labels.get(name, name),
            kind="recipient",
            category="user.contact.email" if name == "email" else "user.name" if name == "name" else "user",
            subject="participant",
            purpose=row.purpose or TELL,
            basis="organiser_declares",
            retention="as the recipient keeps it; it is told when the person is erased",
            sealed=False,
            erased="the recipient is told, and its acknowledgement stands in the certificate",
            export=False,
        )
        for row in await of_account(session, account_id)
        for name in row.fields
    ]


async def recipients(session: AsyncSession, webinar: Webinar) -> list[Endpoint]:
    """Endpoints that are given fields of this webinar's people: named in notice and label."""
    return [
        row
        for row in await of_account(session, webinar.account_id)
        if row.fields and row.state == ON and (not row.webinars or webinar.id in row.webinars)
    ]


def _apply(row: Endpoint, box: Box, wanted: Wanted) -> None:
    row.name, row.url, row.purpose = wanted.name, wanted.url, wanted.purpose
    row.events, row.webinars, row.fields = list(wanted.events), list(wanted.webinars), list(wanted.fields)
    if wanted.asymmetric and row.private_key is None:
        private, row.public_key = signing.new_key()
        row.private_key = seal(box, row, "private_key", private)
    elif not wanted.asymmetric:
        row.private_key, row.public_key = None, ""
