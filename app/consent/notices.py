"""Notices: what participants are told (Art. 13 GDPR), per webinar and language, in versions that never change.

A notice is a set of slots. Starting words stand in all but those only the organiser knows; nothing is published while a slot that
is needed stands empty. A webinar that stores nothing needs only to say who is responsible.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import NoticeDraft, NoticeVersion
from app.core.errors import Problem, invalid
from app.core.ids import new_id
from app.core.unit import Unit

SLOTS = (
    "controller",
    "representative",
    "dpo",
    "purposes",
    "recipients",
    "transfers",
    "retention",
    "rights",
    "complaint",
    "provision",
    "automated",
)
OPTIONAL = frozenset({"representative"})
"""Only for organisers outside the European Union (Art. 27)."""
ALWAYS = frozenset({"controller"})
TEXT_MAX = 5000
STARTING = Path(__file__).with_name("starting")


class Wording(msgspec.Struct, frozen=True):
    """Headings and starting words in one language."""

    language: str
    headings: dict[str, str]
    start: dict[str, str]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A published notice: its parts for a page, its whole text and what proves it."""

    lang: str
    version: int
    text: str
    hash: str
    published_at: str
    parts: list[tuple[str, str]]
    controller: str


@lru_cache
def wordings() -> Mapping[str, Wording]:
    """Language → headings and starting words; English first."""
    paths = sorted(STARTING.glob("*.toml"), key=lambda path: (path.stem != "en", path.stem))
    return {path.stem: msgspec.convert(tomllib.loads(path.read_text()), Wording) for path in paths}


def starting(lang: str, days: int) -> dict[str, str]:
    """Starting words of every slot; empty where only the organiser knows."""
    start = wordings()[_known(lang)].start
    return {slot: start.get(slot, "").replace("{days}", str(days)) for slot in SLOTS}


def needed(stores: bool) -> frozenset[str]:
    """Slots that must be filled: all of Art. 13, or only who is responsible where nothing is stored."""
    return frozenset(SLOTS) - OPTIONAL if stores else ALWAYS


async def draft(session: AsyncSession, webinar_id: str, lang: str, days: int) -> dict[str, str]:
    """The words being written, or the starting words."""
    row = await _draft(session, webinar_id, lang)
    return {slot: row.slots.get(slot, "") for slot in SLOTS} if row else starting(lang, days)


async def save(unit: Unit, webinar_id: str, lang: str, slots: Mapping[str, str]) -> None:
    """Keep the words without publishing them."""
    lang = _known(lang)
    clean = _checked(slots)
    row = await _draft(unit.session, webinar_id, lang)
    if row is None:
        row = NoticeDraft(id=new_id(), webinar_id=webinar_id, lang=lang, slots=clean, changed_at=unit.now)
        unit.session.add(row)
    row.slots, row.changed_at = clean, unit.now


async def publish(unit: Unit, webinar_id: str, lang: str, slots: Mapping[str, str], *, stores: bool) -> NoticeVersion:
    """Publish; an empty slot that is needed is refused by its name. The same words again make no new version."""
    lang = _known(lang)
    await save(unit, webinar_id, lang, slots)
    clean = _checked(slots)
    if missing := {
        slot: "Fill this in. Without it nothing is published." for slot in SLOTS if slot in needed(stores) and not clean[slot]
    }:
        raise invalid(missing, "Nothing was published: the notice is not complete.")
    text = _whole(lang, clean)
    latest = await _latest(unit.session, webinar_id, lang)
    digest = hashed(text)
    if latest is not None and latest.hash == digest:
        return latest
    version = NoticeVersion(
        id=new_id(),
        webinar_id=webinar_id,
        lang=lang,
        n=latest.n + 1 if latest else 1,
        slots=clean,
        text=text,
        hash=digest,
        published_at=unit.now,
    )
    unit.session.add(version)
    await unit.session.flush()
    return version


async def published(session: AsyncSession, webinar_id: str, lang: str) -> Notice | None:
    """The notice in force in ``lang``, or in another language when there is none."""
    languages = await ready(session, webinar_id)
    if not languages:
        return None
    row = await _latest(session, webinar_id, lang if lang in languages else languages[0])
    return _notice(row) if row else None


async def ready(session: AsyncSession, webinar_id: str) -> list[str]:
    """Languages with a published notice, English first."""
    query = select(NoticeVersion.lang).where(NoticeVersion.webinar_id == webinar_id).distinct()
    return sorted((await session.execute(query)).scalars(), key=lambda lang: (lang != "en", lang))


async def versions(session: AsyncSession, webinar_id: str) -> list[NoticeVersion]:
    """All versions, newest first."""
    query = (
        select(NoticeVersion)
        .where(NoticeVersion.webinar_id == webinar_id)
        .order_by(NoticeVersion.published_at.desc(), NoticeVersion.n.desc())
    )
    return list((await session.execute(query)).scalars())


def hashed(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _known(lang: str) -> str:
    return lang if lang in wordings() else "en"


def _checked(slots: Mapping[str, str]) -> dict[str, str]:
    if unknown := set(slots) - set(SLOTS):
        raise Problem("notice.slot", "A notice has no part named {name}.", status=422, params={"name": min(unknown)})
    if long := {slot: "Use at most 5000 characters." for slot, text in slots.items() if len(text) > TEXT_MAX}:
        raise invalid(long)
    return {slot: slots.get(slot, "").strip() for slot in SLOTS}


def _whole(lang: str, slots: Mapping[str, str]) -> str:
    headings = wordings()[lang].headings
    return "\n\n".join(f"{headings[slot]}\n{slots[slot]}" for slot in SLOTS if slots[slot])


def _notice(row: NoticeVersion) -> Notice:
    headings = wordings()[_known(row.lang)].headings
    return Notice(
        lang=row.lang,
        version=row.n,
        text=row.text,
        hash=row.hash,
        published_at=row.published_at.isoformat(),
        parts=[(headings[slot], row.slots[slot]) for slot in SLOTS if row.slots.get(slot)],
        controller=row.slots.get("controller", ""),
    )


async def _draft(session: AsyncSession, webinar_id: str, lang: str) -> NoticeDraft | None:
    query = select(NoticeDraft).where(NoticeDraft.webinar_id == webinar_id, NoticeDraft.lang == lang)
    return (await session.execute(query)).scalar_one_or_none()


async def _latest(session: AsyncSession, webinar_id: str, lang: str) -> NoticeVersion | None:
    newest = (
        select(func.max(NoticeVersion.n))
        .where(NoticeVersion.webinar_id == webinar_id, NoticeVersion.lang == lang)
        .scalar_subquery()
    )
    query = select(NoticeVersion).where(
        NoticeVersion.webinar_id == webinar_id, NoticeVersion.lang == lang, NoticeVersion.n == newest
    )
    return (await session.execute(query)).scalar_one_or_none()
