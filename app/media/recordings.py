"""Recordings: begun and ended by the media process, trimmed, published, withdrawn and deleted by the crew."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import invalid, not_found
from app.core.ids import new_id, new_secret
from app.core.outbox import happened
from app.core.unit import Unit
from app.media.models_recordings import Recording
from app.media.tape import TapeWriter
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.rooms.models import Webinar
from app.rooms.room import Room

MOST_CHAPTERS = 100
_CHAPTER = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{2})\s+(\S.*)")


async def begin(unit: Unit, vault: Vault, shelf: Shelf, webinar_id: str) -> TapeWriter:
    """A recording that begins now."""
    row = Recording(
        id=new_id(),
        webinar_id=webinar_id,
        token=new_secret(),
        title="",
        made_at=unit.now,
        seconds=0.0,
        size=0,
        start=0.0,
        chapters=[],
    )
    unit.session.add(row)
    return TapeWriter(shelf.things(webinar_id), await vault.things_box(webinar_id), row.id)


async def end(unit: Unit, recording_id: str, seconds: float, size: int) -> None:
    """It has ended; one that holds nothing is forgotten."""
    row = await unit.session.get(Recording, recording_id)
    if row is None:
        return
    row.ended_at, row.seconds, row.size = unit.now, seconds, size


async def of_webinar(session: AsyncSession, webinar_id: str) -> list[Recording]:
    """All of a webinar, the newest first."""
    query = select(Recording).where(Recording.webinar_id == webinar_id).order_by(Recording.made_at.desc())
    return list((await session.execute(query)).scalars())


async def one(session: AsyncSession, webinar_id: str, recording_id: str) -> Recording:
    """One of a webinar. Raises 404."""
    row = await session.get(Recording, recording_id)
    if row is None or row.webinar_id != webinar_id:
        raise not_found("recording")
    return row


async def by_token(session: AsyncSession, token: str) -> Recording:
    """The one a replay's path opens. Raises 404."""
    row = (await session.execute(select(Recording).where(Recording.token == token))).scalar_one_or_none()
    if row is None:
        raise not_found("recording")
    return row


async def published(session: AsyncSession, webinar_id: str) -> list[Recording]:
    """What people may watch, in the order it happened."""
    query = select(Recording).where(Recording.webinar_id == webinar_id, Recording.published.is_(True))
    return list((await session.execute(query.order_by(Recording.made_at))).scalars())


def change(row: Recording, *, start: str, end_at: str, chapters: str) -> None:
    """Where it begins and ends (``1:02:03``, empty for all of it), and its chapters, one a line."""
    wrong: dict[str, str] = {}
    begins, ends = _clock(start), _clock(end_at)
    if start.strip() and begins is None:
        wrong["start"] = "Write a time such as 0:45 or 1:02:03."
    if end_at.strip() and (ends is None or ends <= (begins or 0)):
        wrong["end"] = "Write a time after the beginning, such as 58:30."
    found, line = _chapters(chapters)
    if line:
        wrong["chapters"] = "Write each chapter on a line of its own, with its time first: 3:20 Questions."
    if wrong:
        raise invalid(wrong)
    trim(row, begins or 0.0, ends, found)


def trim(row: Recording, start: float, end_at: float | None, chapters: list[dict[str, object]]) -> None:
    """The same in seconds; ``end_at`` None: to its end."""
    if end_at is not None and end_at <= start:
        raise invalid({"end": "Write a time after the beginning, such as 58:30."})
    row.start, row.end, row.chapters = start, end_at, sorted(chapters, key=lambda one: float(str(one["at"])))


def publish(unit: Unit, webinar: Webinar, row: Recording, *, on: bool) -> None:
    """Let people watch it, or not any more: its path changes, so no old address works."""
    if on and not row.published:
        happened(unit, "recording.available", account_id=webinar.account_id, webinar_id=webinar.id, recording=row.id)
    if not on:
        row.token = new_secret()
    row.published = on


async def delete(unit: Unit, shelf: Shelf, row: Recording) -> None:
    """Remove it for good, file and row."""
    await unit.session.delete(row)
    for path in files_of(shelf, row):
        path.unlink(missing_ok=True)


def files_of(shelf: Shelf, row: Recording) -> tuple[Path, Path]:
    """Its files."""
    folder = shelf.things(row.webinar_id)
    return folder / row.id, folder / f"{row.id}-list"


def switch(room: Room, *, on: bool) -> None:
    """Recording on or off; everybody sees it."""
    room.row.recording = on


def clock(seconds: float) -> str:
    """``1:02:03``."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"


def chapters_text(row: Recording) -> str:
    """Chapters as they are typed."""
    return "\n".join(f"{clock(float(str(one['at'])))} {one['title']}" for one in row.chapters)


def _clock(text: str) -> float | None:
    match = re.fullmatch(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})", text.strip())
    return int(match[1] or 0) * 3600.0 + int(match[2]) * 60 + int(match[3]) if match else None


def _chapters(text: str) -> tuple[list[dict[str, object]], str]:
    found: list[dict[str, object]] = []
    for line in [line.strip() for line in text.splitlines() if line.strip()][:MOST_CHAPTERS]:
        match = _CHAPTER.fullmatch(line)
        if match is None:
            return [], line
        at = int(match[1] or 0) * 3600 + int(match[2]) * 60 + int(match[3])
        found.append({"at": at, "title": match[4][:120]})
    return sorted(found, key=lambda one: int(str(one["at"]))), ""
