"""Chat: public, of the crew, and of one participant with the crew. Say, edit, remove, react.

Stored messages are sealed rows. In the mode *not stored* a message takes its number in the room's sequence like any other, so
the order is the same for everybody, but lives only in the memory of the web processes. A message may wait before the audience sees it:
for a delay, for approval, or because one of the organiser's words is in it; its author has it meanwhile, and only they.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import delete, func, select

from app.core.clock import millis
from app.core.errors import Problem, forbidden
from app.core.ids import new_id
from app.core.permissions import Permission
from app.live.seat import Seat
from app.protocol.entities import Author, MessageEntity, encode
from app.rooms import due, restrictions
from app.rooms.chat_view import NewMessage, Opened, told
from app.rooms.mine import mine_bytes
from app.rooms.models import Message
from app.rooms.models_people import MessageReaction
from app.rooms.modes import EMOJI, Modes
from app.rooms.room import Room
from app.rooms.slow import Slow
from app.rooms.texts import clean, held_by, one_line

TEXT_MAX = 1000
RELEASE, REACTIONS = "chat.release", "chat.reactions"
COUNT_EVERY = timedelta(seconds=1)


class Words(msgspec.Struct, frozen=True):
    """What somebody says, and how."""

    text: str
    name: str = ""
    ref: str = ""
    reply_to: str | None = None


async def say(room: Room, seat: Seat, said: Words, *, crew: bool = False, slow: Slow | None = None) -> int:
    """Say something; returns the room number of the message. The same ``ref`` again says nothing new."""
    said = _checked(said)
    modes = room.modes
    _check_open(room, seat, modes, crew)
    if not crew:
        await restrictions.check(room, seat)
    if not crew and _unstored(room, modes):
        return _say_unstored(room, seat, said, slow)
    known = await _by_ref(room, seat.person, said.ref)
    if known is not None:
        return known
    if not crew:
        await _check_pace(room, seat, modes.slow)
    message, opened = await _message(room, seat, said, "crew" if crew else "audience")
    if not crew:
        await _hold(room, seat, message, said)
    return await _add(room, message, opened)


async def say_private(room: Room, seat: Seat, said: Words, to: str | None) -> int:
    """A word between one participant and the crew."""
    said = _checked(said)
    if to is not None and Permission.CHAT_MODERATE not in seat.permissions:
        raise forbidden()
    if to is None and seat.lane == "crew":
        raise Problem("person.unknown", "Choose whom to write to.")
    if to is None:
        if not room.modes.private:
            raise Problem("chat.private_closed", "One cannot write to the crew now.", status=403)
        await restrictions.check(room, seat)
    known = await _by_ref(room, seat.person, said.ref)
    if known is not None:
        return known
    message, opened = await _message(room, seat, said, "private")
    message.partner = to or seat.person
    return await _add(room, message, opened)


async def edit(room: Room, seat: Seat, message_id: str, text: str) -> int:
    """Change the text of one's own message. Where messages wait before they are shown, so does a changed one."""
    message = await one(room, message_id)
    if message.person != seat.person or message.state in ("removed", "refused"):
        raise forbidden("You can change only your own messages.")
    text = clean(text)
    if not text or len(text) > TEXT_MAX:
        raise Problem("chat.too_long", "Use between 1 and {max} characters.", params={"max": TEXT_MAX})
    if message.lane != "crew":
        await restrictions.check(room, seat)
    box = await room.box_of(seat.person)
    message.text = box.seal(text, f"message.text|{message.id}")
    message.edited = True
    if message.lane == "audience" and message.state != "hidden":
        message.state = "visible"
        await _hold(room, seat, message, Words(text))
    return await changed(room, message)


async def remove(room: Room, message: Message) -> int:
    """Remove a message for good: text and author go, the place stays."""
    return await forget(room, message)


def remove_unstored(room: Room, message_id: str) -> int:
    """Take away what was said while the chat is not stored and lives in memory only."""
    seq = room.next_seq()
    gone = (f"message/{message_id}",)
    room.tell(seq, gone_audience=gone, gone_crew=gone, views=False, ephemeral=True)
    return seq


def unstored(room: Room) -> bool:
    """Whether messages are kept in memory only now."""
    return _unstored(room, room.modes)


