"""What one did in a room and may do there, told to oneself alone: votes, reactions to messages, and whether one is muted."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import millis
from app.live.change import Own
from app.privacy.vault import Box, Vault
from app.protocol.entities import MineEntity, encode
from app.rooms.models_people import MessageReaction, Restriction
from app.rooms.models_questions import QuestionVote
from app.rooms.restrictions import muted
from app.rooms.room import Room

TABLES = (QuestionVote, MessageReaction, Restriction)


async def mine_bytes(room: Room, person: str) -> bytes:
    """As it is now, in this transaction."""
    return (await mine_of(room, [person]))[person]


async def mine_of(room: Room, persons: Collection[str]) -> dict[str, bytes]:
    """The same of several people."""
    await room.unit.session.flush()
    return await _mine(room.unit.session, room.row.id, persons, await room.readers_of(persons))


class MineSource:
    """Implements :class:`app.rooms.sources.OwnSource`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def owners(self, session: AsyncSession, webinar_id: str) -> Collection[str]:
        """Who voted, reacted or was restricted."""
        found: set[str] = set()
        for table in TABLES:
            found |= set((await session.execute(select(table.person).where(table.webinar_id == webinar_id).distinct())).scalars())
        return found

    async def own(self, session: AsyncSession, webinar_id: str, persons: Collection[str] | None, after: int) -> Mapping[str, Own]:
        """Theirs, whole, if anything in it changed."""
        moved: set[str] = set()
        for table in TABLES:
            query = select(table.person).where(table.webinar_id == webinar_id, table.seq > after)
            query = query if persons is None else query.where(table.person.in_(persons))
            moved |= set((await session.execute(query.distinct())).scalars())
        boxes = await self._vault.boxes_of(webinar_id, moved) if moved else {}
        return {person: Own([data], []) for person, data in (await _mine(session, webinar_id, moved, boxes)).items()}


async def _mine(session: AsyncSession, webinar_id: str, persons: Collection[str], boxes: Mapping[str, Box]) -> dict[str, bytes]:
    if not persons:
        return {}
    seqs = dict.fromkeys(persons, 0)
    votes: dict[str, list[str]] = {person: [] for person in persons}
    reactions: dict[str, dict[str, list[str]]] = {person: {} for person in persons}
    voted = select(QuestionVote).where(QuestionVote.webinar_id == webinar_id, QuestionVote.person.in_(persons))
    for vote in (await session.execute(voted.order_by(QuestionVote.seq))).scalars():
        seqs[vote.person] = max(seqs[vote.person], vote.seq)
        if vote.on:
            votes[vote.person].append(vote.question_id)
    reacted = select(MessageReaction).where(MessageReaction.webinar_id == webinar_id, MessageReaction.person.in_(persons))
    for mark in (await session.execute(reacted.order_by(MessageReaction.seq))).scalars():
        seqs[mark.person] = max(seqs[mark.person], mark.seq)
        if mark.on:
            reactions[mark.person].setdefault(mark.message_id, []).append(mark.emoji)
    held = await muted(session, webinar_id, persons)
    return {
        person: _entity(person, max(seqs[person], held[person].seq if person in held else 0), votes[person], reactions[person],
                        held.get(person), boxes.get(person))
        for person in persons
    }  # fmt: skip


def _entity(
    person: str,
    seq: int,
    votes: list[str],
    reactions: dict[str, list[str]],
    restriction: Restriction | None,
    box: Box | None,
) -> bytes:
    entity = MineEntity(id=person, seq=seq, votes=votes, reactions=reactions)
    if restriction is None or not restriction.muted:
        return encode(entity)
    reason = box.open_text(restriction.reason, f"restriction.reason|{restriction.id}") if restriction.reason and box else ""
    until = millis(restriction.muted_until) if restriction.muted_until else None
    return encode(MineEntity(id=person, seq=seq, votes=votes, reactions=reactions, muted=True, muted_until=until, reason=reason))
