"""Webinars that play a video: at a set time as if it were live, or whenever people like within an open window.

Both go by the clock: they begin at their hour and end by themselves. *As if live*: everybody sees the same moment, and who comes
late comes in where it is. *On demand*: everybody begins where they like.
"""

from __future__ import annotations

import math
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem, invalid
from app.media.models_recordings import Recording
from app.rooms import broadcast, due, schedule, webinars
from app.rooms.models import Webinar
from app.rooms.room import Room

SOURCES = ("live", "simulive", "ondemand")
LEAD = 2.0
"""Seconds of the title before the video begins, for the media process to open it and players to come."""
TAIL = 6.0
"""Seconds after its last frame until the end, so that every player has shown it."""
MOST_DAYS = 365
SHORTEST = timedelta(minutes=webinars.SHORTEST)


async def choose(room: Room, source: str, video: str, days: str) -> None:
    """What people see: the stage, or a video (id of a recording); ``days`` it is open for on demand."""
    row = room.row
    if row.broadcast in ("live", "paused"):
        raise Problem("plays.live", "End the webinar before you choose what it plays.", status=409)
    if source not in SOURCES:
        raise invalid({"source": "Choose one of these."})
    if source != "live":
        chosen = await room.unit.session.get(Recording, video)
        if chosen is None or chosen.webinar_id != row.id or chosen.ended_at is None:
            raise invalid({"video": "Choose a video that is ready."})
        row.ends_at = row.starts_at + _open_for(source, chosen, days)
    row.source, row.video = source, video if source != "live" else None
    broadcast.announce(room)
    await schedule.look_again(room)


def _open_for(source: str, video: Recording, days: str) -> timedelta:
    if source == "simulive":
        return max(SHORTEST, timedelta(minutes=math.ceil((length(video) + LEAD + TAIL) / 60)))
    if not days.isascii() or not days.isdigit() or not 1 <= int(days) <= MOST_DAYS:
        raise invalid({"days": "Say for how many days it is open, from 1 to 365."})
    return timedelta(days=int(days))


def length(video: Recording) -> float:
    """Seconds between the two ends that were chosen."""
    return max(0.0, (video.end if video.end is not None else video.seconds) - video.start)


async def playing(session: AsyncSession, row: Webinar) -> Recording | None:
    """The video it plays, while it is live by a video."""
    if row.source == "live" or row.video is None:
        return None
    return await session.get(Recording, row.video)


async def look(room: Room, _thing: str) -> None:
    """Begin or end what is due, and say when to look again. Done by the pulse."""
    row, now = room.row, room.unit.now
    video = await playing(room.unit.session, row)
    if video is None:
        return
    if row.broadcast in ("idle", "preview"):
        if row.publication not in webinars.OPEN_TO_ALL or (row.source == "ondemand" and now >= row.ends_at):
            return
        if now < row.starts_at:
            await due.at(room, schedule.LOOK, row.id, row.starts_at)
            return
        broadcast.move(room, "live")
    if row.broadcast not in ("live", "paused") or row.live_since is None:
        return
    over = row.ends_at
    if row.source == "simulive":
        over = row.live_since + timedelta(seconds=LEAD + length(video) + TAIL)
    if now >= over:
        broadcast.move(room, "ended")
    else:
        await due.at(room, schedule.LOOK, row.id, over)


def keep(row: Webinar, one: Recording) -> None:
    """Raises 409 when the webinar plays this one: it cannot be deleted."""
    if row.source != "live" and row.video == one.id:
        raise Problem("plays.this", "This webinar plays this video. Choose another one first.", status=409)
