"""Public chat and crew chat: say, edit, remove, hide.

Stored messages are sealed rows. In the mode *not stored* a message takes its number in the room's sequence like any other, so
the order is the same for everybody, but lives only in the memory of the web processes.
"""

from __future__ import annotations

from sqlalchemy import select

from app.core.clock import millis
from app.core.errors import Problem, forbidden
from app.core.ids import new_id
from app.core.permissions import Permission
from app.live.seat import Seat
from app.rooms.entities import Author, MessageEntity, encode
from app.rooms.models import Message
from app.rooms.room import Room
from app.rooms.view import message_bytes

MODES = ("off", "unstored", "stored")
TEXT_MAX = 1000
NAME_MAX = 60


async def say(room: Room, seat: Seat, *, text: str, name: str, ref: str, reply_to: str | None, crew: bool) -> int:
    """Say ``text``; returns the room number of the message. The same ``ref`` again says nothing new."""
    text, name = _clean(text), _one_line(name)
    if not text:
        raise Problem("chat.empty", "Write something first.")
    if len(text) > TEXT_MAX:
        raise Problem("chat.too_long", "This is too long. Use at most {max} characters.", params={"max": TEXT_MAX})
    _check_open(room, seat, crew)
    if room.row.chat_mode == "unstored" and not crew:
        return _say_unstored(room, seat, text, name, ref, reply_to)
    known = await _by_ref(room, seat.person, ref)
    if known is not None:
        return known.seq
    message = _message(room, seat, text, name, ref, reply_to, "crew" if crew else "audience")
    room.unit.session.add(message)
    # The next command of the same transaction must see it.
    room.unit.memo["said", room.row.id, seat.person, ref] = message
    _tell(room, message)
    return message.seq


async def edit(room: Room, seat: Seat, message_id: str, text: str) -> int:
    """Change the text of one's own message."""
    message = await _message_of(room, message_id)
    if message.person != seat.person or message.state == "removed":
        raise forbidden("You can change only your own messages.")
    text = _clean(text)
    if not text or len(text) > TEXT_MAX:
        raise Problem("chat.too_long", "Use between 1 and {max} characters.", params={"max": TEXT_MAX})
    message.text = room.box.seal(text, f"message.text|{message.id}")
    message.edited = True
    return _changed(room, message)


async def remove(room: Room, seat: Seat, message_id: str) -> int:
    """Remove a message for good: text and author go, the place stays. For its author and for moderators."""
    message = await _stored(room, message_id)
    if message is None and room.row.chat_mode == "unstored" and Permission.CHAT_MODERATE in seat.permissions:
        # Nothing stored by this name: it was said while the chat is not stored, and lives in memory only.
        seq = room.next_seq()
        gone = (f"message/{message_id}",)
        room.tell(seq, gone_audience=gone, gone_crew=gone, ephemeral=True)
        return seq
    if message is None:
        raise _unknown()
    if message.person != seat.person and Permission.CHAT_MODERATE not in seat.permissions:
        raise forbidden("You can remove only your own messages.")
    return forget(room, message)


def forget(room: Room, message: Message) -> int:
    """Leave a tombstone: everybody's copy loses text and author, and what was said is never replayed."""
    message.state = "removed"
    message.text = message.name = b""
    message.person = "gone"
    message.ref = message.id
    return _changed(room, message)


async def hide(room: Room, message_id: str, hidden: bool) -> int:
    """Take a message out of the audience's sight, or bring it back."""
    message = await _message_of(room, message_id)
    if message.state == "removed":
        raise Problem("chat.removed", "This message was removed for good.", status=409)
    message.state = "hidden" if hidden else "visible"
    return _changed(room, message)


def set_mode(room: Room, mode: str) -> None:
    """Open, close or un-store the chat; takes effect at once."""
    if mode not in MODES:
        raise Problem("chat.mode", "Choose off, not stored or stored.")
    room.row.chat_mode = mode


def _check_open(room: Room, seat: Seat, crew: bool) -> None:
    if crew:
        if Permission.CREW_CHAT not in seat.permissions:
            raise forbidden()
        return
    if room.row.chat_mode == "off":
        raise Problem("chat.closed", "The chat is closed for now.", status=403)
    if room.row.broadcast == "ended" and seat.lane != "crew":
        raise Problem("chat.closed", "The webinar has ended, so the chat is closed.", status=403)


def _say_unstored(room: Room, seat: Seat, text: str, name: str, ref: str, reply_to: str | None) -> int:
    seq = room.next_seq()
    author = Author(seat.person, name or seat.name or "", seat.role)
    at = millis(room.unit.now)
    entity = MessageEntity(id=new_id(), seq=seq, author=author, text=text, at=at, ref=ref, reply_to=reply_to)
    data = (encode(entity),)
    room.tell(seq, audience=data, crew=data, ephemeral=True)
    return seq


def _message(room: Room, seat: Seat, text: str, name: str, ref: str, reply_to: str | None, lane: str) -> Message:
    message_id = new_id()
    return Message(
        id=message_id,
        webinar_id=room.row.id,
        seq=room.next_seq(),
        lane=lane,
        person=seat.person,
        role=seat.role,
        name=room.box.seal(seat.name or name, f"message.name|{message_id}"),
        text=room.box.seal(text, f"message.text|{message_id}"),
        ref=ref,
        reply_to=reply_to,
        state="visible",
        edited=False,
        at=room.unit.now,
    )


def _changed(room: Room, message: Message) -> int:
    message.seq = room.next_seq()
    _tell(room, message)
    return message.seq


def _tell(room: Room, message: Message) -> None:
    data = (message_bytes(message, room.box),)
    if message.lane == "crew":
        room.tell(message.seq, crew=data)
    elif message.state == "hidden":
        room.tell(message.seq, crew=data, gone_audience=(f"message/{message.id}",))
    else:
        room.tell(message.seq, audience=data, crew=data)


async def _by_ref(room: Room, person: str, ref: str) -> Message | None:
    known = room.unit.memo.get(("said", room.row.id, person, ref))
    if isinstance(known, Message):
        return known
    query = select(Message).where(Message.webinar_id == room.row.id, Message.person == person, Message.ref == ref)
    return (await room.unit.session.execute(query)).scalar_one_or_none()


async def _message_of(room: Room, message_id: str) -> Message:
    message = await _stored(room, message_id)
    if message is None:
        raise _unknown()
    return message


async def _stored(room: Room, message_id: str) -> Message | None:
    await room.unit.session.flush()
    query = select(Message).where(Message.id == message_id, Message.webinar_id == room.row.id)
    return (await room.unit.session.execute(query)).scalar_one_or_none()


def _unknown() -> Problem:
    return Problem("chat.unknown", "This message is not here any more.", status=404)


def _clean(text: str) -> str:
    return "".join(c for c in text if c == "\n" or c.isprintable() or c in "\u200d\ufe0f").strip()


def _one_line(name: str) -> str:
    return " ".join(_clean(name).split())[:NAME_MAX]
