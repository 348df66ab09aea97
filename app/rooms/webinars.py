"""Webinars as the organiser sees them: make, change, publish, list, delete an unused draft."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import agreement
from app.core.errors import Problem, invalid, not_found
from app.core.i18n import words, zone
from app.core.ids import new_id, new_secret
from app.core.outbox import happened
from app.core.unit import Unit
from app.privacy.retention import DAYS, read_days
from app.privacy.vault import Vault
from app.rooms import broadcast, modes, schedule
from app.rooms.models import Webinar
from app.rooms.room import open_room

PUBLICATIONS = ("draft", "unlisted", "public", "cancelled")
OPEN_TO_ALL = ("unlisted", "public")
SHORTEST, LONGEST = 5, 24 * 60
REWINDS = ("0", "5", "15", "30", "60", str(LONGEST))
"""Minutes that late joiners may go back; the last is the whole webinar."""
LONGEST_OPEN = 366 * 24 * 60
"""Minutes that a video on demand can be open."""
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,58}[a-z0-9])")


class Details(msgspec.Struct, frozen=True):
    """What an organiser may set."""

    title: str
    summary: str
    starts_at: datetime
    minutes: int
    zone: str
    publication: str
    chat_mode: str
    slug: str = ""
    retention_days: int = DAYS
    questions: str = "moderated"
    rewind: int = 0
    ladder: bool = False


def longest(source: str) -> int:
    """Minutes that a webinar with this source of its picture may take."""
    return LONGEST_OPEN if source == "ondemand" else LONGEST


def read_details(values: dict[str, str], most: int = LONGEST) -> Details:
    """Details from a form; ``most`` minutes. Raises with a message for each field that does not fit."""
    wrong: dict[str, str] = {}
    title = " ".join(values.get("title", "").split())
    if not 3 <= len(title) <= 160:
        wrong["title"] = "Give the webinar a title of 3 to 160 characters."
    if len(summary := values.get("summary", "")) > 5000:
        wrong["summary"] = "Use at most 5000 characters."
    starts_at = _start(values, wrong)
    minutes = values.get("minutes", "60")
    if not minutes.isascii() or not minutes.isdigit() or not SHORTEST <= int(minutes) <= most:
        wrong["minutes"] = "Say how many minutes it takes, from 5 to 1440."
    publication = _choice(values, wrong, "publication", PUBLICATIONS, "unlisted", words("Choose who can find it."))
    mode = _choice(values, wrong, "chat_mode", modes.CHOICES["chat"], "stored", words("Choose how the chat works."))
    questions = _choice(values, wrong, "questions", modes.CHOICES["questions"], "moderated", words("Choose how questions work."))
    rewind = _choice(values, wrong, "rewind", REWINDS, "0", words("Choose how far late joiners may go back."))
    ladder = _choice(values, wrong, "ladder", ("off", "on"), "off", words("Choose whether a smaller picture is offered too."))
    slug = values.get("slug", "").lower()
    if slug and not _SLUG.fullmatch(slug):
        wrong["slug"] = "Use 3 to 60 letters a to z, digits and hyphens."
    days = DAYS
    try:
        days = read_days(values.get("retention_days", str(DAYS)))
    except Problem as problem:
        wrong |= problem.fields
    if wrong or starts_at is None:
        raise invalid(wrong)
    zone_name = values.get("starts_zone", "UTC")
    return Details(
        title, summary, starts_at, int(minutes), zone_name, publication, mode, slug, days, questions, int(rewind), ladder == "on"
    )


async def make(unit: Unit, account_id: str, details: Details, lang: str) -> Webinar:
    """A new webinar."""
    row = Webinar(
        id=new_id(),
        account_id=account_id,
        slug=await _free_slug(unit.session, details),
        title=details.title,
        summary=details.summary,
        lang=lang,
        zone=details.zone,
        starts_at=details.starts_at,
        ends_at=details.starts_at + timedelta(minutes=details.minutes),
        publication=details.publication,
        broadcast="idle",
        replay="none",
        data_state="collecting",
        recording=False,
        rewind=details.rewind,
        ladder=details.ladder,
        retention_days=details.retention_days,
        chat_mode=details.chat_mode,
        modes={"before": {"questions": details.questions}, "live": {"questions": details.questions}},
        words=[],
        in_step=False,
        state_texts={},
        state_pictures={},
        hls_token=new_secret(),
        crew_token=new_secret(),
        seq=0,
        entity_seq=0,
        epoch=new_id(),
        made_at=unit.now,
    )
    unit.session.add(row)
    if row.publication in OPEN_TO_ALL:
        await agreement.required(unit, account_id)
        happened(unit, "webinar.scheduled", account_id=account_id, webinar_id=row.id)
    return row


async def change(unit: Unit, vault: Vault, account_id: str, webinar_id: str, details: Details) -> Webinar:
    """Change a webinar; everybody in its room sees it at once."""
    room = await open_room(unit, vault, webinar_id)
    row = room.row
    if row.account_id != account_id:
        raise not_found("webinar")
    if details.slug and details.slug != row.slug:
        row.slug = await _free_slug(unit.session, details)
    before = (row.publication in OPEN_TO_ALL, row.starts_at, row.ends_at)
    if details.publication in OPEN_TO_ALL and not before[0]:
        await agreement.required(unit, account_id)
    row.title, row.summary, row.zone = details.title, details.summary, details.zone
    row.starts_at, row.ends_at = details.starts_at, details.starts_at + timedelta(minutes=details.minutes)
    row.publication, row.retention_days = details.publication, details.retention_days
    row.rewind, row.ladder = details.rewind, details.ladder
    if row.publication in OPEN_TO_ALL and before != (True, row.starts_at, row.ends_at):
        happened(unit, "webinar.scheduled", account_id=account_id, webinar_id=row.id)
    modes.set_chat(row, details.chat_mode)
    for phase in ("before", "live"):
        modes.change(row, phase, {"questions": details.questions})
    broadcast.announce(room)
    await schedule.look_again(room)
    return row


async def of_account(session: AsyncSession, account_id: str) -> list[Webinar]:
    """All webinars of an account, soonest first."""
    query = select(Webinar).where(Webinar.account_id == account_id).order_by(Webinar.starts_at)
    return list((await session.execute(query)).scalars())


async def one_of(session: AsyncSession, account_id: str, webinar_id: str) -> Webinar:
    """One webinar of an account. Raises 404 for another account's too."""
    row = await session.get(Webinar, webinar_id)
    if row is None or row.account_id != account_id:
        raise not_found("webinar")
    return row


