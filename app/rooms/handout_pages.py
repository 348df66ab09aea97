"""Handouts over HTTP: put there by the crew, fetched by a link that is good for five minutes."""

from __future__ import annotations

import re

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.core.errors import not_found
from app.core.http import upload
from app.core.permissions import Permission
from app.core.tokens import TokenExpired, TokenInvalid, Tokens
from app.core.unit import Work
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.rooms import handouts
from app.rooms.models_people import Handout
from app.rooms.room import open_room
from app.rooms.seats import webinar_by_slug

LINK_SECONDS = 300
UPLOADS = ((re.compile(r"/w/[a-z0-9-]{3,60}/handouts"), handouts.SIZE_MAX + 64 * 1024),)
"""Addresses that take more than the body limit."""


class HandoutLink(msgspec.Struct, frozen=True):
    """What a link says."""

    webinar: str
    handout: str


def link(tokens: Tokens, slug: str, webinar_id: str, handout_id: str) -> str:
    """The address of a handout, for five minutes."""
    return f"/w/{slug}/handouts/{tokens.sign('handout', HandoutLink(webinar_id, handout_id))}"


class HandoutPages:
    """Handlers and their routes."""

    def __init__(self, work: Work, vault: Vault, tokens: Tokens, shelf: Shelf) -> None:
        self._work = work
        self._vault = vault
        self._tokens = tokens
        self._shelf = shelf

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/w/{slug}/handouts", self.add, methods=["POST"]),
            Route("/w/{slug}/handouts/{link}", self.get),
        ]

    @needs(Permission.ROOM_SETTINGS)
    async def add(self, request: Request) -> Response:
        """Hand a file out."""
        row = await webinar_by_slug(self._work, request.path_params["slug"])
        if row.account_id != staff_of(request).account_id:
            raise not_found("webinar")
        values, files = await upload(request, {"title"}, {"file"})
        cleaned = await handouts.clean(files.get("file", b""))
        async with self._work.unit() as unit:
            room = await open_room(unit, self._vault, row.id)
            handout = await handouts.add(room, self._vault, self._shelf, values.get("title", ""), cleaned)
        return JSONResponse({"handout": handout.id}, status_code=201)

    async def get(self, request: Request) -> Response:
        """The file, never shown inside our pages' origin: always saved."""
        row = await webinar_by_slug(self._work, request.path_params["slug"])
        try:
            known = self._tokens.read("handout", request.path_params["link"], HandoutLink, max_age=LINK_SECONDS)
        except (TokenExpired, TokenInvalid):
            raise not_found("link") from None
        async with self._work.read() as session:
            handout = await session.get(Handout, known.handout)
        if handout is None or handout.gone or not handout.webinar_id == row.id == known.webinar:
            raise not_found("link")
        headers = {
            "Content-Disposition": f'attachment; filename="{handouts.file_name(handout)}"',
            "Content-Length": str(handout.size),
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        body = await handouts.chunks(self._vault, self._shelf, handout)
        return StreamingResponse(body, media_type=handout.type, headers=headers)
