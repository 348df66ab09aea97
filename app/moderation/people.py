"""Muting and banning people of one webinar. Both can be taken back, both have a reason that the crew sees; a muted person hears it too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import select

from app.accounts.models import Staff
from app.core.errors import Problem
from app.core.ids import new_id
from app.live.change import Kick
from app.live.seat import Seat
from app.moderation import decisions
from app.moderation.chat import set_hidden
from app.protocol.codes import Close
from app.rooms import chat, due, questions, restrictions
from app.rooms.chat_view import open_message
from app.rooms.mine import mine_bytes
from app.rooms.models import Message
from app.rooms.models_people import Restriction
from app.rooms.models_questions import Question
from app.rooms.question_view import SHOWN
from app.rooms.room import Room
from app.rooms.texts import clean

UNMUTE, AGAIN = "person.unmute", "person.ban"
LONGEST = 7 * 24 * 3600
DOOR_SECONDS = 3
"""A ban closes sockets once more after this time: somebody may have come in by a door that had not heard of it."""


class Whom(msgspec.Struct, frozen=True):
    """Who is meant: by id, or as the author of something, whom the server knows even where the crew may not."""

    person: str = ""
    message: str = ""
    question: str = ""


async def mute(room: Room, seat: Seat, whom: Whom, seconds: int | None, reason: str) -> int:
    """Let somebody read, vote and react, but not write; for a time, or until it is lifted."""
    if seconds is not None and not 1 <= seconds <= LONGEST:
        raise Problem("modes.invalid", "This choice is not known here.")
    row = await _restriction(room, seat, whom, reason)
    before = {"muted": row.muted, "banned": row.banned}
    row.muted, row.muted_until = True, room.unit.now + timedelta(seconds=seconds) if seconds else None
    if row.muted_until:
        await due.at(room, UNMUTE, row.id, row.muted_until)
    else:
        await due.never(room, UNMUTE, row.id)
    await _changed(room, row)
    await decisions.note(room, seat, "person.mute", f"restriction/{row.id}", person=row.person, reason=reason, before=before)
    return row.seq


async def ban(room: Room, seat: Seat, whom: Whom, reason: str, remove: bool) -> int:
    """Send somebody out, on every process, and let them in no more; ``remove`` hides all they wrote."""
    row = await _restriction(room, seat, whom, reason)
    before: dict[str, Any] = {"muted": row.muted, "banned": row.banned}
    row.banned = True
    await _changed(room, row)
    if remove:
        before |= {"hidden": await _hide_all(room, seat, row.person)}
    await _stop_delays(room, row.person)
    room.unit.announce(Kick(room.row.id, Close.BANNED, person=row.person))
    await due.at(room, AGAIN, row.id, room.unit.now + timedelta(seconds=DOOR_SECONDS))
    await decisions.note(room, seat, "person.ban", f"restriction/{row.id}", person=row.person, reason=reason, before=before)
    return row.seq


async def lift(room: Room, seat: Seat, restriction_id: str, *, banned: bool) -> int:
    """Take a mute or a ban back."""
    row = await one(room, restriction_id)
    await _lift(room, row, banned=banned)
    await decisions.settle(room, f"restriction/{row.id}", ("person.ban",) if banned else ("person.mute",))
    return row.seq


async def restore(room: Room, restriction_id: str, before: dict[str, Any], action: str) -> None:
    """As it was before a decision."""
    row = await one(room, restriction_id)
    if action == "person.ban":
        await _lift(room, row, banned=True)
        await _show_all(room, before.get("hidden", {}))
    else:
        await _lift(room, row, banned=False)


async def mute_over(room: Room, restriction_id: str) -> None:
    """Done by the pulse when the time of a mute is over."""
    row = await room.unit.session.get(Restriction, restriction_id)
    if row is not None and row.muted and row.muted_until is not None and row.muted_until <= room.unit.now:
        await _lift(room, row, banned=False)
        await decisions.settle(room, f"restriction/{row.id}", ("person.mute",))


async def ban_again(room: Room, restriction_id: str) -> None:
    """Done by the pulse a moment after a ban."""
    row = await room.unit.session.get(Restriction, restriction_id)
    if row is not None and row.banned:
        room.unit.announce(Kick(room.row.id, Close.BANNED, person=row.person))


async def forget_persons(room: Room, persons: Sequence[str]) -> None:
    """The part of an erasure: nothing about them is left; who was banned comes back as somebody new."""
    await room.unit.session.flush()
    query = select(Restriction).where(Restriction.webinar_id == room.row.id, Restriction.person.in_(persons))
    for row in (await room.unit.session.execute(query)).scalars().all():
        row.muted = row.banned = False
        row.muted_until, row.name, row.reason, row.by_name = None, b"", b"", b""
        row.seq = room.next_seq()
        room.tell(row.seq, gone_crew=(f"restriction/{row.id}",))
        # Not the person's any more: the row that stays for those who were away says nothing about anybody.
        row.person = row.id
    room.unit.memo.pop(("restrictions", room.row.id), None)
    await decisions.forget_persons(room, persons)


async def one(room: Room, restriction_id: str) -> Restriction:
    """A restriction of this room."""
    await room.unit.session.flush()
    row = await room.unit.session.get(Restriction, restriction_id)
    if row is None or row.webinar_id != room.row.id:
        raise Problem("person.unknown", "There is no such person here.", status=404)
    return row


async def _restriction(room: Room, seat: Seat, whom: Whom, reason: str) -> Restriction:
    person, name, hidden = await _find(room, whom)
    if person in ("", "gone", seat.person) or await room.unit.session.get(Staff, person) is not None:
        raise Problem("person.unknown", "Choose somebody of the audience.", status=409)
    box = await room.box_of(person)
    row = await restrictions.of(room, person)
    if row is None:
        row = Restriction(
            id=new_id(), webinar_id=room.row.id, seq=0, person=person, hidden=hidden, name=b"", muted=False, banned=False
        )
        row.reason, row.by_id, row.by_name, row.at = b"", "", b"", room.unit.now
        room.unit.session.add(row)
        restrictions.remember(room, row)
    row.hidden = row.hidden and hidden
    if name and not hidden:
        row.name = box.seal(name, f"restriction.name|{row.id}")
    reason = clean(reason)[: decisions.REASON_MAX]
    row.reason = box.seal(reason, f"restriction.reason|{row.id}") if reason else b""
    row.by_id, row.by_name = seat.person, room.box.seal(seat.name or "", f"restriction.by_name|{row.id}")
    row.at = room.unit.now
    return row


async def _find(room: Room, whom: Whom) -> tuple[str, str, bool]:
    """The person, a name to show, and whether the crew may not know."""
    if whom.message:
        message = await chat.one(room, whom.message)
        box = await room.reader_of(message.person)
        return message.person, open_message(message, box)[0] if box else "", False
    if whom.question:
        question = await questions.one(room, whom.question)
        hidden, box = question.anonymous == "crew", await room.reader_of(question.person)
        name = box.open_text(question.name, f"question.name|{question.id}") if box and question.name and not hidden else ""
        return question.person, name, hidden
    return whom.person, await _said_name(room, whom.person), False


async def _said_name(room: Room, person: str) -> str:
    query = (
        select(Message).where(Message.webinar_id == room.row.id, Message.person == person).order_by(Message.at.desc()).limit(1)
    )
    message = (await room.unit.session.execute(query)).scalar_one_or_none()
    box = await room.reader_of(person)
    return open_message(message, box)[0] if message is not None and box is not None else ""


async def _lift(room: Room, row: Restriction, *, banned: bool) -> None:
    if banned:
        row.banned = False
        await due.never(room, AGAIN, row.id)
    else:
        row.muted, row.muted_until = False, None
        await due.never(room, UNMUTE, row.id)
    await _changed(room, row)


async def _changed(room: Room, row: Restriction) -> None:
    row.seq = room.next_seq()
    room.unit.announce(restrictions.DoorChanged(room.row.id))
    await room.unit.session.flush()
    box = await room.reader_of(row.person)
    room.tell(
        row.seq,
        crew=(restrictions.entity_bytes(row, box, room.box),) if row.active else (),
        gone_crew=() if row.active else (f"restriction/{row.id}",),
        persons={row.person: ((await mine_bytes(room, row.person),), ())},
    )


async def _stop_delays(room: Room, person: str) -> None:
    """What somebody banned had still under way waits for the crew instead of appearing by itself."""
    await room.unit.session.flush()
    query = select(Message).where(Message.webinar_id == room.row.id, Message.person == person, Message.state == "held")
    for message in (await room.unit.session.execute(query.where(Message.held == "delay"))).scalars().all():
        message.held, message.release_at = "approval", None
        await due.never(room, chat.RELEASE, message.id)
        await chat.changed(room, message)


async def _hide_all(room: Room, seat: Seat, person: str) -> dict[str, Any]:
    """Hide what they wrote; returns what is needed to show it again."""
    await room.unit.session.flush()
    theirs = select(Message).where(Message.webinar_id == room.row.id, Message.person == person, Message.lane == "audience")
    messages = (await room.unit.session.execute(theirs.where(Message.state == "visible"))).scalars().all()
    for message in messages:
        await set_hidden(room, message, True)
    asked = select(Question).where(Question.webinar_id == room.row.id, Question.person == person, Question.published)
    shown = (await room.unit.session.execute(asked.where(Question.state.in_(SHOWN)))).scalars().all()
    states = {question.id: question.state for question in shown}
    for question in shown:
        question.state, question.published, question.on_screen = "hidden", False, False
        await questions.changed(room, question, seat)
    return {"messages": [message.id for message in messages], "questions": states}


async def _show_all(room: Room, hidden: dict[str, Any]) -> None:
    for message_id in hidden.get("messages", []):
        message = await chat.stored(room, message_id)
        if message is not None and message.state == "hidden":
            await set_hidden(room, message, False)
    for question_id, state in hidden.get("questions", {}).items():
        question = await room.unit.session.get(Question, question_id)
        if question is not None and question.state == "hidden":
            question.state, question.published = state, True
            await questions.changed(room, question)
