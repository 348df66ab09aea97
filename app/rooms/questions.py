"""Questions as participants have them: ask, edit, withdraw, vote. What moderators do with them is ``app/moderation/questions.py``.

A question has a number of its room that is never given again. Its asker hears what becomes of it whatever the state; the audience
sees published ones only; the crew sees everything but the name of an asker who keeps it from them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import delete, func, select

from app.core.errors import Problem, forbidden
from app.core.ids import new_id
from app.core.outbox import happened
from app.live.seat import Seat
from app.rooms import due, restrictions
from app.rooms.mine import mine_bytes, mine_of
from app.rooms.models_questions import Question, QuestionVote
from app.rooms.modes import Modes, modes_of
from app.rooms.question_view import OPEN, told
from app.rooms.room import Room
from app.rooms.texts import clean, held_by, one_line

TEXT_MAX = 500
VOTES = "question.votes"
COUNT_EVERY = timedelta(seconds=1)


async def ask(room: Room, seat: Seat, *, text: str, name: str, ref: str, anonymous: str) -> Question:
    """Ask; the same ``ref`` again asks nothing new."""
    modes = modes_of(room.row)
    if modes.questions == "off":
        raise Problem("questions.closed", "Questions are closed for now.", status=403)
    await restrictions.check(room, seat)
    text = checked(text)
    known = await _by_ref(room, seat.person, ref)
    if known is not None:
        return known
    hidden_from = _anonymity(modes, anonymous)
    name = seat.name or one_line(name)
    held = held_by(room.row.words, text, name)
    published = modes.questions == "open" and not held
    return await add(room, seat, ref, New(text, name, hidden_from, published, held))


class New(msgspec.Struct, frozen=True):
    """What a new question is made of."""

    text: str
    name: str
    anonymous: str = ""
    published: bool = False
    held: bool = False
    message_id: str | None = None


async def add(room: Room, seat: Seat, ref: str, new: New) -> Question:
    """A new question with the next number."""
    box = await room.box_of(seat.person)
    question_id, kept = new_id(), new.name and new.anonymous != "crew"
    question = Question(
        id=question_id,
        webinar_id=room.row.id,
        seq=room.next_seq(),
        number=await _next_number(room),
        person=seat.person,
        ref=ref or question_id,
        role=seat.role,
        anonymous=new.anonymous,
        # A name that the crew must not see is not kept at all.
        name=box.seal(new.name, f"question.name|{question_id}") if kept else b"",
        text=box.seal(new.text, f"question.text|{question_id}"),
        original=b"",
        answer=b"",
        reason=b"",
        state="visible" if new.published else "pending",
        published=new.published,
        seen=new.published,
        held=new.held,
        edited=False,
        answered_by="",
        private_answer=False,
        follow_up=False,
        on_screen=False,
        starred=False,
        label="",
        archived=False,
        votes=0,
        message_id=new.message_id,
        version=1,
        by_id="",
        by_name=b"",
        claim_id="",
        claim_name=b"",
        at=room.unit.now,
    )
    room.unit.session.add(question)
    room.unit.memo["asked", room.row.id, seat.person, question.ref] = question
    happened(room.unit, "question.asked", account_id=room.row.account_id, webinar_id=room.row.id, question=question.id)
    await told(room, question)
    return question


async def edit(room: Room, seat: Seat, question_id: str, text: str) -> int:
    """Change one's own question, until it is approved."""
    question = await own(room, seat, question_id)
    if question.state != "pending":
        raise Problem("question.approved", "The crew has taken your question up, so it cannot be changed any more.", status=409)
    await restrictions.check(room, seat)
    text = checked(text)
    question.text = (await room.box_of(seat.person)).seal(text, f"question.text|{question.id}")
    question.edited = True
    question.held = held_by(room.row.words, text)
    return await changed(room, question)


async def withdraw(room: Room, seat: Seat, question_id: str) -> int:
    """Take one's own question back: its words and votes go, its number stays used."""
    return await empty(room, await own(room, seat, question_id))


async def empty(room: Room, question: Question) -> int:
    """Leave a tombstone. What was merged into it stands for itself again."""
    await _drop_votes(room, question.id)
    for other in await merged_into(room, question.id):
        other.merged_into, other.state = None, "visible" if other.published else "pending"
        await changed(room, other)
    question.state = "withdrawn"
    question.text = question.name = question.original = question.answer = question.reason = b""
    question.published = question.on_screen = question.starred = False
    question.merged_into = question.message_id = None
    question.claim_id, question.claim_name, question.claim_until = "", b"", None
    question.label, question.votes = "", 0
    return await changed(room, question)


async def vote(room: Room, seat: Seat, question_id: str, on: bool) -> int:
    """Vote for a question that everybody sees, or take the vote back. The same again changes nothing."""
    question = await one(room, question_id)
    if modes_of(room.row).questions == "off":
        raise Problem("questions.closed", "Questions are closed for now.", status=403)
    if question.state not in OPEN or not question.published or question.archived:
        raise Problem("question.state", "One can vote for questions that are open only.", status=409)
    known = await room.unit.session.get(QuestionVote, (question.id, seat.person))
    if known is None and on:
        known = QuestionVote(question_id=question.id, person=seat.person, webinar_id=room.row.id, on=True, seq=0)
        room.unit.session.add(known)
    elif known is None or known.on == on:
        return room.row.seq
    known.on, known.seq = on, room.next_seq()
    await due.at(room, VOTES, question.id, room.unit.now + COUNT_EVERY, keep=True)
    await room.unit.session.flush()
    room.tell(known.seq, persons={seat.person: ((await mine_bytes(room, seat.person),), ())})
    return known.seq


