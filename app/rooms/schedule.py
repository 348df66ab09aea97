"""Webinars that go by the clock, because they play a video: whoever changes what that depends on has it looked at again."""

from __future__ import annotations

from app.rooms import due
from app.rooms.room import Room

LOOK = "plays.look"
"""What the pulse calls; done by :mod:`app.media.scheduled`, which knows how long videos are."""


async def look_again(room: Room) -> None:
    """Have it looked at by the next beat of the pulse. A webinar with people on its stage does not go by the clock."""
    if room.row.source != "live":
        await due.at(room, LOOK, room.row.id, room.unit.now)
