"""Polls and their results for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.core.api import Answer, Call, Content, Endpoint, Listing, cursor_of
from app.core.permissions import Permission
from app.reports.export.polls import results
from app.reports.export.sets import Source
from app.rooms.api import own
from app.rooms.models_polls import Poll


class ResultContent(Content, frozen=True, kw_only=True):
    """How often something was chosen; with an empty `option` how many answered. Or an answer in somebody's own words."""

    question: str
    kind: str
    option: str
    number: int | None
    text: str


class PollContent(Content, frozen=True, kw_only=True):
    """A poll with its results."""

    id: str
    number: int
    title: str
    state: str
    anonymous: bool
    voters: int
    opened_at: datetime | None
    closed_at: datetime | None
    results: list[ResultContent]


class PollPage(Content, frozen=True, kw_only=True):
    """A page of polls."""

    items: list[PollContent]
    next: str | None


class PollApi:
    """Endpoints of polls."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        return [
            Endpoint(
                method="GET",
                path="/webinars/{webinar}/polls",
                name="listPolls",
                summary="All polls with their results, by number",
                tag="Polls",
                needs=Permission.POLLS_MANAGE,
                handler=self.list,
                query=Listing,
                answer=PollPage,
            )
        ]

    async def list(self, call: Call[Any]) -> Answer:
        """Who chose what is not here; for polls with names make the export *ballots*."""
        row = await own(call)
        query = select(Poll).where(Poll.webinar_id == row.id, Poll.state != "removed")
        if (after := call.query.after(int)) is not None:
            query = query.where(Poll.number > after)
        rows = (await call.session.execute(query.order_by(Poll.number).limit(call.query.number + 1))).scalars().all()
        shown = rows[: call.query.number]
        more = cursor_of(shown[-1].number) if len(rows) > len(shown) else None
        return Answer(content=PollPage(items=[await self._content(poll) for poll in shown], next=more))

    async def _content(self, poll: Poll) -> PollContent:
        return PollContent(
            id=poll.id,
            number=poll.number,
            title=poll.title,
            state=poll.state,
            anonymous=poll.anonymous,
            voters=poll.voters,
            opened_at=poll.opened_at,
            closed_at=poll.closed_at,
            results=[
                ResultContent(question=one.question, kind=one.kind, option=one.option, number=one.number, text=one.text)
                for one in await results(self._source, poll)
            ],
        )
