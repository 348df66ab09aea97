"""Polls: results by question, and, of polls that were declared to be with names, who answered what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from sqlalchemy import select

from app.consent import marks
from app.privacy.vault import Box
from app.protocol.entities import Answer, PollItem
from app.reports.export.formats import Cell
from app.reports.export.sets import Source, Table, Wanted, opened
from app.rooms.models_polls import Ballot, Poll, PollCount, PollText
from app.rooms.poll_view import items_of


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How often one thing was chosen, or one answer in somebody's own words."""

    question: str
    item: str
    kind: str
    option: str = ""
    number: int | None = None
    text: str = ""


async def polls(source: Source, wanted: Wanted) -> Table:
    """Results of every poll that was opened."""
    columns = ["poll", "title", "state", "question", "kind", "option", "number", "text"]
    return Table(columns, _rows(source, wanted))


async def _rows(source: Source, wanted: Wanted) -> AsyncIterator[Sequence[Cell]]:
    query = select(Poll).where(Poll.webinar_id == wanted.webinar.id, Poll.state != "removed", Poll.opened_at.is_not(None))
    async for page in source.pages(query, Poll.number):
        for poll in page:
            for one in await results(source, poll):
                yield [poll.number, poll.title, poll.state, one.question, one.kind, one.option, one.number, one.text]


async def results(source: Source, poll: Poll) -> list[Result]:
    """Everything counted, then everything said; of people who restricted their data no words."""
    async with source.work.read() as session:
        counted = (await session.execute(select(PollCount).where(PollCount.poll_id == poll.id))).scalars().all()
        said = (await session.execute(select(PollText).where(PollText.poll_id == poll.id).order_by(PollText.id))).scalars().all()
        held = await marks.restricted(session, poll.webinar_id)
    counts = {(row.item, row.choice): row.n for row in counted}
    boxes = await source.vault.boxes_of(poll.webinar_id, {row.person for row in said} - {""})
    boxes = {**boxes, "": await source.vault.box(poll.webinar_id)}
    found = []
    for item in items_of(poll):
        found.append(Result(question=item.text, item=item.id, kind=item.kind, number=counts.get((item.id, ""), 0)))
        for choice, label in _choices(item).items():
            number = counts.get((item.id, choice), 0)
            found.append(Result(question=item.text, item=item.id, kind=item.kind, option=label, number=number))
        for row in said:
            if row.item == item.id and row.person not in held:
                text = opened(boxes.get(row.person), row.text, f"poll_text.text|{row.id}")
                found.append(Result(question=item.text, item=item.id, kind=item.kind, text=text))
    return found


async def ballots(source: Source, wanted: Wanted) -> Table:
    """One row for each answer of each person, in polls with names."""
    columns = ["poll", "title", *(["person", "name"] if wanted.named else []), "at", "question", "answer"]
    return Table(columns, _ballot_rows(source, wanted))


async def _ballot_rows(source: Source, wanted: Wanted) -> AsyncIterator[Sequence[Cell]]:
    async with source.work.read() as session:
        query = select(Poll).where(Poll.webinar_id == wanted.webinar.id, Poll.state != "removed")
        known = {poll.id: poll for poll in (await session.execute(query)).scalars()}
    async for page in source.pages(select(Ballot).where(Ballot.webinar_id == wanted.webinar.id), Ballot.id):
        rows, boxes = await source.free(wanted.webinar.id, page, "person")
        for row in rows:
            poll, box = known.get(row.poll_id), boxes.get(row.person)
            if poll is None or box is None:
                continue
            who = (row.person, opened(box, row.name, f"ballot.name|{row.id}")) if wanted.named else ()
            for item, text in _answers(poll, row, box):
                yield [poll.number, poll.title, *who, row.at, item, text]


def _answers(poll: Poll, row: Ballot, box: Box) -> list[tuple[str, str]]:
    blob = opened(box, row.answers, f"ballot.answers|{row.id}")
    given: Mapping[str, Answer] = msgspec.json.decode(blob, type=dict[str, Answer]) if blob else {}
    items = {item.id: item for item in items_of(poll)}
    return [(items[name].text, _words(items[name], answer)) for name, answer in given.items() if name in items]


def _words(item: PollItem, answer: Answer) -> str:
    labels = _choices(item)
    if isinstance(answer, list):
        return ", ".join(labels.get(one, one) for one in answer)
    return labels.get(str(answer), str(answer))


def _choices(item: PollItem) -> dict[str, str]:
    if item.kind == "rating":
        return {str(value): str(value) for value in range(1, item.max + 1)}
    return {option.id: option.text for option in item.options}
