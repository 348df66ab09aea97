"""The statistics set: numbers of a webinar that tell of nobody. A number of people under five is not said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import Select, func, select

from app.consent import records
from app.consent.models import ConsentEvent
from app.privacy.thresholds import hide_small, total
from app.registration.models import Registrant
from app.reports.export.formats import Cell
from app.reports.export.sets import Source, Table, Wanted
from app.rooms.models import Message
from app.rooms.models_questions import Question

FEW = "fewer than 5"


async def statistics(source: Source, wanted: Wanted) -> Table:
    """Figures by name."""
    return Table(["figure", "of", "number"], _rows(source, wanted))


async def _rows(source: Source, wanted: Wanted) -> AsyncIterator[Sequence[Cell]]:
    webinar_id = wanted.webinar.id
    states = await _cells(source, _by(Registrant.state, Registrant.webinar_id == webinar_id))
    for name, cells in (
        ("registrants", states),
        ("consents given", await _cells(source, _given(webinar_id))),
        ("chat messages", await _cells(source, _by(Message.state, Message.webinar_id == webinar_id, Message.lane == "audience"))),
        ("questions", await _cells(source, _by(Question.state, Question.webinar_id == webinar_id))),
    ):
        for part, number in hide_small(cells).items():
            yield [name, part, FEW if number is None else number]
        if cells:
            whole = total(cells)
            yield [name, "all", FEW if whole is None else whole]


def _by(column: Any, *where: Any) -> Select[Any]:
    return select(column, func.count()).where(*where).group_by(column)


def _given(webinar_id: str) -> Select[Any]:
    rows = records.newest((ConsentEvent.webinar_id == webinar_id) & (ConsentEvent.state == "given"))
    counted: Select[Any] = rows.with_only_columns(ConsentEvent.purpose, func.count())  # type: ignore[assignment]
    return counted.group_by(ConsentEvent.purpose)


async def _cells(source: Source, query: Select[Any]) -> dict[str, int]:
    async with source.work.read() as session:
        return {str(name): int(number) for name, number in (await session.execute(query)).all()}
