"""Polls as each lane may see them: results only where and when they are meant to be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import millis
from app.live.change import Own
from app.privacy.vault import Box, Vault
from app.protocol.entities import By, ItemTally, MyBallotEntity, PollEntity, PollItem, encode
from app.rooms.models_polls import Ballot, Poll, PollCount, PollText
from app.rooms.room import Room
from app.rooms.sources import Look, Part

TEXTS, WORDS = 100, 60
READ = 5000
"""Newest texts that are looked at for a tally."""

Tally = dict[str, ItemTally]


def items_of(poll: Poll) -> list[PollItem]:
    """What it asks."""
    return msgspec.convert(poll.items, list[PollItem])


def public(poll: Poll) -> bool:
    """Whether the audience sees it."""
    return poll.state in ("open", "closed")


def open_to_all(poll: Poll) -> bool:
    """Whether the whole audience sees results now."""
    return poll.results == "always" or (poll.state == "closed" and poll.results != "crew")


async def told(room: Room, poll: Poll) -> None:
    """Tell both lanes; gone where it is not to be seen any more."""
    await room.unit.session.flush()
    crew_tally, tally = await tallies(room.unit.session, poll, await _reader(room, poll))
    name = f"poll/{poll.id}"
    shown = public(poll)
    poll.seen = poll.seen or shown
    room.tell(
        poll.seq,
        audience=(audience_bytes(poll, tally),) if shown else (),
        gone_audience=(name,) if poll.seen and not shown else (),
        crew=() if poll.state == "removed" else (crew_bytes(poll, crew_tally, room.box),),
        gone_crew=(name,) if poll.state == "removed" else (),
    )


async def _reader(room: Room, poll: Poll) -> Mapping[str, Box]:
    query = select(PollText.person).where(PollText.poll_id == poll.id).distinct()
    persons = set((await room.unit.session.execute(query)).scalars())
    return await boxes_for(room, persons)


async def boxes_for(room: Room, persons: Collection[str]) -> dict[str, Box]:
    """Readers of what people wrote; nobody's own words are under the webinar's key."""
    return {**await room.readers_of(persons), "": room.box}


async def tallies(session: AsyncSession, poll: Poll, boxes: Mapping[str, Box]) -> tuple[Tally, Tally]:
    """Results for the crew, and for everybody: without what a word of the organiser holds."""
    counts = (await session.execute(select(PollCount).where(PollCount.poll_id == poll.id))).scalars().all()
    query = select(PollText).where(PollText.poll_id == poll.id).order_by(PollText.id).limit(READ)
    said: dict[str, list[tuple[str, bool]]] = {}
    for row in (await session.execute(query)).scalars():
        box = boxes.get(row.person)
        if box is not None:
            said.setdefault(row.item, []).append((box.open_text(row.text, f"poll_text.text|{row.id}"), row.held))
    items = items_of(poll)
    numbers: dict[str, dict[str, int]] = {item.id: {} for item in items}
    for count in counts:
        numbers.setdefault(count.item, {})[count.choice] = count.n
    crew = {item.id: _item(item, numbers[item.id], [text for text, _ in said.get(item.id, [])]) for item in items}
    free = {item.id: _item(item, numbers[item.id], [text for text, held in said.get(item.id, []) if not held]) for item in items}
    return crew, free


def _item(item: PollItem, counts: Mapping[str, int], texts: list[str]) -> ItemTally:
    n = counts.get("", 0)
    by_option = {option.id: counts.get(option.id, 0) for option in item.options}
    if item.kind == "rating":
        ratings = {str(value): counts.get(str(value), 0) for value in range(1, item.max + 1)}
        mean = sum(int(value) * count for value, count in ratings.items()) / n if n else None
        return ItemTally(n=n, ratings=ratings, mean=round(mean, 2) if mean is not None else None)
    if item.kind == "ranking":
        return ItemTally(n=n, points=by_option)
    if item.kind == "words":
        together = Counter(texts)
        # The most said first; of equals by the alphabet, so that the cloud does not dance.
        return ItemTally(n=n, words=sorted(together.items(), key=lambda pair: (-pair[1], pair[0]))[:WORDS])
    if item.kind == "text":
        return ItemTally(n=n, texts=texts[-TEXTS:])
    return ItemTally(n=n, options=by_option)


def audience_bytes(poll: Poll, tally: Tally) -> bytes:
    """What everybody sees: no results before their time, no right answers before the end."""
    closed = poll.state == "closed"
    items = [item if closed else msgspec.structs.replace(item, right=[]) for item in items_of(poll)]
    return encode(_entity(poll, items, tally if open_to_all(poll) else None))


def crew_bytes(poll: Poll, tally: Tally, own: Box) -> bytes:
    """Everything but who chose what."""
    entity = _entity(poll, items_of(poll), tally)
    by = By(poll.by_id, own.open_text(poll.by_name, f"poll.by_name|{poll.id}")) if poll.by_id else None
    opens_at = millis(poll.opens_at) if poll.opens_at else None
    more = {"locked": poll.voters > 0, "version": poll.version, "by": by, "copied_from": poll.copied_from, "opens_at": opens_at}
    return encode(msgspec.structs.replace(entity, seconds=poll.seconds, **more))


def _entity(poll: Poll, items: list[PollItem], tally: Tally | None) -> PollEntity:
    return PollEntity(
        id=poll.id,
        seq=poll.seq,
        number=poll.number,
        title=poll.title,
        state=poll.state,
        items=items,
        anonymous=poll.anonymous,
        results=poll.results,
        place=poll.place,
        opened_at=millis(poll.opened_at) if poll.opened_at else None,
        closes_at=millis(poll.closes_at) if poll.closes_at else None,
        closed_at=millis(poll.closed_at) if poll.closed_at else None,
        voters=poll.voters,
        tally=tally,
    )


def ballot_bytes(ballot: Ballot, box: Box | None) -> bytes:
    """Somebody's own ballot."""
    answers = msgspec.json.decode(box.open(ballot.answers, f"ballot.answers|{ballot.id}")) if box else {}
    return encode(MyBallotEntity(id=ballot.poll_id, seq=ballot.seq, voted=True, answers=answers))