async def upcoming(session: AsyncSession, now: datetime) -> list[Webinar]:
    """Public webinars of this server that are live or still to come."""
    query = (
        select(Webinar)
        .where(Webinar.publication == "public", Webinar.broadcast != "ended", Webinar.ends_at > now - timedelta(hours=6))
        .order_by(Webinar.starts_at)
        .limit(50)
    )
    return list((await session.execute(query)).scalars())


def _choice(values: dict[str, str], wrong: dict[str, str], name: str, choices: Collection[str], usual: str, text: str) -> str:
    value = values.get(name, usual)
    if value not in choices:
        wrong[name] = text
    return value


def _start(values: dict[str, str], wrong: dict[str, str]) -> datetime | None:
    name = values.get("starts_zone", "UTC")
    local_zone = zone(name)
    if str(local_zone) != name:
        wrong["starts"] = "Choose a time zone from the list."
    try:
        local = datetime.fromisoformat(f"{values.get('starts_date', '')}T{values.get('starts_time', '')}")
    except ValueError:
        wrong["starts"] = "Say date and time, such as 2027-01-15 at 14:00."
        return None
    return local.replace(tzinfo=local_zone)


async def _free_slug(session: AsyncSession, details: Details) -> str:
    if details.slug:
        if await _taken(session, details.slug):
            raise invalid({"slug": "Another webinar has this address."})
        return details.slug
    return await free_slug(session, details.title)


async def free_slug(session: AsyncSession, title: str) -> str:
    """An address made from a title, with a random end."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48] or "webinar"
    for _ in range(20):
        # Random, because the number of webinars here is nobody's business.
        slug = f"{stem}-{new_id()[:5].lower().strip('-_').replace('_', '-') or 'x'}"
        if _SLUG.fullmatch(slug) and not await _taken(session, slug):
            return slug
    raise Problem("slug.taken", "No free address was found. Choose one yourself.", status=409)


async def _taken(session: AsyncSession, slug: str) -> bool:
    return (await session.execute(select(Webinar.id).where(Webinar.slug == slug))).first() is not None
