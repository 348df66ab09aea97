"""What moderators do with questions. Each change has a version, so that of two at the same time the second hears who was first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.core.errors import Problem
from app.core.outbox import happened
from app.live.seat import Seat
from app.moderation import decisions
from app.rooms import chat, due, questions
from app.rooms.chat_view import open_message
from app.rooms.models import Message
from app.rooms.models_questions import Question
from app.rooms.question_view import OPEN, told
from app.rooms.questions import changed, one
from app.rooms.room import Room
from app.rooms.texts import clean, one_line

LEASE = timedelta(seconds=60)
CLAIM = "question.claim"
ANSWER_MAX = 2000
REASON_MAX = 300
LABEL_MAX = 40
BULK = 500


async def approve(room: Room, seat: Seat, question_id: str, version: int | None) -> int:
    """Show it to everybody."""
    question = await _fresh(room, question_id, version, ("pending", "rejected"))
    before = _as_it_is(question)
    _publish(question)
    return await _decided(room, seat, question, "question.approve", before)


async def reject(room: Room, seat: Seat, question_id: str, reason: str, version: int | None) -> int:
    """Do not take it; the asker hears so, with the reason if there is one."""
    question = await _fresh(room, question_id, version, ("pending", "visible", "hidden"))
    before = _as_it_is(question)
    question.reason = await _seal(room, question, "reason", clean(reason)[:REASON_MAX])
    _leave(question, "rejected")
    return await _decided(room, seat, question, "question.reject", before, reason)


async def hide(room: Room, seat: Seat, question_id: str, reason: str, version: int | None) -> int:
    """Take it out of the audience's sight; it keeps its votes and can come back."""
    question = await _fresh(room, question_id, version, ("visible", "answering", "answered"))
    before = _as_it_is(question)
    _leave(question, "hidden")
    return await _decided(room, seat, question, "question.hide", before, reason)


async def reopen(room: Room, seat: Seat, question_id: str, version: int | None) -> int:
    """Bring back what was hidden, rejected or answered."""
    question = await _fresh(room, question_id, version, ("hidden", "rejected", "answered"))
    _publish(question)
    question.answered_by, question.private_answer, question.answer = "", False, b""
    await decisions.settle(room, f"question/{question.id}", ("question.reject", "question.hide", "question.answer"))
    return await changed(room, question, seat)


async def rewrite(room: Room, seat: Seat, question_id: str, text: str, version: int | None) -> int:
    """Put it in better words; what was asked is kept for the crew and the export."""
    question = await _fresh(room, question_id, version, ("pending", "visible", "answering", "hidden"))
    box = await room.box_of(question.person)
    if not question.original:
        question.original = box.seal(box.open(question.text, f"question.text|{question.id}"), f"question.original|{question.id}")
    question.text = box.seal(questions.checked(text), f"question.text|{question.id}")
    question.edited = True
    return await changed(room, question, seat)


async def claim(room: Room, seat: Seat, question_id: str) -> int:
    """Be at it for a minute; the other moderators see so. Again renews it."""
    question = await one(room, question_id)
    until = question.claim_until
    if question.claim_id not in ("", seat.person) and until is not None and until > room.unit.now:
        name = room.box.open_text(question.claim_name, f"question.claim_name|{question.id}")
        raise Problem("question.claimed", "{name} is at this question.", status=409, params={"name": name or "Somebody"})
    question.claim_id, question.claim_until = seat.person, room.unit.now + LEASE
    question.claim_name = room.box.seal(seat.name or "", f"question.claim_name|{question.id}")
    await due.at(room, CLAIM, question.id, question.claim_until)
    return await _same_version(room, question)


async def release(room: Room, seat: Seat, question_id: str) -> int:
    """Leave it to others."""
    question = await one(room, question_id)
    if question.claim_id != seat.person:
        return room.row.seq
    return await _unclaim(room, question)


async def lease_over(room: Room, question_id: str) -> None:
    """Done by the pulse: a lease that nobody renewed is over."""
    question = await room.unit.session.get(Question, question_id)
    if question is not None and question.claim_until is not None and question.claim_until <= room.unit.now:
        await _unclaim(room, question)


async def take(room: Room, seat: Seat, question_id: str, on: bool) -> int:
    """It is being answered now, by voice; or not any more."""
    question = await _fresh(room, question_id, None, ("visible", "pending") if on else ("answering",))
    if on:
        _publish(question)
    question.state = "answering" if on else "visible"
    return await changed(room, question, seat)


