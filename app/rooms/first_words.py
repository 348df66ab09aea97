"""The keys of people who write for the first time, made together before anybody has the room.

A key is written to the key store's own file and waits for its disk. Inside the room's transaction a crowd that greets at once
would wait for that once for each of them; here it waits once for all. Nobody gets a key for what is not kept by their name: a
chat that is not stored, an anonymous poll, anything that is switched off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.unit import Work
from app.live.seat import Seat
from app.privacy.vault import KeyDestroyed, Vault
from app.protocol.commands.chat import ChatPrivate, ChatSay
from app.protocol.commands.extras import HandRaise
from app.protocol.commands.polls import PollVote
from app.protocol.commands.questions import QuestionAsk
from app.rooms.models import Webinar
from app.rooms.models_polls import Poll
from app.rooms.modes import modes_of

log = structlog.get_logger(__name__)

Order = ChatSay | ChatPrivate | QuestionAsk | HandRaise | PollVote
ORDERS = (ChatSay, ChatPrivate, QuestionAsk, HandRaise, PollVote)


class FirstWords:
    """Looks at what is about to be written."""

    def __init__(self, work: Work, vault: Vault) -> None:
        self._work = work
        self._vault = vault

    async def prepare(self, asked: Sequence[tuple[Seat, object]]) -> None:
        """Open the keys that these commands will seal with; those already open cost nothing."""
        rooms: defaultdict[str, list[tuple[str, Order]]] = defaultdict(list)
        for seat, command in asked:
            if isinstance(command, ORDERS):
                rooms[seat.webinar_id].append((seat.person, command))
        for webinar_id, orders in rooms.items():
            opened = self._vault.opened(webinar_id, {person for person, _ in orders})
            wanted = [order for order in orders if order[0] not in opened]
            if not wanted:
                continue
            async with self._work.read() as session:
                persons = await _writers(session, webinar_id, wanted)
            if persons:
                await self._take(webinar_id, persons)

    async def _take(self, webinar_id: str, persons: Sequence[str]) -> None:
        try:
            await self._vault.take(webinar_id, persons)
        except KeyDestroyed:
            # All of it was erased meanwhile: whoever opens the room says so.
            log.info("keys.gone", webinar=webinar_id)


async def _writers(session: AsyncSession, webinar_id: str, wanted: Sequence[tuple[str, Order]]) -> list[str]:
    """Whose words will be sealed by a key of their own, each once."""
    row = await session.get(Webinar, webinar_id)
    if row is None or row.data_state in ("purging", "purged"):
        return []
    modes = modes_of(row)
    votes = {command.poll for _, command in wanted if isinstance(command, PollVote)}
    named = await _named(session, webinar_id, votes) if votes else frozenset[str]()

    def sealed(command: Order) -> bool:
        match command:
            case PollVote():
                return command.poll in named
            case HandRaise():
                return modes.hands != "off"
            case QuestionAsk():
                return modes.questions != "off" and _says(command.text)
            case ChatSay():
                return (modes.chat == "stored" or command.crew) and _says(command.text)
            case ChatPrivate():
                return bool(modes.private) and _says(command.text)

    return list(dict.fromkeys(person for person, command in wanted if sealed(command)))


def _says(text: str) -> bool:
    """Nobody gets a key for a word that will be refused for being none."""
    return bool(text.strip())


async def _named(session: AsyncSession, webinar_id: str, polls: set[str]) -> frozenset[str]:
    query = select(Poll.id).where(Poll.webinar_id == webinar_id, Poll.id.in_(polls), Poll.anonymous.is_(False))
    return frozenset((await session.execute(query)).scalars())
