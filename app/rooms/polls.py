"""Polls as participants have them: vote once, and look at results that are meant for those who voted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import delete, select

from app.core.errors import Problem
from app.core.ids import new_id
from app.core.permissions import Permission
from app.live.seat import Seat
from app.protocol.entities import Answer, ItemTally, PollItem
from app.rooms import due
from app.rooms.models_polls import Ballot, Poll, PollCount, PollText
from app.rooms.modes import modes_of
from app.rooms.poll_view import ballot_bytes, boxes_for, items_of, open_to_all, tallies, told
from app.rooms.room import Room
from app.rooms.texts import clean, held_by, one_line

TALLY = "poll.tally"
TEXT_MAX, WORD_MAX = 500, 40
COUNT_EVERY = timedelta(seconds=1)


class Given(msgspec.Struct, frozen=True):
    """An answer that fits: what is counted, and what was said in words."""

    choices: dict[str, int] = {}
    texts: list[str] = []


async def vote(room: Room, seat: Seat, poll_id: str, answers: Mapping[str, Answer], name: str, ref: str) -> Poll:
    """Answer a poll, once. In a poll with names the same ``ref`` again is the same vote."""
    poll = await one(room, poll_id)
    if modes_of(room.row).polls == "off":
        raise Problem("polls.closed", "Polls are closed for now.", status=403)
    if poll.state != "open":
        raise Problem("poll.closed", "This poll is closed.", status=409)
    given = _read(items_of(poll), answers)
    if poll.anonymous:
        if not await room.note_vote(poll.id, seat.person):
            raise _voted()
    elif not await _ballot(room, seat, poll, answers, name, ref):
        return poll
    for item, answer in given:
        await _count(room, poll, item, answer)
        await _keep_texts(room, seat, poll, item, answer.texts)
    poll.voters += 1
    await due.at(room, TALLY, poll.id, room.unit.now + COUNT_EVERY, keep=True)
    return poll


async def look(room: Room, seat: Seat, poll_id: str) -> tuple[bool, dict[str, ItemTally] | None]:
    """Whether ``seat`` voted, as far as that is known still, and the results if they may see them."""
    poll = await one(room, poll_id)
    if poll.state == "open" and poll.anonymous:
        voted = await room.has_voted(poll.id, seat.person)
    else:
        voted = await _own(room, poll.id, seat.person) is not None
    crew = Permission.POLLS_MANAGE in seat.permissions
    if not (crew or open_to_all(poll) or (voted and poll.results == "voted")):
        return voted, None
    await room.unit.session.flush()
    persons = (await room.unit.session.execute(select(PollText.person).where(PollText.poll_id == poll.id).distinct())).scalars()
    for_crew, free = await tallies(room.unit.session, poll, await boxes_for(room, set(persons)))
    return voted, for_crew if crew else free


def again(poll: Poll) -> int:
    """In how many seconds a look is worth it: the more who look, the rarer."""
    return max(3, poll.voters // 300) if poll.state == "open" and poll.results == "voted" else 0


async def tally(room: Room, poll_id: str) -> None:
    """Done by the pulse: tell the lanes that may see them the newest numbers."""
    poll = await room.unit.session.get(Poll, poll_id)
    if poll is not None and poll.webinar_id == room.row.id and poll.state != "removed":
        poll.seq = room.next_seq()
        await told(room, poll)


async def forget_person(room: Room, persons: Sequence[str]) -> int:
    """The part of an erasure: ballots and words with their names go; counts say nothing about anybody and stay."""
    await room.unit.session.flush()
    theirs = (PollText.webinar_id == room.row.id, PollText.person.in_(persons))
    touched = set((await room.unit.session.execute(select(PollText.poll_id).where(*theirs))).scalars())
    await room.unit.session.execute(delete(PollText).where(*theirs))
    mine = (Ballot.webinar_id == room.row.id, Ballot.person.in_(persons))
    gone = (await room.unit.session.execute(delete(Ballot).where(*mine).returning(Ballot.id))).all()
    for poll_id in touched:
        await tally(room, poll_id)
    return len(gone)


async def one(room: Room, poll_id: str) -> Poll:
    """A poll of this room that people can see."""
    await room.unit.session.flush()
    poll = await room.unit.session.get(Poll, poll_id)
    if poll is None or poll.webinar_id != room.row.id or poll.state == "removed":
        raise Problem("poll.unknown", "This poll is not here any more.", status=404)
    return poll


async def _ballot(room: Room, seat: Seat, poll: Poll, answers: Mapping[str, Answer], name: str, ref: str) -> bool:
    """False when this very vote was cast before."""
    known = await _own(room, poll.id, seat.person)
    if known is not None and known.ref == ref:
        return False
    if known is not None:
        raise _voted()
    box, ballot_id = await room.box_of(seat.person), new_id()
    ballot = Ballot(
        id=ballot_id,
        webinar_id=room.row.id,
        poll_id=poll.id,
        seq=room.next_seq(),
        person=seat.person,
        name=box.seal(seat.name or one_line(name), f"ballot.name|{ballot_id}"),
        answers=box.seal(msgspec.json.encode(answers), f"ballot.answers|{ballot_id}"),
        ref=ref,
        at=room.unit.now,
    )
    room.unit.session.add(ballot)
    room.tell(ballot.seq, persons={seat.person: ((ballot_bytes(ballot, box),), ())})
    return True


async def _own(room: Room, poll_id: str, person: str) -> Ballot | None:
    await room.unit.session.flush()
    query = select(Ballot).where(Ballot.poll_id == poll_id, Ballot.person == person)
    return (await room.unit.session.execute(query)).scalar_one_or_none()


async def _count(room: Room, poll: Poll, item: PollItem, given: Given) -> None:
    for choice, number in {"": 1, **given.choices}.items():
        key = ("poll", poll.id, item.id, choice)
        known = room.unit.memo.get(key)
        row = known if isinstance(known, PollCount) else await room.unit.session.get(PollCount, (poll.id, item.id, choice))
        if row is None:
            row = PollCount(poll_id=poll.id, item=item.id, choice=choice, n=0)
            room.unit.session.add(row)
        row.n += number
        room.unit.memo[key] = row


async def _keep_texts(room: Room, seat: Seat, poll: Poll, item: PollItem, texts: Sequence[str]) -> None:
    box = room.box if poll.anonymous else await room.box_of(seat.person)
    for text in texts:
        text_id = new_id()
        row = PollText(
            id=text_id,
            webinar_id=room.row.id,
            poll_id=poll.id,
            item=item.id,
            person="" if poll.anonymous else seat.person,
            text=box.seal(text, f"poll_text.text|{text_id}"),
            held=held_by(room.row.words, text),
        )
        room.unit.session.add(row)


def _read(items: Sequence[PollItem], answers: Mapping[str, Answer]) -> list[tuple[PollItem, Given]]:
    """Every answer by its question. Raises for one that does not fit."""
    known = {item.id: item for item in items}
    if not answers or any(name not in known for name in answers):
        raise _unfit()
    if any(item.required and item.id not in answers for item in items):
        raise Problem("poll.answers", "Please answer the questions that are marked.", status=422)
    return [(known[name], _fit(known[name], answer)) for name, answer in answers.items()]


def _fit(item: PollItem, answer: Answer) -> Given:
    ids = [option.id for option in item.options]
    match item.kind, answer:
        case (("single" | "quiz"), str()) if answer in ids:
            return Given({answer: 1})
        case "several", list() if 1 <= len(set(answer)) <= (item.max or len(ids)) and set(answer) <= set(ids):
            if len(set(answer)) >= item.min:
                return Given(dict.fromkeys(answer, 1))
        case "ranking", list() if sorted(answer) == sorted(ids):
            # Borda: the last gets one point, the first as many as there are.
            return Given({option: len(ids) - place for place, option in enumerate(answer)})
        case "rating", int() if 1 <= answer <= item.max and not isinstance(answer, bool):
            return Given({str(answer): 1})
        case "text", str() if 0 < len(text := clean(answer)) <= TEXT_MAX:
            return Given(texts=[text])
        case "words", list():
            words = [word for one in answer if (word := one_line(one, WORD_MAX).casefold())]
            if 0 < len(words) <= (item.max or 3):
                return Given(texts=sorted(set(words)))
    raise _unfit()


def _voted() -> Problem:
    return Problem("poll.voted", "You have answered this poll already.", status=409)


def _unfit() -> Problem:
    return Problem("poll.answers", "This answer does not fit the poll. Please look at it again.", status=422)