async def answer(room: Room, seat: Seat, question_id: str, text: str, private: bool, version: int | None) -> int:
    """Answered: by text, or by voice when there is none; to everybody, or to the asker alone."""
    question = await _fresh(room, question_id, version, ("pending", "visible", "answering", "answered", "hidden"))
    text, before = clean(text), _as_it_is(question)
    if len(text) > ANSWER_MAX:
        raise Problem("question.too_long", "This is too long. Use at most {max} characters.", params={"max": ANSWER_MAX})
    if private and not text:
        raise Problem("question.empty", "Write an answer first.")
    question.answer = await _seal(room, question, "answer", text)
    question.answered_by = "text" if text else "voice"
    question.private_answer = private
    if not private:
        _publish(question)
    question.state, question.follow_up = "answered", False
    question.claim_id, question.claim_name, question.claim_until = "", b"", None
    happened(room.unit, "question.answered", account_id=room.row.account_id, webinar_id=room.row.id, question=question.id)
    return await _decided(room, seat, question, "question.answer", before)


async def follow_up(room: Room, seat: Seat, question_id: str, on: bool) -> int:
    """It will be answered after the webinar."""
    question = await one(room, question_id)
    question.follow_up = on
    return await changed(room, question, seat)


async def star(room: Room, seat: Seat, question_id: str, on: bool) -> int:
    """Mark it for the crew."""
    question = await one(room, question_id)
    question.starred = on
    return await changed(room, question, seat)


async def label(room: Room, seat: Seat, question_id: str, text: str) -> int:
    """A word of the crew's own."""
    question = await one(room, question_id)
    question.label = one_line(text, LABEL_MAX)
    return await changed(room, question, seat)


async def move(room: Room, seat: Seat, question_id: str, after: str | None) -> int:
    """Put it after another in the crew's order, or first. Numbers stay."""
    question = await one(room, question_id)
    query = select(Question).where(Question.webinar_id == room.row.id, Question.state != "withdrawn", Question.id != question.id)
    others = sorted((await room.unit.session.execute(query)).scalars(), key=_place)
    at = next((n for n, other in enumerate(others) if other.id == after), None)
    if after is not None and at is None:
        raise Problem("question.unknown", "This question is not here any more.", status=404)
    low = _place(others[at]) if at is not None else None
    rest = others[at + 1 :] if at is not None else others
    high = _place(rest[0]) if rest else None
    question.place = _between(low, high)
    return await changed(room, question, seat)


async def merge(room: Room, seat: Seat, question_id: str, into_id: str, version: int | None) -> int:
    """The same was asked before: its votes count there, each person once, and its asker follows that one."""
    question = await _fresh(room, question_id, version, ("pending", "visible", "answering", "hidden"))
    into = await _fresh(room, into_id, None, ("pending", "visible", "answering", "answered"))
    if into.id == question.id:
        raise Problem("question.merge", "Choose another question to merge it into.", status=409)
    before = _as_it_is(question)
    for other in await questions.merged_into(room, question.id):
        other.merged_into = into.id
        await changed(room, other, seat)
    question.merged_into, question.state, question.on_screen = into.id, "merged", False
    await _decided(room, seat, question, "question.merge", before)
    await questions.count_votes(room, into.id)
    return room.row.seq


async def unmerge(room: Room, seat: Seat, question_id: str) -> int:
    """Take a merge back."""
    question = await _fresh(room, question_id, None, ("merged",))
    await _apart(room, seat, question, "visible" if question.published else "pending")
    await decisions.settle(room, f"question/{question.id}", ("question.merge",))
    return room.row.seq


async def archive(room: Room, seat: Seat, question_ids: list[str], archived: bool, reason: str = "") -> int:
    """Put many away at once, or bring them back."""
    moved = []
    for question_id in dict.fromkeys(question_ids[:BULK]):
        question = await one(room, question_id)
        if question.archived != archived:
            question.archived = archived
            question.on_screen = question.on_screen and not archived
            await changed(room, question, seat)
            moved.append(question)
    if moved:
        before = {"archived": not archived, "questions": [question.id for question in moved]}
        thing, person = f"question/{moved[0].id}", moved[0].person if len(moved) == 1 else ""
        await decisions.note(room, seat, "question.archive", thing, person=person, reason=reason, before=before)
    return room.row.seq


async def restore(room: Room, seat: Seat, question_id: str, before: dict[str, Any]) -> None:
    """As it was before a decision."""
    if "questions" in before:
        for moved in before["questions"]:
            question = await room.unit.session.get(Question, moved)
            if question is not None and question.state != "withdrawn":
                question.archived = before["archived"]
                await changed(room, question, seat)
        return
    question = await one(room, question_id)
    if question.merged_into and not before["merged_into"]:
        await _apart(room, seat, question, before["state"])
        return
    if question.private_answer and not before["private_answer"]:
        # What was said to the asker alone since then must not come out by going back.
        question.answer = b""
    question.state, question.published = before["state"], before["published"]
    question.answered_by, question.private_answer = before["answered_by"], before["private_answer"]
    question.reason = b""
    if not question.answered_by:
        question.answer = b""
    elif not question.answer:
        question.answered_by = "voice"
    await changed(room, question, seat)


async def show(room: Room, seat: Seat, question_id: str, on: bool) -> int:
    """Put it on the screen, alone; a waiting one is approved by that."""
    question = await _fresh(room, question_id, None, ("pending", "visible", "answering", "answered"))
    if on:
        await _clear_screen(room, seat, question.id)
        if question.state == "pending":
            _publish(question)
        question.shown_at = room.unit.now
        question.archived = False
    question.on_screen = on
    return await changed(room, question, seat)


