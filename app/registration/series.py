"""A webinar again: duplicates with all its settings and nothing of its participants, and series of sessions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import agreement
from app.consent import items
from app.consent.models import NoticeDraft, NoticeVersion
from app.core.errors import Problem, not_found
from app.core.i18n import zone
from app.core.ids import new_id, new_secret
from app.core.unit import Unit
from app.privacy.vault import Vault
from app.registration.models import FormField, MailText, RegistrationPolicy, Series, SeriesPart
from app.rooms import broadcast, webinars
from app.rooms.models import Webinar
from app.rooms.room import open_room

SESSIONS_MAX = 52
FRESH = frozenset(
    {
        "id", "slug", "title", "starts_at", "ends_at", "publication", "broadcast", "replay", "data_state", "live_since", "live_ended",
        "hls_token", "crew_token", "seq", "epoch", "entity_seq", "made_at", "picture", "state_pictures",
        "source", "video",
    }
)  # fmt: skip
"""Columns of a webinar that a duplicate has of its own. Pictures belong to the webinar they were sent for."""


class Repeat(msgspec.Struct, frozen=True):
    """How a webinar is repeated: ``count`` new ones, ``days`` apart by the clock of its zone."""

    title: str
    starts_at: datetime
    count: int = 1
    days: int = 7


async def duplicate(unit: Unit, account_id: str, webinar_id: str, wanted: Repeat) -> list[Webinar]:
    """Duplicates as drafts; several of them are a series together with the webinar itself."""
    if not 1 <= wanted.count <= SESSIONS_MAX or not 1 <= wanted.days <= 366:
        raise Problem("series.size", "Make from 1 to 52 webinars, from 1 to 366 days apart.", status=422)
    source = await webinars.one_of(unit.session, account_id, webinar_id)
    made = []
    for number in range(wanted.count):
        starts_at = _later(wanted.starts_at, source.zone, number * wanted.days)
        made.append(await _one(unit, source, wanted.title, starts_at))
    if wanted.count > 1:
        await _join(unit, source, made)
    return made


async def call_off(unit: Unit, vault: Vault, account_id: str, webinar_id: str, *, off: bool) -> None:
    """Cancel a webinar, or publish it again by link. Registrants are told by the look of every minute."""
    room = await open_room(unit, vault, webinar_id)
    if room.row.account_id != account_id:
        raise not_found("webinar")
    if off and room.row.broadcast in ("live", "paused"):
        raise Problem("webinar.live", "End the webinar first; it is on the air.", status=409)
    if not off:
        await agreement.required(unit, account_id)
    room.row.publication = "cancelled" if off else "unlisted"
    broadcast.announce(room)


async def sessions(session: AsyncSession, webinar_id: str) -> list[Webinar]:
    """All sessions of the series a webinar is part of, in their order; empty for one that stands alone."""
    mine = select(SeriesPart.series_id).where(SeriesPart.webinar_id == webinar_id)
    query = select(Webinar).join(SeriesPart, SeriesPart.webinar_id == Webinar.id).where(SeriesPart.series_id.in_(mine))
    return list((await session.execute(query.order_by(Webinar.starts_at))).scalars())


def _later(starts_at: datetime, zone_name: str, days: int) -> datetime:
    """The same time by the clock, ``days`` later, also across a change to or from summer time."""
    local = starts_at.astimezone(zone(zone_name))
    day = date.fromordinal(local.date().toordinal() + days)
    return datetime.combine(day, local.timetz())


async def _one(unit: Unit, source: Webinar, title: str, starts_at: datetime) -> Webinar:
    kept = {column.name: getattr(source, column.name) for column in Webinar.__table__.columns if column.name not in FRESH}
    row = Webinar(
        **{name: _own_copy(value) for name, value in kept.items()},
        id=new_id(),
        slug=await webinars.free_slug(unit.session, title),
        title=title,
        starts_at=starts_at,
        ends_at=starts_at + (source.ends_at - source.starts_at),
        publication="draft",
        broadcast="idle",
        replay="none",
        data_state="collecting",
        state_pictures={},
        hls_token=new_secret(),
        crew_token=new_secret(),
        seq=0,
        entity_seq=0,
        epoch=new_id(),
        made_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    await _registration(unit, source, row)
    await _consent(unit, source, row)
    return row


async def _registration(unit: Unit, source: Webinar, row: Webinar) -> None:
    """Policy, questions and own words of mails; times move with the webinar."""
    shift = row.starts_at - source.starts_at
    policy = await unit.session.get(RegistrationPolicy, source.id)
    if policy is not None:
        values = _values(policy, "webinar_id")
        for name in ("opens_at", "closes_at"):
            values[name] = values[name] + shift if values[name] else None
        unit.session.add(RegistrationPolicy(webinar_id=row.id, **values))
    for field in await _of(unit.session, FormField, source.id):
        values = _values(field, "id", "webinar_id")
        values["need_after"] = values["need_after"] + shift if values["need_after"] else None
        unit.session.add(FormField(id=new_id(), webinar_id=row.id, **values))
    for text in await _of(unit.session, MailText, source.id):
        # Words written to some registrants once are about those.
        if text.lang:
            unit.session.add(MailText(webinar_id=row.id, **_values(text, "webinar_id")))


async def _consent(unit: Unit, source: Webinar, row: Webinar) -> None:
    """What is asked and the notice as a draft: the organiser reads it once more before it is in force."""
    await items.save_setup(unit, row.id, await items.setup(unit.session, source.id))
    for item in await items.of_webinar(unit.session, source.id):
        words = {lang: msgspec.convert(text, items.Words) for lang, text in item.texts.items()}
        await items.save(unit, row.id, items.ItemDetails(item.kind, item.purpose, item.required, words))
    query = select(NoticeVersion).where(NoticeVersion.webinar_id == source.id).order_by(NoticeVersion.n)
    slots = {version.lang: version.slots for version in (await unit.session.execute(query)).scalars()}
    slots |= {draft.lang: draft.slots for draft in await _of(unit.session, NoticeDraft, source.id)}
    for lang, values in slots.items():
        unit.session.add(NoticeDraft(id=new_id(), webinar_id=row.id, lang=lang, slots=dict(values), changed_at=unit.now))


async def _join(unit: Unit, source: Webinar, made: list[Webinar]) -> None:
    part = await unit.session.get(SeriesPart, source.id)
    if part is None:
        series = Series(id=new_id(), account_id=source.account_id, title=source.title)
        unit.session.add(series)
        await unit.session.flush()
        part = SeriesPart(webinar_id=source.id, series_id=series.id)
        unit.session.add(part)
    for row in made:
        unit.session.add(SeriesPart(webinar_id=row.id, series_id=part.series_id))
    await unit.session.flush()


async def _of(session: AsyncSession, table: Any, webinar_id: str) -> list[Any]:
    return list((await session.execute(select(table).where(table.webinar_id == webinar_id))).scalars())


def _values(row: Any, *without: str) -> dict[str, Any]:
    return {column.name: _own_copy(getattr(row, column.name)) for column in row.__table__.columns if column.name not in without}


def _own_copy(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value)) if isinstance(value, dict | list) else value
