"""Questions as each lane may see them, told at once and read for copies of the room."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import millis
from app.live.change import Own
from app.privacy.vault import Box, Vault
from app.protocol.entities import Author, By, Claim, MyQuestionEntity, QuestionEntity, QuestionGone, encode
from app.rooms.models_questions import Question
from app.rooms.room import Room
from app.rooms.sources import Look, Part

OPEN = ("visible", "answering")
SHOWN = ("visible", "answering", "answered")
"""States of questions that the audience sees, if they are published."""


def public(question: Question) -> bool:
    """Whether the audience sees it."""
    return question.published and question.state in SHOWN and not question.archived


async def told(room: Room, question: Question) -> None:
    """Tell the crew, the asker, and the audience as far as it may see it; also the askers of what was merged into it."""
    await room.unit.session.flush()
    box = await room.reader_of(question.person)
    into = await room.unit.session.get(Question, question.merged_into) if question.merged_into else None
    name = f"question/{question.id}"
    shown = public(question)
    question.seen = question.seen or shown
    persons = {} if question.person == "gone" else {question.person: await _own_part(room, question, box, into)}
    room.tell(
        question.seq,
        audience=(audience_bytes(question, box),) if shown else (),
        gone_audience=() if shown or not question.seen else (name,),
        crew=(crew_bytes(question, box, room.box),),
        persons=persons,
    )
    if question.merged_into is None:
        await _tell_merged(room, question)


async def _tell_merged(room: Room, question: Question) -> None:
    query = select(Question).where(Question.webinar_id == room.row.id, Question.merged_into == question.id)
    for other in (await room.unit.session.execute(query)).scalars().all():
        box = await room.reader_of(other.person)
        other.seq = room.next_seq()
        part = await _own_part(room, other, box, question)
        room.tell(other.seq, crew=(crew_bytes(other, box, room.box),), persons={other.person: part})


async def _own_part(
    room: Room, question: Question, box: Box | None, into: Question | None
) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    if question.state == "withdrawn":
        return (), (f"my_question/{question.id}",)
    into_box = await room.reader_of(into.person) if into else None
    return (my_bytes(question, box, into, into_box),), ()


def audience_bytes(question: Question, box: Box | None) -> bytes:
    """What everybody sees of it: no more than was published."""
    return encode(
        QuestionEntity(
            id=question.id,
            seq=question.seq,
            number=question.number,
            text=_open(question.text, question, "text", box),
            state=question.state,
            at=millis(question.at),
            votes=question.votes,
            author=None if question.anonymous else _author(question, box),
            answer="" if question.private_answer else _open(question.answer, question, "answer", box),
            answered_by=question.answered_by,
            on_screen=question.on_screen,
            shown_at=millis(question.shown_at) if question.shown_at else None,
            follow_up=question.follow_up,
            edited=question.edited,
            message=None if question.anonymous else question.message_id,
        )
    )


def crew_bytes(question: Question, box: Box | None, own: Box) -> bytes:
    """What moderators see: everything but the name of who keeps it from them."""
    if question.state == "withdrawn":
        return encode(QuestionGone(id=question.id, seq=question.seq, number=question.number))
    claim = None
    if question.claim_id and question.claim_until:
        name = own.open_text(question.claim_name, f"question.claim_name|{question.id}")
        claim = Claim(question.claim_id, name, millis(question.claim_until))
    by = None
    if question.by_id:
        by = By(question.by_id, own.open_text(question.by_name, f"question.by_name|{question.id}"))
    return encode(
        QuestionEntity(
            id=question.id,
            seq=question.seq,
            number=question.number,
            text=_open(question.text, question, "text", box),
            state=question.state,
            at=millis(question.at),
            votes=question.votes,
            author=None if question.anonymous == "crew" else _author(question, box),
            answer=_open(question.answer, question, "answer", box),
            answered_by=question.answered_by,
            on_screen=question.on_screen,
            shown_at=millis(question.shown_at) if question.shown_at else None,
            follow_up=question.follow_up,
            edited=question.edited,
            message=None if question.anonymous == "crew" else question.message_id,
            published=question.published,
            anonymous=question.anonymous,
            original=_open(question.original, question, "original", box),
            starred=question.starred,
            label=question.label,
            place=question.place,
            archived=question.archived,
            claim=claim,
            by=by,
            version=question.version,
            reason=_open(question.reason, question, "reason", box),
            merged_into=question.merged_into,
            private_answer=question.private_answer,
            held=question.held,
        )
    )


def my_bytes(question: Question, box: Box | None, into: Question | None, into_box: Box | None) -> bytes:
    """What its asker sees of it; of a merged one what became of the question it follows."""
    fate, fate_box = (into, into_box) if into is not None else (question, box)
    return encode(
        MyQuestionEntity(
            id=question.id,
            seq=question.seq,
            number=question.number,
            text=_open(question.text, question, "text", box),
            state=question.state,
            at=millis(question.at),
            votes=fate.votes,
            answer=_open(fate.answer, fate, "answer", fate_box),
            answered_by=fate.answered_by,
            private_answer=fate.private_answer,
            reason=_open(question.reason, question, "reason", box),
            merged_into=question.merged_into,
            follow_up=fate.follow_up,
            anonymous=question.anonymous,
            edited=question.edited,
            editable=question.state == "pending",
        )
    )


def _author(question: Question, box: Box | None) -> Author:
    return Author(question.person, _open(question.name, question, "name", box), question.role)


def _open(blob: bytes, question: Question, column: str, box: Box | None) -> str:
    return box.open_text(blob, f"question.{column}|{question.id}") if blob and box else ""


class QuestionSource:
    """Questions in copies of the room: implements :class:`EntitySource` and :class:`OwnSource`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def lane(self, look: Look, lane: str, after: int | None) -> Part:
        """Questions that changed after ``after``; all there are without it."""
        query = select(Question).where(Question.webinar_id == look.row.id)
        query = query.where(Question.seq > after) if after is not None else query.where(Question.state != "withdrawn")
        if lane != "crew":
            query = query.where(Question.seen)
        rows = (await look.session.execute(query.order_by(Question.number))).scalars().all()
        boxes = await self._boxes(look.row.id, rows)
        if lane == "crew":
            return Part([crew_bytes(row, boxes.get(row.person), look.box) for row in rows], [])
        shown = [audience_bytes(row, boxes.get(row.person)) for row in rows if public(row)]
        return Part(shown, [f"question/{row.id}" for row in rows if not public(row)])

    async def owners(self, session: AsyncSession, webinar_id: str) -> Collection[str]:
        """Who asked."""
        query = select(Question.person).where(Question.webinar_id == webinar_id).distinct()
        return list((await session.execute(query)).scalars())

    async def own(self, session: AsyncSession, webinar_id: str, persons: Collection[str] | None, after: int) -> Mapping[str, Own]:
        """Their own questions."""
        query = select(Question).where(Question.webinar_id == webinar_id, Question.seq > after, Question.person != "gone")
        if persons is not None:
            query = query.where(Question.person.in_(persons))
        rows = (await session.execute(query.order_by(Question.number))).scalars().all()
        into_ids = {row.merged_into for row in rows if row.merged_into}
        into = {}
        if into_ids:
            found = (await session.execute(select(Question).where(Question.id.in_(into_ids)))).scalars()
            into = {row.id: row for row in found}
        boxes = await self._boxes(webinar_id, [*rows, *into.values()])
        result: dict[str, Own] = {}
        for row in rows:
            part = result.setdefault(row.person, Own([], []))
            target = into.get(row.merged_into or "")
            if row.state == "withdrawn":
                part.gone.append(f"my_question/{row.id}")
            else:
                part.set.append(my_bytes(row, boxes.get(row.person), target, boxes.get(target.person) if target else None))
        return result

    async def _boxes(self, webinar_id: str, rows: Iterable[Question]) -> dict[str, Box]:
        return await self._vault.boxes_of(webinar_id, {row.person for row in rows})
