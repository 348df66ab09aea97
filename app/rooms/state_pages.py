"""What people see while nothing is on air: a text and a picture for each state, set by the organiser or from the console."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.accounts.staff import Current
from app.core.errors import not_found
from app.core.http import see_other, upload, wants_page
from app.core.permissions import Permission
from app.core.unit import Work
from app.privacy.vault import Vault
from app.rooms import broadcast, pictures, webinars
from app.rooms.room import open_room
from app.rooms.seats import webinar_by_slug

UPLOADS = ((re.compile(r"/admin/webinars/[\w-]{20}/states/[a-z]{1,10}"), pictures.UPLOAD_MAX + 64 * 1024),)
"""Addresses that take more than the body limit."""


class StatePages:
    """Handlers and their routes."""

    def __init__(self, work: Work, vault: Vault) -> None:
        self._work = work
        self._vault = vault

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/w/{slug}/pictures/{picture}", self.picture),
            Route("/admin/webinars/{webinar}/states/{state}", self.set, methods=["POST"]),
        ]

    async def picture(self, request: Request) -> Response:
        """A picture of a webinar that is open to all, or of the own account."""
        row = await webinar_by_slug(self._work, request.path_params["slug"])
        who = request.state.staff
        own = isinstance(who, Current) and who.account_id == row.account_id
        if row.publication not in (*webinars.OPEN_TO_ALL, "cancelled") and not own:
            raise not_found("webinar")
        async with self._work.read() as session:
            body = await pictures.get(session, row.id, request.path_params["picture"])
        # An hour, not for ever: what was erased must not live on in a cache.
        headers = {"Cache-Control": "private, max-age=3600", "Content-Security-Policy": "default-src 'none'"}
        return Response(body, media_type=pictures.MEDIA_TYPE, headers=headers)

    @needs(Permission.ROOM_SETTINGS)
    async def set(self, request: Request) -> Response:
        """Text and picture of one state; everybody in the room sees them at once."""
        who, state = staff_of(request), request.path_params["state"]
        async with self._work.read() as session:
            row = await webinars.one_of(session, who.account_id, request.path_params["webinar"])
        values, files = await upload(request, {"text", "remove"}, {"picture"})
        body = await pictures.remake(files["picture"]) if "picture" in files else None
        async with self._work.unit() as unit:
            room = await open_room(unit, self._vault, row.id)
            if body is not None:
                await pictures.put(room, state, body)
            elif values.get("remove"):
                await pictures.take_away(room, state)
            if state != "any" and "text" in values:
                broadcast.set_text(room, state, values["text"])
            broadcast.announce(room)
        if not wants_page(request):
            return Response(status_code=204)
        return see_other(f"/admin/webinars/{row.id}/edit?saved=1")