async def count_votes(room: Room, question_id: str) -> None:
    """Tell everybody how many voted: each person once, also over what was merged."""
    question = await room.unit.session.get(Question, question_id)
    if question is None or question.webinar_id != room.row.id or question.state == "withdrawn":
        return
    if question.merged_into:
        await count_votes(room, question.merged_into)
        return
    votes = await votes_of(room, question_id)
    if votes != question.votes:
        question.votes, question.seq = votes, room.next_seq()
        await told(room, question)


async def votes_of(room: Room, question_id: str) -> int:
    """Different people who voted for it or for what was merged into it."""
    await room.unit.session.flush()
    theirs = select(Question.id).where(Question.merged_into == question_id)
    query = select(func.count(func.distinct(QuestionVote.person))).where(
        QuestionVote.on, (QuestionVote.question_id == question_id) | QuestionVote.question_id.in_(theirs)
    )
    return (await room.unit.session.execute(query)).scalar_one()


async def forget_person(room: Room, persons: Sequence[str]) -> int:
    """The part of an erasure: their questions become tombstones of nobody, their votes are not counted any more."""
    await room.unit.session.flush()
    theirs = select(Question).where(Question.webinar_id == room.row.id, Question.person.in_(persons))
    found = (await room.unit.session.execute(theirs)).scalars().all()
    mine = (QuestionVote.webinar_id == room.row.id, QuestionVote.person.in_(persons))
    voted = (await room.unit.session.execute(select(QuestionVote.question_id).where(*mine).distinct())).scalars().all()
    await room.unit.session.execute(delete(QuestionVote).where(*mine))
    for question in found:
        question.person, question.ref, question.message_id = "gone", question.id, None
        question.by_id, question.by_name = "", b""
        await empty(room, question)
    for question_id in voted:
        await count_votes(room, question_id)
    return len(found)


async def changed(room: Room, question: Question, by: Seat | None = None) -> int:
    """Give the change a number and tell everybody whom it concerns; ``by``: who of the crew made it."""
    question.seq, question.version = room.next_seq(), question.version + 1
    if by is not None:
        question.by_id = by.person
        question.by_name = room.box.seal(by.name or "", f"question.by_name|{question.id}")
    await told(room, question)
    return question.seq


async def one(room: Room, question_id: str) -> Question:
    """A question of this room that is still there."""
    await room.unit.session.flush()
    question = await room.unit.session.get(Question, question_id)
    if question is None or question.webinar_id != room.row.id or question.state == "withdrawn":
        raise Problem("question.unknown", "This question is not here any more.", status=404)
    return question


async def own(room: Room, seat: Seat, question_id: str) -> Question:
    """A question that ``seat`` asked."""
    question = await one(room, question_id)
    if question.person != seat.person:
        raise forbidden("You can change only your own questions.")
    return question


async def merged_into(room: Room, question_id: str) -> list[Question]:
    """What was merged into a question."""
    await room.unit.session.flush()
    query = select(Question).where(Question.webinar_id == room.row.id, Question.merged_into == question_id)
    return list((await room.unit.session.execute(query.order_by(Question.number))).scalars())


def checked(text: str) -> str:
    """A text fit for a question."""
    text = clean(text)
    if not text:
        raise Problem("question.empty", "Write your question first.")
    if len(text) > TEXT_MAX:
        raise Problem("question.too_long", "This is too long. Use at most {max} characters.", params={"max": TEXT_MAX})
    return text


def _anonymity(modes: Modes, wanted: str) -> str:
    """From whom the name is kept: what the organiser demands, or what the asker wants and may."""
    if modes.crew_anonymous == "always" or (wanted == "crew" and modes.crew_anonymous == "choice"):
        return "crew"
    if modes.anonymous == "always" or (wanted == "audience" and modes.anonymous == "choice"):
        return "audience"
    if wanted:
        raise Problem("question.named", "Questions here are asked with a name.", status=403)
    return ""


async def _drop_votes(room: Room, question_id: str) -> None:
    await room.unit.session.flush()
    query = select(QuestionVote).where(QuestionVote.question_id == question_id, QuestionVote.on)
    votes = (await room.unit.session.execute(query)).scalars().all()
    if not votes:
        return
    seq = room.next_seq()
    for vote_row in votes:
        vote_row.on, vote_row.seq = False, seq
    await room.unit.session.flush()
    theirs = await mine_of(room, [vote_row.person for vote_row in votes])
    room.tell(seq, persons={person: ((data,), ()) for person, data in theirs.items()})


async def _next_number(room: Room) -> int:
    await room.unit.session.flush()
    query = select(func.coalesce(func.max(Question.number), 0)).where(Question.webinar_id == room.row.id)
    return int((await room.unit.session.execute(query)).scalar_one()) + 1


async def _by_ref(room: Room, person: str, ref: str) -> Question | None:
    known = room.unit.memo.get(("asked", room.row.id, person, ref))
    if isinstance(known, Question):
        return known
    query = select(Question).where(Question.webinar_id == room.row.id, Question.person == person, Question.ref == ref)
    return (await room.unit.session.execute(query)).scalar_one_or_none() if ref else None
