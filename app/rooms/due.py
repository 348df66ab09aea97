"""What a room has to do at a certain second, kept in the commit of its cause and done by whichever process looks first."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete

from app.rooms.models_questions import RoomDue
from app.rooms.room import Room


async def at(room: Room, kind: str, thing: str, when: datetime, *, keep: bool = False) -> None:
    """Have ``kind`` done for ``thing`` at ``when``; again moves it, unless ``keep``: then the first time stands."""
    key = ("due", room.row.id, kind, thing)
    known = room.unit.memo.get(key)
    row = known if isinstance(known, RoomDue) else await room.unit.session.get(RoomDue, (room.row.id, kind, thing))
    if row is None:
        row = RoomDue(webinar_id=room.row.id, kind=kind, thing=thing, at=when)
        room.unit.session.add(row)
    elif not keep:
        row.at = when
    room.unit.memo[key] = row


async def never(room: Room, kind: str, thing: str) -> None:
    """It need not be done any more."""
    room.unit.memo.pop(("due", room.row.id, kind, thing), None)
    await room.unit.session.flush()
    mine = (RoomDue.webinar_id == room.row.id, RoomDue.kind == kind, RoomDue.thing == thing)
    await room.unit.session.execute(delete(RoomDue).where(*mine))
