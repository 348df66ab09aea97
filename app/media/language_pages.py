"""Pages of languages: the organiser's list with links, and the interpreters' own page, which needs no account."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.core.errors import Problem, not_found
from app.core.http import form, lang_of, page, see_other
from app.core.ice import IceServers
from app.core.ids import is_id, new_id
from app.core.permissions import Permission, Role
from app.core.tokens import Tokens
from app.core.unit import Work
from app.media import languages
from app.media.models import Language
from app.rooms import webinars
from app.rooms.models import Webinar
from app.rooms.seats import Seats, interpreter_token
from app.settings import Settings


class LanguagePages:
    """Handlers and their routes."""

    def __init__(self, settings: Settings, work: Work) -> None:
        self._settings = settings
        self._ice = IceServers(settings, work.clock)
        self._work = work
        self._tokens = Tokens(settings.secret)
        self._seats = Seats(self._tokens, work)

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/admin/webinars/{webinar}/languages", self.list, methods=["GET", "POST"]),
            Route("/admin/webinars/{webinar}/languages/{language}", self.change, methods=["POST"]),
            Route("/interpret/{token}", self.interpret),
            Route("/interpret/{token}/ticket", self.ticket, methods=["POST"]),
        ]

    @needs(Permission.WEBINAR_EDIT)
    async def list(self, request: Request) -> Response:
        """All languages, with the links to give to interpreters; POST adds one."""
        row = await self._own(request)
        problem = None
        if request.method == "POST":
            values = await form(request, {"code"})
            try:
                async with self._work.unit() as unit:
                    await languages.add(unit, row.id, values.get("code", ""))
                return see_other(f"/admin/webinars/{row.id}/languages")
            except Problem as error:
                problem = error
        async with self._work.read() as session:
            found = await languages.of_webinar(session, row.id)
        there = {one.code for one in found}
        offered = [one for one in languages.offered() if one[0] not in there]
        shown = [
            {
                "id": one.id,
                "name": languages.own_name(one.code),
                "link": self._settings.origin + languages.link(self._tokens, one),
            }
            for one in found
        ]
        context = {"webinar": row, "languages": shown, "offered": offered, "problem": problem}
        return page(request, "admin/languages.html", status=problem.status if problem else 200, **context)

    @needs(Permission.WEBINAR_EDIT)
    async def change(self, request: Request) -> Response:
        """Take a language away, or make its link anew."""
        row = await self._own(request)
        values = await form(request, {"do"})
        async with self._work.unit() as unit:
            verb = languages.renew if values.get("do") == "renew" else languages.remove
            await verb(unit, row.id, request.path_params["language"])
        return see_other(f"/admin/webinars/{row.id}/languages")

    async def interpret(self, request: Request) -> Response:
        """The interpreters' page."""
        language, row = await self._linked(request)
        request.scope["state"]["devices"] = True
        person, name = new_id(), languages.own_name(language.code)
        lang = lang_of(request)
        boot: dict[str, Any] = {
            "webinar": row.id, "slug": row.slug, "lang": lang, "live": f"/live/{row.id}", "crew": True, "seat": None,
            "ticket": self._ticket(row, person, name, lang), "tickets": f"/interpret/{request.path_params['token']}/ticket?person={person}",
            "whip": f"/whip/{row.id}", "whep": f"/whep/{row.id}", "ice_servers": msgspec.to_builtins(self._ice.grant()),
            "stage_token": interpreter_token(self._tokens, row.id, person, name, language.id), "language": language.id,
        }  # fmt: skip
        return page(request, "rooms/interpret.html", webinar=row, language=name, boot=boot)

    async def ticket(self, request: Request) -> Response:
        """A fresh ticket for a socket that comes back."""
        language, row = await self._linked(request)
        person = request.query_params.get("person", "")
        if not is_id(person):
            raise not_found("language")
        ticket = self._ticket(row, person, languages.own_name(language.code), lang_of(request))
        return Response(
            msgspec.json.encode({"ticket": ticket, "seat": None}), 200, {"Cache-Control": "no-store"}, "application/json"
        )

    def _ticket(self, row: Webinar, person: str, name: str, lang: str) -> str:
        return self._seats.crew(row.id, person, name, Role.INTERPRETER, "", lang)

    async def _linked(self, request: Request) -> tuple[Language, Webinar]:
        async with self._work.read() as session:
            language = await languages.by_link(session, self._tokens, request.path_params["token"])
            row = await session.get(Webinar, language.webinar_id)
        if row is None or row.data_state in ("purging", "purged"):
            raise not_found("webinar")
        return language, row

    async def _own(self, request: Request) -> Webinar:
        async with self._work.read() as session:
            return await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])
