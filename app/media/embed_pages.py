"""The player inside other people's pages, and the organiser's page that says where."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.consent import items
from app.core.errors import Problem
from app.core.http import form, lang_of, page, see_other
from app.core.permissions import Permission
from app.core.unit import Work
from app.media import embed
from app.rooms import webinars
from app.rooms.door import Closed, Door
from app.rooms.models import Webinar
from app.rooms.seats import Seats, webinar_by_slug


class EmbedPages:
    """Handlers and their routes."""

    def __init__(self, work: Work, seats: Seats, door: Door, origin: str) -> None:
        self._work = work
        self._seats = seats
        self._door = door
        self._origin = origin

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/embed/{slug}", self.show),
            Route("/admin/webinars/{webinar}/embed", self.settings, methods=["GET", "POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The player. Needs no cookie and no storage; a seat of a registered participant comes after the ``#``, never to us."""
        row = await webinar_by_slug(self._work, request.path_params["slug"], publications=webinars.OPEN_TO_ALL)
        async with self._work.read() as session:
            setting = await embed.of_webinar(session, row.id)
            # Where people must agree to be recorded before they take part, the frame only shows: taking part is in the room.
            asked = row.recording and (await items.setup(session, row.id)).ask_recording
        interaction = setting.interaction and not asked
        request.scope["state"]["frame_ancestors"] = embed.ancestors(setting)
        boot: dict[str, Any] = {
            "webinar": row.id, "slug": row.slug, "lang": lang_of(request), "live": f"/live/{row.id}", "crew": False,
            "hosts": setting.hosts, "interaction": interaction, "room": f"{self._origin}/w/{row.slug}",
        }  # fmt: skip
        found = await self._door.enter(row, None)
        if isinstance(found, Closed):
            boot["closed"] = True
        else:
            ticket, seat = self._seats.participant(row.id, found.person, boot["lang"], name=found.name, session=found.session)
            boot |= {"ticket": ticket, "seat": seat}
        return page(request, "rooms/embed.html", webinar=row, boot=boot, interaction=interaction)

    @needs(Permission.WEBINAR_EDIT)
    async def settings(self, request: Request) -> Response:
        """Where it may be embedded, and the code for it."""
        row = await self._own(request)
        if request.method == "GET":
            async with self._work.read() as session:
                setting = await embed.of_webinar(session, row.id)
            return self._page(request, row, "\n".join(setting.hosts), interaction=setting.interaction)
        values = await form(request, {"hosts", "interaction"})
        interaction = "interaction" in values
        try:
            async with self._work.unit() as unit:
                await embed.change(unit, row.id, values.get("hosts", ""), interaction=interaction)
        except Problem as problem:
            return self._page(request, row, values.get("hosts", ""), interaction=interaction, problem=problem)
        return see_other(f"/admin/webinars/{row.id}/embed?saved=1")

    def _page(self, request: Request, row: Webinar, hosts: str, *, interaction: bool, problem: Problem | None = None) -> Response:
        address = f"{self._origin}/embed/{row.slug}"
        height = "aspect-ratio:16/9" if not interaction else "height:38rem"
        code = (
            f'<iframe src="{address}" style="width:100%;{height};border:0" allow="fullscreen; picture-in-picture; autoplay" '
            f'allowfullscreen referrerpolicy="no-referrer" title="{row.title.replace(chr(34), "”")}"></iframe>'
        )
        context = {"webinar": row, "hosts": hosts, "interaction": interaction, "code": code, "problem": problem}
        return page(request, "admin/embed.html", status=problem.status if problem else 200, **context)

    async def _own(self, request: Request) -> Webinar:
        async with self._work.read() as session:
            return await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])
