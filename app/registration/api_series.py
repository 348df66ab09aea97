"""A webinar again, for programs: duplicates with all settings and nothing of its participants, and series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from app.core.api import Answer, Body, Call, Content, Endpoint
from app.core.permissions import Permission
from app.registration import series
from app.registration.series import Repeat
from app.rooms.api import Moment, Title, WebinarContent, own, webinar_content


class DuplicateNew(Body, frozen=True, kw_only=True):
    """How it is repeated: `count` drafts, `days` apart by the clock of its zone; several are a series together with it."""

    title: Title
    starts_at: Moment
    count: Annotated[int, Meta(ge=1, le=series.SESSIONS_MAX)] = 1
    days: Annotated[int, Meta(ge=1, le=366)] = 7


class WebinarList(Content, frozen=True, kw_only=True):
    """Webinars in their order."""

    items: list[WebinarContent]


class SeriesApi:
    """Endpoints."""

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        of, tag = "/webinars/{webinar}", "Webinars"
        return [
            Endpoint(method="POST", path=of + "/duplicates", name="duplicateWebinar", summary="Drafts like this one, or a series", tag=tag,
                     needs=Permission.WEBINAR_EDIT, handler=self.duplicate, again=self.sessions, body=DuplicateNew, answer=WebinarList,
                     status=201),
            Endpoint(method="GET", path=of + "/series", name="listSeries", summary="All sessions of the series it is part of", tag=tag,
                     needs=Permission.WEBINAR_SEE, handler=self.sessions, answer=WebinarList),
        ]  # fmt: skip

    async def duplicate(self, call: Call[DuplicateNew]) -> Answer:
        """The new ones."""
        row, said = await own(call), call.body
        wanted = Repeat(" ".join(said.title.split()), said.starts_at, said.count, said.days)
        made = await series.duplicate(call.unit, row.account_id, row.id, wanted)
        await call.session.flush()
        return Answer(content=self._list(made))

    async def sessions(self, call: Call[Any]) -> Answer:
        """Empty for a webinar that stands alone."""
        return Answer(content=self._list(await series.sessions(call.session, (await own(call)).id)))

    def _list(self, rows: Sequence[Any]) -> WebinarList:
        return WebinarList(items=[webinar_content(row, self._origin) for row in rows])
