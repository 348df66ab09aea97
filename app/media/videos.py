"""Videos the crew uploads for a webinar: begun, sent in parts, made ready by a job, given up."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem, not_found
from app.core.i18n import words
from app.core.ids import new_id
from app.core.unit import Unit
from app.media.models_recordings import Recording
from app.media.models_videos import Video
from app.media.video_parts import VideoParts, remove
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.rooms.models import Webinar
from app.rooms.texts import one_line
from app.settings import Settings

CONVERT, SWEEP = "video.convert", "video.sweep"
EVERY = {SWEEP: timedelta(hours=1)}
KEPT = timedelta(hours=24)
"""How long an upload that nobody goes on with is kept."""
LONG_AGO = timedelta(days=1)
MOST_AT_ONCE = 5
PROBLEMS = {
    "video.none": words("This file holds no picture."),
    "video.unreadable": words("This is not a video that can be read here. Export it as MP4 (H.264 and AAC) and try again."),
    "video.short": words("This video is shorter than half a second."),
    "video.long": words("This video is longer than six hours. Cut it into parts."),
    "video.size": words("The picture of this video is too large. Use one of at most 4096×2304."),
    "video.heavy": words("This video needs too much memory or time. Export it as MP4 (H.264 and AAC) and try again."),
    "video.stopped": words("Making it ready broke off. Upload the file again."),
}


class ConvertJob(msgspec.Struct, frozen=True):
    """Payload of the job."""

    video: str


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody is about to send."""

    size: int
    mark: str
    """Size and date of the file: one that broke off goes on when the same is chosen again."""
    title: str = ""


async def begin(unit: Unit, settings: Settings, webinar: Webinar, wanted: Wanted) -> Video:
    """A new upload, or the one of the same file that broke off."""
    if wanted.size < 1 or wanted.size > settings.upload_limit:
        limit = max(1, settings.upload_limit // 1_000_000)
        raise Problem(
            "video.limit", "This file is too large or empty. Use one of at most {max} MB.", status=413, params={"max": limit}
        )
    mark = one_line(wanted.mark, 60)
    under_way = list((await unit.session.execute(select(Video).where(Video.webinar_id == webinar.id))).scalars())
    known = next((one for one in under_way if (one.state, one.size, one.mark) == ("receiving", wanted.size, mark)), None)
    if known is not None:
        known.beat_at = unit.now
        return known
    if len(under_way) >= MOST_AT_ONCE:
        raise Problem("video.many", "Wait until the videos before this one are ready, or give one up.", status=409)
    if settings.upload_quota and await used(unit.session, webinar.account_id) + wanted.size > settings.upload_quota:
        raise Problem(
            "video.quota",
            "There is no room for this video: recordings and videos of your organisation may take {max} MB. Delete some first.",
            status=409,
            params={"max": settings.upload_quota // 1_000_000},
        )
    row = Video(
        id=new_id(),
        webinar_id=webinar.id,
        title=one_line(wanted.title, 120),
        size=wanted.size,
        mark=mark,
        state="receiving",
        percent=0,
        problem="",
        beat_at=unit.now,
        made_at=unit.now,
    )
    unit.session.add(row)
    return row


async def used(session: AsyncSession, account_id: str) -> int:
    """Bytes that recordings and uploads of an account take."""
    total = 0
    for table in (Recording, Video):
        query = select(func.coalesce(func.sum(table.size), 0)).join(Webinar, Webinar.id == table.webinar_id)
        total += (await session.execute(query.where(Webinar.account_id == account_id))).scalar_one()
    return total


async def of_webinar(session: AsyncSession, webinar_id: str) -> list[Video]:
    """All of a webinar that are not ready, the newest first."""
    query = select(Video).where(Video.webinar_id == webinar_id).order_by(Video.made_at.desc())
    return list((await session.execute(query)).scalars())


async def one(session: AsyncSession, webinar_id: str, video_id: str) -> Video:
    """One of a webinar. Raises 404."""
    row = await session.get(Video, video_id)
    if row is None or row.webinar_id != webinar_id:
        raise not_found("video")
    return row


async def parts_of(vault: Vault, shelf: Shelf, row: Video) -> VideoParts:
    """Where its bytes lie."""
    return VideoParts(shelf.things(row.webinar_id), await vault.things_box(row.webinar_id), row.id, row.size)


async def whole(unit: Unit, row: Video, parts: VideoParts) -> None:
    """All parts have come: make it ready. Raises 409 while one is missing."""
    if row.state != "receiving":
        return
    if await asyncio.to_thread(parts.have) < parts.count:
        raise Problem("video.incomplete", "Not all of this file has come yet.", status=409)
    row.state, row.beat_at = "waiting", unit.now - LONG_AGO
    unit.enqueue(CONVERT, ConvertJob(row.id), about=row.webinar_id, key=f"{CONVERT}:{row.id}")


async def drop(unit: Unit, shelf: Shelf, row: Video) -> None:
    """Give it up: parts, and what was made of it so far, are removed."""
    await unit.session.delete(row)
    await asyncio.to_thread(forget_files, shelf, row)


def forget_files(shelf: Shelf, row: Video) -> None:
    """Its files. Blocks."""
    folder = shelf.things(row.webinar_id)
    remove(folder, row.id)
    if row.recording_id:
        for name in (row.recording_id, f"{row.recording_id}-list"):
            (folder / name).unlink(missing_ok=True)
