"""The names people wrote with their messages."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.privacy.vault import SealBroken, Vault
from app.rooms.chat_view import open_message
from app.rooms.models import Message

AT_ONCE = 500


async def chat_names(session: AsyncSession, vault: Vault, webinar_id: str, persons: Sequence[str]) -> dict[str, str]:
    """The newest name of each of ``persons`` who wrote in the chat."""
    names: dict[str, str] = {}
    boxes = await vault.boxes_of(webinar_id, persons)
    for start in range(0, len(persons), AT_ONCE):
        theirs = (
            Message.webinar_id == webinar_id,
            Message.person.in_(persons[start : start + AT_ONCE]),
            Message.state != "removed",
        )
        newest = select(func.max(Message.seq)).where(*theirs).group_by(Message.person)
        for row in (await session.execute(select(Message).where(*theirs, Message.seq.in_(newest)))).scalars():
            box = boxes.get(row.person)
            try:
                names[row.person] = open_message(row, box)[0] if box else ""
            except SealBroken:
                continue
    return names