async def forget(room: Room, message: Message) -> int:
    """Leave a tombstone: everybody's copy loses text and author, and what was said is never replayed."""
    message.state = "removed"
    message.text = message.name = message.reason = b""
    message.person = "gone"
    message.ref = message.id
    message.pinned, message.reactions, message.held, message.release_at = False, {}, "", None
    await due.never(room, RELEASE, message.id)
    return await changed(room, message)


async def react(room: Room, seat: Seat, message_id: str, emoji: str, on: bool) -> int:
    """React to a message, or take it back. The same again changes nothing."""
    message = await one(room, message_id)
    if room.modes.reactions == "off":
        raise Problem("reactions.closed", "Reactions are off for now.", status=403)
    if emoji not in EMOJI:
        raise Problem("chat.emoji", "Choose one of the reactions offered.")
    if message.lane != "audience" or message.state != "visible":
        raise unknown()
    known = await room.unit.session.get(MessageReaction, (message.id, seat.person, emoji))
    if known is None and on:
        known = MessageReaction(message_id=message.id, person=seat.person, emoji=emoji, webinar_id=room.row.id, on=True, seq=0)
        room.unit.session.add(known)
    elif known is None or known.on == on:
        return room.row.seq
    known.on, known.seq = on, room.next_seq()
    await due.at(room, REACTIONS, message.id, room.unit.now + COUNT_EVERY, keep=True)
    room.tell(known.seq, persons={seat.person: ((await mine_bytes(room, seat.person),), ())})
    return known.seq


async def count_reactions(room: Room, message_id: str) -> None:
    """Done by the pulse: tell how many reacted with what."""
    await room.unit.session.flush()
    message = await room.unit.session.get(Message, message_id)
    if message is None or message.webinar_id != room.row.id or message.state == "removed":
        return
    mark = MessageReaction
    query = select(mark.emoji, func.count()).where(mark.message_id == message_id, mark.on).group_by(mark.emoji)
    counts = {emoji: number for emoji, number in await room.unit.session.execute(query)}  # noqa: C416 - a result is no mapping
    message.reactions = {emoji: counts[emoji] for emoji in EMOJI if emoji in counts}
    await changed(room, message)


async def forget_reactions(room: Room, persons: Sequence[str]) -> None:
    """The part of an erasure: their reactions are not counted any more."""
    await room.unit.session.flush()
    mine = (MessageReaction.webinar_id == room.row.id, MessageReaction.person.in_(persons))
    gone = await room.unit.session.execute(delete(MessageReaction).where(*mine).returning(MessageReaction.message_id))
    for message_id in set(gone.scalars()):
        await count_reactions(room, message_id)


async def release(room: Room, message: Message) -> int:
    """Show a message that waits."""
    message.state, message.held, message.release_at = "visible", "", None
    await due.never(room, RELEASE, message.id)
    return await changed(room, message)


async def release_due(room: Room, message_id: str) -> None:
    """Done by the pulse when a message waited long enough."""
    message = await room.unit.session.get(Message, message_id)
    over = message is not None and message.release_at is not None and message.release_at <= room.unit.now
    if message is not None and over and message.state == "held" and message.held == "delay":
        await release(room, message)


async def changed(room: Room, message: Message) -> int:
    """Give the change a number and tell whom it concerns."""
    message.seq = room.next_seq()
    await told(room, message)
    return message.seq


async def one(room: Room, message_id: str) -> Message:
    """A stored message of this room."""
    message = await stored(room, message_id)
    if message is None:
        raise unknown()
    return message


async def stored(room: Room, message_id: str) -> Message | None:
    """The same, or None: what is not stored has no row."""
    await room.unit.session.flush()
    query = select(Message).where(Message.id == message_id, Message.webinar_id == room.row.id)
    return (await room.unit.session.execute(query)).scalar_one_or_none()


def unknown() -> Problem:
    """Nothing by this name."""
    return Problem("chat.unknown", "This message is not here any more.", status=404)


def _checked(said: Words) -> Words:
    text = clean(said.text)
    if not text:
        raise Problem("chat.empty", "Write something first.")
    if len(text) > TEXT_MAX:
        raise Problem("chat.too_long", "This is too long. Use at most {max} characters.", params={"max": TEXT_MAX})
    return msgspec.structs.replace(said, text=text, name=one_line(said.name))


