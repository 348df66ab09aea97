"""Videos that play by the clock: whoever changes what that depends on has it looked at again."""

from __future__ import annotations

from app.rooms import due
from app.rooms.room import Room

LOOK = "plays.look"
"""What the pulse calls for a webinar that plays a video; done by :mod:`app.media.scheduled`, which knows how long videos are."""
CLIP = "stage.clip"
"""What it calls for a video on the stage; done by :mod:`app.media.clips`."""
SHOWING = ("preview", "live")
"""States in which a stage is seen, by the crew at least."""


async def look_again(room: Room) -> None:
    """Have it looked at by the next beat of the pulse."""
    if room.row.source != "live":
        await due.at(room, LOOK, room.row.id, room.unit.now)
    elif room.row.broadcast not in SHOWING:
        await due.at(room, CLIP, room.row.id, room.unit.now)
