"""What the statistics page shows, with every cell under five hidden and others with it where a total would give it away."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import i18n
from app.live.minutes import CLASSES, JOINS, WATCHING
from app.live.models import MinuteCount, StayCount
from app.privacy.thresholds import FLOOR, hide_small, total
from app.protocol.entities import PollItem
from app.rooms.models_polls import Poll, PollCount

BARS = 48
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440)

CHOSEN = ("single", "several", "quiz")
"""Kinds of questions whose answers are options; words and texts are no figures."""

Cells = list[tuple[str, int | None]]


class Statistics(msgspec.Struct, kw_only=True):
    """Everything of one webinar that may be shown. None stands for fewer than five."""

    step: int
    """Minutes in one cell of the curves."""
    peak: int | None
    joins: int | None
    watching: Cells
    joining: Cells
    stays: Cells
    reactions: Cells
    polls: list[tuple[str, Cells]]
    """Each question of a poll that is closed, with how often each of its options was chosen."""
    counted: bool
    """False when nobody was ever here."""


async def statistics(session: AsyncSession, webinar_id: str, zone: str, lang: str) -> Statistics:
    """Read and make safe."""
    query = select(MinuteCount).where(MinuteCount.webinar_id == webinar_id).order_by(MinuteCount.at)
    rows = list((await session.execute(query)).scalars())
    watching = {row.at: row.n for row in rows if row.what == WATCHING}
    joins = {row.at: row.n for row in rows if row.what == JOINS}
    kinds: Counter[str] = Counter()
    for row in rows:
        if row.what.startswith("reactions."):
            kinds[row.what.removeprefix("reactions.")] += row.n
    query_stays = select(StayCount.minutes, StayCount.n).where(StayCount.webinar_id == webinar_id)
    stays = dict.fromkeys(CLASSES, 0)
    for minutes, n in (await session.execute(query_stays)).all():
        stays[minutes] = n
    polls = await _polls(session, webinar_id)
    times = sorted(watching.keys() | joins.keys())
    step = _step(times)
    peak = max(watching.values(), default=0)
    return Statistics(
        step=step,
        peak=peak if not 0 < peak < FLOOR else None,
        joins=total(_in_steps(joins, times, step, sum)),
        watching=_curve(_floored(_in_steps(watching, times, step, max)), zone, lang),
        joining=_curve(hide_small(_in_steps(joins, times, step, sum)), zone, lang),
        stays=[(_class_name(lower), n) for lower, n in hide_small(stays).items()] if any(stays.values()) else [],
        reactions=sorted(hide_small(kinds).items(), key=lambda cell: -(cell[1] or 0)),
        polls=polls,
        counted=bool(rows or polls or any(stays.values())),
    )


def statistics_csv(content: Statistics) -> str:
    """The same figures for spreadsheets (RFC 4180); a hidden cell says so."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("what", "cell", "count"))
    parts = {
        "watching": content.watching,
        "joins": content.joining,
        "minutes stayed": content.stays,
        "reactions": content.reactions,
        **{f"poll: {question}": cells for question, cells in content.polls},
    }
    for what, cells in parts.items():
        writer.writerows((plain(what), plain(name), f"fewer than {FLOOR}" if n is None else n) for name, n in cells)
    return out.getvalue()


def plain(text: str) -> str:
    """Text that a spreadsheet would run as a formula, made harmless."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


async def _polls(session: AsyncSession, webinar_id: str) -> list[tuple[str, Cells]]:
    closed = select(Poll).where(Poll.webinar_id == webinar_id, Poll.state.in_(("closed", "archived"))).order_by(Poll.number)
    polls = (await session.execute(closed)).scalars().all()
    query = select(PollCount).where(PollCount.poll_id.in_([poll.id for poll in polls]))
    counts = {(row.poll_id, row.item, row.choice): row.n for row in (await session.execute(query)).scalars()}
    found: list[tuple[str, Cells]] = []
    for poll in polls:
        for item in msgspec.convert(poll.items, list[PollItem]):
            options = [(option.id, option.text) for option in item.options] if item.kind in CHOSEN else []
            if item.kind == "rating":
                options = [(str(mark), str(mark)) for mark in range(1, item.max + 1)]
            cells = hide_small({key: counts.get((poll.id, item.id, key), 0) for key, _ in options})
            if any(n != 0 for n in cells.values()):
                found.append((item.text, [(text, cells[key]) for key, text in options]))
    return found


def _step(times: Sequence[datetime]) -> int:
    if not times:
        return 1
    minutes = (times[-1] - times[0]).total_seconds() / 60 + 1
    return next((step for step in STEPS if minutes / step <= BARS), STEPS[-1])


def _in_steps(
    counts: Mapping[datetime, int], times: Sequence[datetime], step: int, together: Callable[[list[int]], int]
) -> dict[datetime, int]:
    """Counts in cells of ``step`` minutes from the first to the last time, empty cells too."""
    if not times:
        return {}
    cells: dict[datetime, list[int]] = {}
    width = timedelta(minutes=step)
    at = times[0]
    while at <= times[-1]:
        cells[at] = [0]
        at += width
    for moment, n in counts.items():
        cells[times[0] + (moment - times[0]) // width * width].append(n)
    return {at: together(values) for at, values in cells.items()}


def _floored(cells: Mapping[datetime, int]) -> dict[datetime, int | None]:
    return {at: None if 0 < n < FLOOR else n for at, n in cells.items()}


def _curve(cells: Mapping[datetime, int | None], zone: str, lang: str) -> Cells:
    return [(i18n.clock_time(at, lang, zone), n) for at, n in cells.items()]


def _class_name(lower: int) -> str:
    place = CLASSES.index(lower)
    return f"{lower}–{CLASSES[place + 1]}" if place + 1 < len(CLASSES) else f"{lower}+"
