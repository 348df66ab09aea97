"""The views beside the room over HTTP: their pages, their tickets, and the links the crew shares."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable

import msgspec
import segno
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.core.errors import not_found
from app.core.http import body, lang_of, page
from app.core.permissions import Permission
from app.core.tokens import Tokens
from app.core.unit import Work
from app.rooms import views
from app.rooms.models import Webinar
from app.rooms.seats import Seats, webinar_by_slug
from app.settings import Settings

PRIVATE = {"Cache-Control": "no-store"}


class ViewTicketWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a ticket request of a view."""

    view: str
    key: str
    seat: str | None = None


class ViewPages:
    """Handlers and their routes."""

    def __init__(self, settings: Settings, work: Work, tokens: Tokens, seats: Seats) -> None:
        self._settings = settings
        self._work = work
        self._tokens = tokens
        self._seats = seats

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            *(Route(f"/w/{{slug}}/{view}", self._page_of(view)) for view in views.VIEWS),
            Route("/w/{slug}/view-ticket", self.ticket, methods=["POST"]),
            Route("/w/{slug}/links", self.links, methods=["GET", "POST"]),
            Route("/w/{slug}/qr.svg", self.qr),
        ]

    async def ticket(self, request: Request) -> Response:
        """A fresh ticket for a view whose socket must come back."""
        wanted = await body(request, ViewTicketWanted)
        row = await webinar_by_slug(self._work, request.path_params["slug"])
        if wanted.view not in views.VIEWS:
            raise not_found()
        views.check(self._tokens, row, wanted.view, wanted.key)
        ticket, seat = self._admit(row, wanted.view, wanted.seat, lang_of(request))
        return JSONResponse({"ticket": ticket, "seat": seat}, headers=PRIVATE)

    @needs(Permission.ROOM_SETTINGS)
    async def links(self, request: Request) -> Response:
        """The links to share; ``POST`` makes new ones, and the old ones stop."""
        row = await self._own(request, renew=request.method == "POST")
        found = {view: self._link(row, view) for view in views.VIEWS}
        # The mark in the address makes the browser fetch the picture anew after new links.
        return JSONResponse({**found, "qr": f"/w/{row.slug}/qr.svg?mark={row.views_mark}"}, headers=PRIVATE)

    @needs(Permission.ROOM_SETTINGS)
    async def qr(self, request: Request) -> Response:
        """The hall's link as a QR code (ISO/IEC 18004)."""
        row = await self._own(request, renew=False)
        picture = io.BytesIO()
        segno.make(self._link(row, "hall"), error="m").save(picture, kind="svg", scale=8, border=2)
        return Response(picture.getvalue(), media_type="image/svg+xml", headers=PRIVATE)

    def _page_of(self, view: str) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            row = await webinar_by_slug(self._work, request.path_params["slug"])
            given = request.query_params.get("key", "")
            views.check(self._tokens, row, view, given)
            lang = lang_of(request)
            ticket, seat = self._admit(row, view, None, lang)
            boot = {
                "webinar": row.id, "slug": row.slug, "lang": lang, "live": f"/live/{row.id}", "crew": False,
                "ticket": ticket, "seat": seat, "view": view, "key": given,
            }  # fmt: skip
            shown = {"id": row.id, "slug": row.slug, "title": row.title}
            return page(request, f"views/{view}.html", webinar=shown, boot=boot)

        return show

    def _admit(self, row: Webinar, view: str, seat: str | None, lang: str) -> tuple[str, str | None]:
        """Ticket and seat. The mark of the links is the ticket's session, so that new links close what is open by the old ones."""
        person = self._seats.person_of(row.id, seat) if view == "hall" else row.views_mark
        ticket, _ = self._seats.participant(row.id, person, lang, session=row.views_mark, view=view)
        return ticket, self._seats.seat(row.id, person) if view == "hall" else None

    def _link(self, row: Webinar, view: str) -> str:
        return f"{self._settings.origin}/w/{row.slug}/{view}?key={views.key(self._tokens, row, view)}"

    async def _own(self, request: Request, *, renew: bool) -> Webinar:
        row = await webinar_by_slug(self._work, request.path_params["slug"])
        if row.account_id != staff_of(request).account_id:
            raise not_found("webinar")
        if row.views_mark and not renew:
            return row
        async with self._work.unit() as unit:
            return await views.marked(unit, row.id, renew=renew)
