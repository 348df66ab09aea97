"""A video shown to the audience between what the people on stage say: begun by the crew, over by itself.

Where it is follows from the clock, as with videos that play as if live. Open microphones are mixed with its sound, so somebody may
speak over it. Showing somebody, another layout, a pause and the end of the webinar end it.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem, not_found
from app.media import presenters, scheduled
from app.media.models import StageRow
from app.media.models_recordings import Recording
from app.rooms import due, schedule
from app.rooms.models import Webinar
from app.rooms.room import Room

LEAD = timedelta(seconds=1.5)
"""From the click to its first frame, for the media process to open it."""
TAIL = timedelta(seconds=1)
"""From its last frame until the crew sees that it is over: the picture has gone back to the stage by then."""


async def ready(session: AsyncSession, webinar_id: str) -> list[Recording]:
    """What can be played, the newest first."""
    query = select(Recording).where(Recording.webinar_id == webinar_id, Recording.ended_at.is_not(None))
    return list((await session.execute(query.order_by(Recording.made_at.desc()))).scalars())


async def play(room: Room, video: str | None) -> int:
    """Show a video from its beginning; None: what is on stage again, at once."""
    if video is None:
        return await presenters.end_clip(room)
    if room.row.source != "live" or room.row.broadcast not in schedule.SHOWING:
        raise Problem("clip.not_live", "Start the preview or go live before you play a video.", status=409)
    one = await room.unit.session.get(Recording, video)
    if one is None or one.webinar_id != room.row.id or one.ended_at is None:
        raise not_found("recording")
    stage = await presenters.stage_of(room)
    stage.clip, stage.clip_at = one.id, room.unit.now + LEAD
    stage.clip_until = stage.clip_at + timedelta(seconds=scheduled.length(one))
    presenters.tell_stage(room, stage)
    await due.at(room, schedule.CLIP, room.row.id, stage.clip_until + TAIL)
    return stage.seq


async def over(room: Room, _thing: str) -> None:
    """It has been shown to its end, unless another followed; or the webinar was paused or has ended. Done by the pulse."""
    stage = await room.unit.session.get(StageRow, room.row.id)
    if stage is None or stage.clip_until is None:
        return
    if stage.clip_until <= room.unit.now or room.row.broadcast not in schedule.SHOWING:
        await presenters.end_clip(room)


async def keep(session: AsyncSession, row: Webinar, one: Recording) -> None:
    """Raises 409 when it is wanted: chosen for the webinar to play, or shown on the stage now."""
    scheduled.keep(row, one)
    stage = await session.get(StageRow, row.id)
    if stage is not None and stage.clip == one.id:
        raise Problem("clip.playing", "This video is being played on the stage. Stop it first.", status=409)