def _unstored(room: Room, modes: Modes) -> bool:
    mode = modes.chat
    # After the end only the crew still writes, as it was before.
    return (room.row.chat_mode if mode == "off" else mode) == "unstored"


def _check_open(room: Room, seat: Seat, modes: Modes, crew: bool) -> None:
    if crew:
        if Permission.CREW_CHAT not in seat.permissions:
            raise forbidden()
        return
    if modes.chat != "off" or (room.row.broadcast == "ended" and seat.lane == "crew"):
        return
    if room.row.broadcast == "ended":
        raise Problem("chat.closed", "The webinar has ended, so the chat is closed.", status=403)
    raise Problem("chat.closed", "The chat is closed for now.", status=403)


async def _check_pace(room: Room, seat: Seat, seconds: int) -> None:
    """Slow mode: so many seconds between two messages of one participant."""
    if not seconds or seat.lane == "crew":
        return
    await room.unit.session.flush()
    mine = (Message.webinar_id == room.row.id, Message.person == seat.person, Message.lane == "audience")
    last = (await room.unit.session.execute(select(Message.at).where(*mine).order_by(Message.at.desc()).limit(1))).scalar()
    if last is not None:
        wait = seconds - (room.unit.now - last).total_seconds()
        if wait > 0:
            raise too_soon(wait)


def too_soon(wait: float) -> Problem:
    """Slow mode says wait."""
    return Problem("chat.slow", "One message at a time: this chat is in slow mode.", status=429, retry_after=round(wait, 1))


def _say_unstored(room: Room, seat: Seat, said: Words, slow: Slow | None) -> int:
    name = said.name or seat.name or ""
    if seat.lane != "crew":
        if held_by(room.row.words, said.text, name):
            raise Problem(
                "chat.words", "A word in this message is held here, and this chat keeps nothing. Please say it differently."
            )
        if slow is not None and (wait := slow.wait(room.row.id, seat.person, room.modes.slow)) > 0:
            raise too_soon(wait)
    seq = room.next_seq()
    author = Author(seat.person, name, seat.role)
    at = millis(room.unit.now)
    entity = MessageEntity(id=new_id(), seq=seq, author=author, text=said.text, at=at, ref=said.ref, reply_to=said.reply_to)
    data = (encode(entity),)
    room.tell(seq, audience=data, crew=data, views=False, ephemeral=True)
    return seq


async def _message(room: Room, seat: Seat, said: Words, lane: str) -> tuple[NewMessage, Opened]:
    message_id = new_id()
    box = await room.box_of(seat.person)
    name = seat.name or said.name
    message = NewMessage(
        id=message_id,
        webinar_id=room.id,
        seq=0,
        lane=lane,
        person=seat.person,
        role=seat.role,
        name=box.seal(name, f"message.name|{message_id}"),
        text=box.seal(said.text, f"message.text|{message_id}"),
        ref=said.ref or message_id,
        reply_to=said.reply_to,
        partner=None,
        at=room.unit.now,
    )
    return message, Opened(name, said.text, box)


async def _hold(room: Room, seat: Seat, message: Message | NewMessage, said: Words) -> None:
    """Let it wait, if it has to."""
    if seat.lane == "crew":
        return
    modes = room.modes
    if held_by(room.row.words, said.text, seat.name or said.name):
        message.held = "words"
    elif modes.pace == "approved":
        message.held = "approval"
    elif modes.pace == "delayed":
        message.held, message.release_at = "delay", room.unit.now + timedelta(seconds=modes.delay)
        await due.at(room, RELEASE, message.id, message.release_at)
    else:
        return
    message.state = "held"


async def _add(room: Room, message: NewMessage, opened: Opened) -> int:
    message.seq = room.next_seq()
    await told(room, message, opened)
    room.unit.put(Message, msgspec.structs.asdict(message))
    # The next command of the same transaction must see it.
    room.unit.memo["said", room.id, message.person, message.ref] = message.seq
    return message.seq


async def _by_ref(room: Room, person: str, ref: str) -> int | None:
    """The number of what was said with this mark."""
    known = room.unit.memo.get(("said", room.id, person, ref))
    if isinstance(known, int):
        return known
    if not room.unit.careful:
        return None
    await room.unit.session.flush()
    query = select(Message.seq).where(Message.webinar_id == room.row.id, Message.person == person, Message.ref == ref)
    return (await room.unit.session.execute(query)).scalar_one_or_none()
