"""The statistics of a webinar: figures and charts drawn by the server, with a table under each, and a file."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.core.http import lang_of, page
from app.core.permissions import Permission
from app.core.unit import Work
from app.reports.statistics import Statistics, statistics, statistics_csv
from app.rooms import webinars
from app.rooms.models import Webinar
from app.rooms.pages import view


class StatisticsPages:
    """Handlers and their routes."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/admin/webinars/{webinar}/statistics", self.statistics),
            Route("/admin/webinars/{webinar}/statistics.csv", self.download),
        ]

    @needs(Permission.STATISTICS_SEE)
    async def statistics(self, request: Request) -> Response:
        """The page."""
        row, content = await self._read(request)
        return page(request, "reports/statistics.html", webinar=view(row), figures=content)

    @needs(Permission.STATISTICS_SEE)
    async def download(self, request: Request) -> Response:
        """The same as CSV."""
        row, content = await self._read(request)
        headers = {"Content-Disposition": f'attachment; filename="{row.slug}-statistics.csv"', "Cache-Control": "no-store"}
        return Response(statistics_csv(content), media_type="text/csv", headers=headers)

    async def _read(self, request: Request) -> tuple[Webinar, Statistics]:
        async with self._work.read() as session:
            row = await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])
            return row, await statistics(session, row.id, row.zone, lang_of(request))
