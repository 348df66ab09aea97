"""What moderators do with messages: release or refuse what waits, hide, remove, pin. All but removing can be taken back."""

from __future__ import annotations

from sqlalchemy import select

from app.core.errors import Problem, forbidden
from app.core.permissions import Permission
from app.live.seat import Seat
from app.moderation import decisions
from app.rooms import chat, due
from app.rooms.models import Message
from app.rooms.room import Room
from app.rooms.texts import clean

REASON_MAX = 300


async def release(room: Room, seat: Seat, message_id: str) -> int:
    """Show a message that waits."""
    message = await _held(room, message_id)
    seq = await chat.release(room, message)
    await decisions.note(room, seat, "chat.release", f"message/{message.id}", person=message.person)
    return seq


async def refuse(room: Room, seat: Seat, message_id: str, reason: str) -> int:
    """Never show a message that waits: its text goes, its author hears why."""
    message = await _held(room, message_id)
    reason = clean(reason)[:REASON_MAX]
    box = await room.box_of(message.person)
    message.state, message.text, message.release_at, message.held = "refused", b"", None, ""
    message.reason = box.seal(reason, f"message.reason|{message.id}") if reason else b""
    await due.never(room, chat.RELEASE, message.id)
    seq = await chat.changed(room, message)
    await decisions.note(room, seat, "chat.refuse", f"message/{message.id}", person=message.person, reason=reason)
    return seq


async def hide(room: Room, seat: Seat, message_id: str, hidden: bool, reason: str) -> int:
    """Take a message out of the audience's sight, or bring it back."""
    message = await chat.one(room, message_id)
    if message.state in ("removed", "refused"):
        raise Problem("chat.removed", "This message was removed for good.", status=409)
    if message.state == "held":
        raise Problem("chat.held", "This message waits. Release or refuse it.", status=409)
    thing = f"message/{message.id}"
    seq = await set_hidden(room, message, hidden)
    if hidden:
        await decisions.note(room, seat, "chat.hide", thing, person=message.person, reason=reason, before={"state": "visible"})
    else:
        await decisions.settle(room, thing, ("chat.hide",))
    return seq


async def set_hidden(room: Room, message: Message, hidden: bool) -> int:
    """Hidden or not, without a word about it."""
    message.state = "hidden" if hidden else "visible"
    message.pinned = message.pinned and not hidden
    return await chat.changed(room, message)


async def remove(room: Room, seat: Seat, message_id: str, reason: str) -> int:
    """Remove for good: one's own, or for moderators anybody's."""
    message = await chat.stored(room, message_id)
    moderates = Permission.CHAT_MODERATE in seat.permissions
    if message is None and chat.unstored(room) and moderates:
        return chat.remove_unstored(room, message_id)
    if message is None:
        raise chat.unknown()
    if message.person != seat.person and not moderates:
        raise forbidden("You can remove only your own messages.")
    others = message.person not in (seat.person, "gone")
    person = message.person
    seq = await chat.remove(room, message)
    if others:
        await decisions.note(room, seat, "chat.remove", f"message/{message.id}", person=person, reason=reason)
    return seq


async def pin(room: Room, seat: Seat, message_id: str, pinned: bool) -> int:
    """Keep one message in sight above the others."""
    message = await chat.one(room, message_id)
    if message.state != "visible" or message.lane != "audience":
        raise chat.unknown()
    if message.pinned == pinned:
        return message.seq
    await _unpin_others(room, message.id)
    message.pinned = pinned
    seq = await chat.changed(room, message)
    thing = f"message/{message.id}"
    if pinned:
        await decisions.note(room, seat, "chat.pin", thing, person=message.person, before={"pinned": False})
    else:
        await decisions.settle(room, thing, ("chat.pin",))
    return seq


async def _unpin_others(room: Room, but: str) -> None:
    await room.unit.session.flush()
    query = select(Message).where(Message.webinar_id == room.row.id, Message.pinned, Message.id != but)
    for other in (await room.unit.session.execute(query)).scalars().all():
        other.pinned = False
        await chat.changed(room, other)


async def _held(room: Room, message_id: str) -> Message:
    message = await chat.one(room, message_id)
    if message.state != "held":
        raise Problem("chat.not_held", "This message does not wait any more.", status=409)
    return message