async def show_next(room: Room, seat: Seat) -> str:
    """The open question with most votes goes on the screen; what was there is answered by voice."""
    open_ones = (Question.webinar_id == room.row.id, Question.published, Question.state.in_(OPEN), ~Question.archived)
    await room.unit.session.flush()
    shown = select(Question).where(*open_ones, Question.on_screen)
    for question in (await room.unit.session.execute(shown)).scalars().all():
        question.on_screen, question.state, question.answered_by = False, "answered", "voice"
        await changed(room, question, seat)
    await room.unit.session.flush()
    order = (Question.votes.desc(), Question.number)
    following = (
        await room.unit.session.execute(select(Question).where(*open_ones).order_by(*order).limit(1))
    ).scalar_one_or_none()
    if following is None:
        raise Problem("question.unknown", "There is no open question left.", status=404)
    await show(room, seat, following.id, True)
    return following.id


async def from_message(room: Room, seat: Seat, message_id: str) -> Question:
    """Make a question of a chat message: author and link are kept."""
    await room.unit.session.flush()
    message = await room.unit.session.get(Message, message_id)
    if message is None or message.webinar_id != room.row.id or message.state == "removed" or message.lane != "audience":
        raise Problem("chat.unknown", "This message is not here any more.", status=404)
    known = select(Question).where(Question.webinar_id == room.row.id, Question.message_id == message.id)
    made = (await room.unit.session.execute(known)).scalars().first()
    if made is not None:
        return made
    box = await room.reader_of(message.person)
    if box is None:
        raise Problem("chat.unknown", "This message is not here any more.", status=404)
    name, text = open_message(message, box)
    author = Seat(room.row.id, message.person, message.role, name or None, frozenset(), "audience")
    new = questions.New(text[: questions.TEXT_MAX], name, published=True, message_id=message.id)
    made = await questions.add(room, author, "", new)
    message.question_id = made.id
    await chat.changed(room, message)
    return made


async def _fresh(room: Room, question_id: str, version: int | None, states: tuple[str, ...]) -> Question:
    """The question, unless somebody else was faster or it is in a state where this makes no sense."""
    question = await one(room, question_id)
    if version is not None and version != question.version:
        name = room.box.open_text(question.by_name, f"question.by_name|{question.id}") if question.by_name else ""
        raise Problem(
            "question.conflict",
            "{name} was faster. Look at what the question is now, and try again.",
            status=409,
            params={"name": name or "Its asker"},
        )
    if question.state not in states:
        raise Problem("question.state", "This cannot be done with this question as it is now.", status=409)
    return question


def _publish(question: Question) -> None:
    question.state, question.published, question.held = "visible", True, False
    question.reason = b""


def _leave(question: Question, state: str) -> None:
    question.state, question.published, question.on_screen = state, False, False


def _as_it_is(question: Question) -> dict[str, Any]:
    """What is needed to take a decision back."""
    names = ("state", "published", "answered_by", "private_answer", "merged_into")
    return {name: getattr(question, name) for name in names}


async def _decided(room: Room, seat: Seat, question: Question, action: str, before: dict[str, Any], reason: str = "") -> int:
    seq = await changed(room, question, seat)
    await decisions.note(room, seat, action, f"question/{question.id}", person=question.person, reason=reason, before=before)
    return seq


async def _apart(room: Room, seat: Seat, question: Question, state: str) -> None:
    into, question.merged_into, question.state = question.merged_into, None, state
    await changed(room, question, seat)
    for one_of_both in (question.id, into):
        if one_of_both:
            await questions.count_votes(room, one_of_both)


async def _seal(room: Room, question: Question, column: str, text: str) -> bytes:
    """What is said to an asker goes with the asker's key."""
    return (await room.box_of(question.person)).seal(text, f"question.{column}|{question.id}") if text else b""


async def _unclaim(room: Room, question: Question) -> int:
    question.claim_id, question.claim_name, question.claim_until = "", b"", None
    await due.never(room, CLAIM, question.id)
    return await _same_version(room, question)


async def _same_version(room: Room, question: Question) -> int:
    """A claim is a sign to others and must not spoil what somebody is writing."""
    question.seq = room.next_seq()
    await told(room, question)
    return question.seq


async def _clear_screen(room: Room, seat: Seat, but: str) -> None:
    await room.unit.session.flush()
    query = select(Question).where(Question.webinar_id == room.row.id, Question.on_screen, Question.id != but)
    for question in (await room.unit.session.execute(query)).scalars().all():
        question.on_screen = False
        await changed(room, question, seat)


def _place(question: Question) -> float:
    return question.place if question.place is not None else float(question.number)


def _between(low: float | None, high: float | None) -> float:
    if low is None:
        return (high if high is not None else 1.0) - 1.0
    return (low + high) / 2 if high is not None else low + 1.0