class PollSource:
    """Polls in copies of the room: implements the protocols of :mod:`app.rooms.sources`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def lane(self, look: Look, lane: str, after: int | None) -> Part:
        """Polls that changed after ``after``; all there are without it."""
        crew = lane == "crew"
        query = select(Poll).where(Poll.webinar_id == look.row.id)
        query = query.where(Poll.seq > after) if after is not None else query.where(Poll.state != "removed")
        rows = (await look.session.execute(query.order_by(Poll.number))).scalars().all()
        shown = [row for row in rows if (row.state != "removed" if crew else public(row))]
        entities = []
        for row in shown:
            crew_tally, tally = await tallies(look.session, row, await self._boxes(look.session, look.row.id, [row], look.box))
            entities.append(crew_bytes(row, crew_tally, look.box) if crew else audience_bytes(row, tally))
        gone = [row for row in rows if row not in shown and (crew or row.seen)]
        return Part(entities, [f"poll/{row.id}" for row in gone])

    async def owners(self, session: AsyncSession, webinar_id: str) -> Collection[str]:
        """Who answered a poll with names."""
        query = select(Ballot.person).where(Ballot.webinar_id == webinar_id).distinct()
        return list((await session.execute(query)).scalars())

    async def own(self, session: AsyncSession, webinar_id: str, persons: Collection[str] | None, after: int) -> Mapping[str, Own]:
        """Their ballots."""
        query = select(Ballot).where(Ballot.webinar_id == webinar_id, Ballot.seq > after)
        if persons is not None:
            query = query.where(Ballot.person.in_(persons))
        rows = (await session.execute(query)).scalars().all()
        boxes = await self._vault.boxes_of(webinar_id, {row.person for row in rows})
        result: dict[str, Own] = {}
        for row in rows:
            result.setdefault(row.person, Own([], [])).set.append(ballot_bytes(row, boxes.get(row.person)))
        return result

    async def _boxes(self, session: AsyncSession, webinar_id: str, polls: Iterable[Poll], box: Box) -> dict[str, Box]:
        query = select(PollText.person).where(PollText.poll_id.in_([poll.id for poll in polls])).distinct()
        persons = set((await session.execute(query)).scalars()) - {""}
        return {**(await self._vault.boxes_of(webinar_id, persons) if persons else {}), "": box}
