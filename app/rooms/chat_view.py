"""Chat messages as each lane may see them, told at once and read for copies of the room."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import millis
from app.live.change import Own
from app.privacy.vault import Box, Vault
from app.protocol.entities import Author, MessageEntity, MessageGone, encode
from app.rooms.models import Message
from app.rooms.room import Room
from app.rooms.sources import Look, Part, TooMuch
from app.rooms.texts import at_crew

RECENT = 200
"""Messages in a snapshot, and the most that is replayed to somebody coming back."""
UNSHOWN = ("held", "refused")


class NewMessage(msgspec.Struct):
    """A message that is being said: a row of :class:`Message` before it is one."""

    id: str
    webinar_id: str
    seq: int
    lane: str
    person: str
    role: str
    name: bytes
    text: bytes
    ref: str
    reply_to: str | None
    partner: str | None
    at: datetime
    state: str = "visible"
    shown: bool = False
    held: str = ""
    release_at: datetime | None = None
    reason: bytes = b""
    pinned: bool = False
    reactions: dict[str, int] = {}
    edited: bool = False
    question_id: str | None = None


Row = Message | NewMessage


class Opened(NamedTuple):
    """Name and text of a message, and the box they were opened with."""

    name: str
    text: str
    box: Box


async def told(room: Room, message: Row, opened: Opened | None = None) -> None:
    """Tell whom it concerns: the audience what is visible, the crew all, an author what of theirs waits, a partner their conversation.
    ``opened`` spares opening what was sealed a moment ago."""
    if opened is None:
        opened = None if message.state == "removed" else _opened(message, await room.reader_of(message.person))
    crew = (crew_bytes(message, opened),)
    if message.lane == "crew":
        room.tell(message.seq, crew=crew)
    elif message.lane == "private":
        partner = message.partner or "gone"
        room.tell(message.seq, crew=crew, persons={} if partner == "gone" else {partner: ((own_bytes(message, opened),), ())})
    elif message.state in ("visible", "removed"):
        shown = message.shown or message.state == "visible"
        message.shown = shown
        audience = (crew if _same(message, opened) else (audience_bytes(message, opened),)) if shown else ()
        # Its author has one that waited, and nobody knows any more who that was: so everybody is told that it went.
        gone = () if shown else (f"message/{message.id}",)
        room.tell(message.seq, audience=audience, gone_audience=gone, crew=crew, views=False)
    else:
        own = message.state in UNSHOWN and message.person != "gone"
        room.tell(
            message.seq,
            crew=crew,
            gone_audience=(f"message/{message.id}",) if message.shown else (),
            views=False,
            persons={message.person: ((own_bytes(message, opened),), ())} if own else {},
        )


def audience_bytes(row: Row, opened: Opened | None) -> bytes:
    """What everybody sees. When it is not ``opened``, who said it was erased: what stays is that there was one."""
    if row.state == "removed" or opened is None:
        return encode(MessageGone(id=row.id, seq=row.seq, removed=True))
    return encode(_entity(row, opened))


def crew_bytes(row: Row, opened: Opened | None) -> bytes:
    """What the crew sees: also why it waits, and until when."""
    if row.state in ("removed", "refused") or opened is None:
        return encode(MessageGone(id=row.id, seq=row.seq, removed=True))
    until = millis(row.release_at) if row.release_at and row.state == "held" else None
    held = row.held if row.state == "held" else ""
    return encode(_entity(row, opened, crew=True, held=held, until=until, at_crew=_calls(row, opened)))


def own_bytes(row: Row, opened: Opened | None) -> bytes:
    """What its author sees of it while nobody else does, and a partner of a conversation."""
    if row.state == "refused":
        reason = opened.box.open_text(row.reason, f"message.reason|{row.id}") if opened and row.reason else ""
        return encode(MessageGone(id=row.id, seq=row.seq, removed=True, refused=True, reason=reason))
    if row.state == "removed" or opened is None:
        return encode(MessageGone(id=row.id, seq=row.seq, removed=True))
    return encode(_entity(row, opened, pending=row.state == "held"))


def _calls(row: Row, opened: Opened) -> bool:
    return row.lane == "audience" and at_crew(opened.text)


def _same(row: Row, opened: Opened | None) -> bool:
    """Whether crew and audience see the same of a message that is shown."""
    return opened is None or row.state == "removed" or not _calls(row, opened)


def _opened(row: Row, box: Box | None) -> Opened | None:
    return Opened(*open_message(row, box), box) if box else None


def open_message(row: Row, box: Box) -> tuple[str, str]:
    """Name and text of a message."""
    return (
        box.open_text(row.name, f"message.name|{row.id}") if row.name else "",
        box.open_text(row.text, f"message.text|{row.id}") if row.text else "",
    )


def _entity(
    row: Row,
    opened: Opened,
    *,
    crew: bool = False,
    pending: bool = False,
    held: str = "",
    until: int | None = None,
    at_crew: bool = False,
) -> MessageEntity:
    return MessageEntity(
        id=row.id,
        seq=row.seq,
        author=Author(row.person, opened.name, row.role),
        text=opened.text,
        at=millis(row.at),
        ref=row.ref,
        reply_to=row.reply_to,
        edited=row.edited,
        hidden=crew and row.state == "hidden",
        crew=row.lane == "crew",
        question=row.question_id,
        pinned=row.pinned,
        reactions=row.reactions,
        private=row.partner if row.lane == "private" else None,
        pending=pending,
        at_crew=at_crew,
        held=held,
        until=until,
    )


class MessageSource:
    """The chat in copies of the room: implements the protocols of :mod:`app.rooms.sources`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def lane(self, look: Look, lane: str, after: int | None) -> Part:
        """The newest messages, or those that changed."""
        if lane == "view":
            return Part([], [])
        crew = lane == "crew"
        rows = sorted(await _messages(look.session, look.row.id, crew, after), key=lambda message: message.at)
        if after is not None and len(rows) > RECENT:
            raise TooMuch
        boxes = await self._boxes(look.row.id, rows)
        if crew:
            return Part([crew_bytes(row, _opened(row, boxes.get(row.person))) for row in rows], [])
        shown = [row for row in rows if row.state in ("visible", "removed") and row.shown]
        gone = [f"message/{row.id}" for row in rows if row not in shown]
        return Part([audience_bytes(row, _opened(row, boxes.get(row.person))) for row in shown], gone)

    async def owners(self, session: AsyncSession, webinar_id: str) -> Collection[str]:
        """Who talks with the crew, or has a message that waits or was refused."""
        partners = select(Message.partner).where(Message.webinar_id == webinar_id, Message.partner.is_not(None)).distinct()
        waiting = select(Message.person).where(Message.webinar_id == webinar_id, Message.state.in_(UNSHOWN)).distinct()
        found = [*(await session.execute(partners)).scalars(), *(await session.execute(waiting)).scalars()]
        return {person for person in found if person and person != "gone"}

    async def own(self, session: AsyncSession, webinar_id: str, persons: Collection[str] | None, after: int) -> Mapping[str, Own]:
        """Their conversations with the crew, and what of theirs nobody else sees."""
        private = (Message.lane == "private") & Message.partner.is_not(None)
        unshown = (Message.lane == "audience") & Message.state.in_(UNSHOWN)
        if persons is not None:
            private &= Message.partner.in_(persons)
            unshown &= Message.person.in_(persons)
        query = select(Message).where(Message.webinar_id == webinar_id, Message.seq > after, private | unshown)
        rows = (await session.execute(query.order_by(Message.at))).scalars().all()
        boxes = await self._boxes(webinar_id, rows)
        result: dict[str, Own] = {}
        for row in rows:
            owner = (row.partner or "gone") if row.lane == "private" else row.person
            if owner != "gone":
                result.setdefault(owner, Own([], [])).set.append(own_bytes(row, _opened(row, boxes.get(row.person))))
        return result

    async def _boxes(self, webinar_id: str, rows: Collection[Message]) -> dict[str, Box]:
        return await self._vault.boxes_of(webinar_id, {row.person for row in rows if row.state != "removed"})


async def _messages(session: AsyncSession, webinar_id: str, crew: bool, after: int | None) -> list[Message]:
    query = select(Message).where(Message.webinar_id == webinar_id)
    if not crew:
        query = query.where(Message.lane == "audience", Message.shown | (Message.state == "removed"))
    if after is not None:
        query = query.where(Message.seq > after).order_by(Message.seq).limit(RECENT + 1)
    else:
        if not crew:
            query = query.where(Message.state == "visible")
        query = query.order_by(Message.at.desc(), Message.seq.desc()).limit(RECENT)
    return list((await session.execute(query)).scalars())
