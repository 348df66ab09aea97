"""The room as a copy: everything for a newcomer, or what changed since for somebody who comes back.

Both are the same query over the entities' sequence numbers. Somebody who was away long in a busy room gets a bounded snapshot
rather than a flood.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import not_found
from app.core.unit import Work
from app.live.change import Seen, State
from app.privacy.vault import Vault
from app.rooms.models import Message, Webinar
from app.rooms.view import message_bytes, webinar_bytes

RECENT = 200
"""Messages in a snapshot, and the most that is replayed to somebody coming back."""


class RoomState:
    """Answers the live layer's question: what does this lane lack?"""

    def __init__(self, work: Work, vault: Vault) -> None:
        self._work = work
        self._vault = vault

    async def state(self, webinar_id: str, lane: str, person: str | None, since: Seen | None) -> State:
        """Entities of ``lane`` changed after ``since``, or a snapshot."""
        async with self._work.read() as session:
            row = await session.get(Webinar, webinar_id)
            if row is None or row.data_state in ("purging", "purged"):
                raise not_found("webinar")
            crew = lane == "crew"
            fresh = since is None or since.epoch != row.epoch or since.seq > row.seq
            messages = (
                [] if since and since.seq == row.seq and not fresh else await _messages(session, row.id, crew, since, fresh)
            )
            if not fresh and len(messages) > RECENT:
                fresh, messages = True, await _messages(session, row.id, crew, None, True)
        box = await self._vault.box(webinar_id)
        entities: list[bytes] = []
        gone: list[str] = []
        if fresh or (since is not None and row.entity_seq > since.seq):
            entities.append(webinar_bytes(row, crew=crew))
        for message in sorted(messages, key=lambda m: m.at):
            if message.state == "hidden" and not crew:
                gone.append(f"message/{message.id}")
            else:
                entities.append(message_bytes(message, box))
        return State(epoch=row.epoch, seq=row.seq, set=entities, gone=[] if fresh else gone, full=fresh)

    async def seqs(self, webinar_ids: list[str]) -> dict[str, tuple[str, int]]:
        """Epoch and last number of rooms, so that a hub notices what it was not told."""
        query = select(Webinar.id, Webinar.epoch, Webinar.seq).where(Webinar.id.in_(webinar_ids))
        async with self._work.read() as session:
            return {row.id: (row.epoch, row.seq) for row in await session.execute(query)}


async def _messages(session: AsyncSession, webinar_id: str, crew: bool, since: Seen | None, fresh: bool) -> list[Message]:
    query = select(Message).where(Message.webinar_id == webinar_id)
    if not crew:
        query = query.where(Message.lane == "audience")
    if fresh or since is None:
        if not crew:
            query = query.where(Message.state == "visible")
        query = query.order_by(Message.at.desc()).limit(RECENT)
    else:
        query = query.where(Message.seq > since.seq).order_by(Message.seq).limit(RECENT + 1)
    return list((await session.execute(query)).scalars())
