"""All sets that can be exported, as pages and API list them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from sqlalchemy import func, select

from app.consent.models import ConsentEvent
from app.core.i18n import words
from app.registration import form as forms
from app.registration.models import Registrant
from app.reports.export import figures, polls, sets
from app.reports.export.sets import Source, Table, Wanted
from app.rooms.models import Message
from app.rooms.models_polls import Ballot, Poll, PollText
from app.rooms.models_questions import Question


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One set as the page lists it."""

    title: str
    about: str
    table: Callable[[Source, Wanted], Awaitable[Table]]
    counted: Any = None
    """The table whose rows of a webinar say how much there is; None for a set that is always small."""
    has_names: bool = True


KINDS = {
    "registrants": Kind(
        title=words("Registrants"),
        about=words("Who registered, their state and their answers."),
        table=sets.registrants,
        counted=Registrant,
    ),
    "consents": Kind(
        title=words("Consents"),
        about=words("Where everybody stands on every consent now, in which words."),
        table=sets.consents,
        counted=ConsentEvent,
    ),
    "attendance": Kind(
        title=words("Attendance"),
        about=words("Who came and who did not."),
        table=sets.attendance,
        counted=Registrant,
    ),
    "chat": Kind(
        title=words("Chat"),
        about=words("Everything said that was not removed."),
        table=sets.chat,
        counted=Message,
    ),
    "questions": Kind(
        title=words("Questions"),
        about=words("All questions with answers and votes."),
        table=sets.questions,
        counted=Question,
    ),
    "polls": Kind(
        title=words("Polls"),
        about=words("Results of every poll, and answers in people's own words."),
        table=polls.polls,
        counted=PollText,
        has_names=False,
    ),
    "ballots": Kind(
        title=words("Poll answers by person"),
        about=words("Who answered what, in polls that said they are with names."),
        table=polls.ballots,
        counted=Ballot,
    ),
    "statistics": Kind(
        title=words("Statistics"),
        about=words("Numbers that tell of nobody."),
        table=figures.statistics,
        has_names=False,
    ),
}


async def count(source: Source, kind: str, webinar_id: str) -> int:
    """About how many rows a set has."""
    table = KINDS[kind].counted
    if table is None:
        return 0
    async with source.work.read() as session:
        query = select(func.count()).select_from(table).where(table.webinar_id == webinar_id)
        return int((await session.execute(query)).scalar_one())


async def offered(source: Source, webinar_id: str) -> list[str]:
    """Sets that this webinar has: attendance only where it is kept, registrants where people register, ballots where a poll is with names."""
    async with source.work.read() as session:
        plan = await forms.load(session, webinar_id)
        query = select(Poll.id).where(Poll.webinar_id == webinar_id, ~Poll.anonymous, Poll.state != "removed")
        named = (await session.execute(query.limit(1))).first() is not None
    without = {"attendance"} if not plan.policy.attendance else set()
    without |= set() if named else {"ballots"}
    without |= set() if plan.policy.on else {"registrants", "attendance"}
    return [kind for kind in KINDS if kind not in without]
