"""The captioner's page, the endpoint for speech-to-text services, and the transcript."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.core.errors import not_found
from app.core.http import body, page
from app.core.permissions import Permission
from app.core.tokens import Tokens
from app.core.unit import Work
from app.media import captions, languages
from app.privacy.vault import Vault
from app.rooms import webinars
from app.rooms.door import Closed, Door
from app.rooms.models import Webinar
from app.rooms.room import open_room
from app.rooms.seats import webinar_by_slug
from app.settings import Settings


class CaptionSaid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a line."""

    text: str


class CaptionPages:
    """Handlers and their routes."""

    def __init__(self, settings: Settings, work: Work, vault: Vault, door: Door) -> None:
        self._origin = settings.origin
        self._tokens = Tokens(settings.secret)
        self._work = work
        self._vault = vault
        self._door = door

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/caption/{token}", self.write),
            Route("/caption/{token}", self.say, methods=["POST"]),
            Route("/w/{slug}/transcript/{lang}.vtt", self.transcript),
            Route("/admin/webinars/{webinar}/captions", self.links),
        ]

    async def write(self, request: Request) -> Response:
        """Where a captioner writes; needs no account."""
        link, row = await self._linked(request)
        boot = {"address": request.url.path, "stream": f"/hls/{row.crew_token}/main.m3u8"}
        return page(request, "rooms/caption.html", webinar=row, language=languages.own_name(link.lang), boot=boot)

    async def say(self, request: Request) -> Response:
        """One line: ``{"text": "…"}``, from the page or from a service. Answered when it is committed."""
        link, row = await self._linked(request)
        said = await body(request, CaptionSaid)
        async with self._work.unit() as unit:
            room = await open_room(unit, self._vault, row.id)
            captions.say(room, link.lang, said.text)
        return Response(status_code=204)

    async def transcript(self, request: Request) -> Response:
        """All that was said, as WebVTT; behind the room's own door."""
        row = await webinar_by_slug(self._work, request.path_params["slug"], publications=webinars.OPEN_TO_ALL)
        if isinstance(await self._door.enter(row, request.query_params.get("seat")), Closed):
            raise not_found("transcript")
        box = await self._vault.box(row.id)
        async with self._work.read() as session:
            text = await captions.vtt(session, box, row.id, request.path_params["lang"])
        headers = {"Content-Disposition": f'attachment; filename="{row.slug}.vtt"', "Cache-Control": "no-store"}
        return Response(text, 200, headers, "text/vtt")

    @needs(Permission.WEBINAR_EDIT)
    async def links(self, request: Request) -> Response:
        """Links for captioners: the webinar's own language and each that is interpreted."""
        async with self._work.read() as session:
            row = await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])
            codes = {row.lang} | {one.code for one in await languages.of_webinar(session, row.id)}
        shown = [
            {"name": languages.own_name(code), "link": self._origin + captions.link(self._tokens, row, code)}
            for code in sorted(codes)
        ]
        return page(request, "admin/captions.html", webinar=row, links=shown)

    async def _linked(self, request: Request) -> tuple[captions.CaptionLink, Webinar]:
        link = captions.read_link(self._tokens, request.path_params["token"])
        async with self._work.read() as session:
            row = await session.get(Webinar, link.webinar)
        if row is None or row.crew_token != link.key or row.data_state in ("purging", "purged"):
            raise not_found("webinar")
        return link, row
