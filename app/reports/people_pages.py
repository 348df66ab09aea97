"""Participants of a webinar by what is stored of them: see who they are, take out what is stored, erase one or some for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.accounts.models import Staff
from app.core.errors import Problem, invalid, not_found
from app.core.http import form, page, see_other
from app.core.permissions import Permission
from app.core.unit import Work
from app.privacy.audit import Act, note
from app.privacy.erase.ask import By, erase_persons
from app.privacy.erase.pipeline import Pipeline
from app.privacy.export import export_json, subject_export
from app.privacy.map import DataMap
from app.privacy.people import Holding, NameSource, holdings, named
from app.privacy.scope import Kind, Owners, Target
from app.privacy.vault import Vault
from app.rooms import webinars
from app.rooms.models import Webinar
from app.rooms.pages import view

PAGE = 50
MOST = 500
"""Persons in one selection; for more there is erasing all of a webinar."""
TYPED_FROM = 10
"""Persons from which on the title must be typed."""


class PeoplePages:
    """Handlers and their routes."""

    def __init__(self, work: Work, vault: Vault, pipeline: Pipeline, data_map: DataMap, names: Sequence[NameSource]) -> None:
        self._work = work
        self._vault = vault
        self._pipeline = pipeline
        self._map = data_map
        self._owners = Owners(data_map.metadata)
        self._names = names

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/admin/webinars/{webinar}/people", self.people),
            Route("/admin/webinars/{webinar}/people/export", self.export),
            Route("/admin/webinars/{webinar}/people/erase", self.erase, methods=["GET", "POST"]),
        ]

    @needs(Permission.PARTICIPANTS_ERASE)
    async def people(self, request: Request) -> Response:
        """Everybody of whom something is stored, by name or random id."""
        row = await self._webinar(request)
        asked = " ".join(request.query_params.get("q", "").split())[:60]
        found = await self._found(row)
        if asked:
            found = [one for one in found if asked.casefold() in one.name.casefold() or one.person.startswith(asked)]
        pages = max(1, -(-len(found) // PAGE))
        text = request.query_params.get("page", "1")
        number = min(max(1, int(text)), pages) if text.isascii() and text.isdigit() and len(text) < 6 else 1
        shown = found[(number - 1) * PAGE : number * PAGE]
        url = "?" + urlencode({"q": asked}) + "&page={page}"
        context: dict[str, Any] = {"people": shown, "total": len(found), "q": asked, "number": number, "pages": pages, "url": url}
        return page(request, "privacy/people.html", webinar=view(row), **context)

    @needs(Permission.REGISTRANTS_EXPORT)
    async def export(self, request: Request) -> Response:
        """What is stored of one person, as a file for them (Art. 15 GDPR)."""
        row = await self._webinar(request)
        (person,) = await self._known(row, request.query_params.getlist("person")[:1])
        target = Target("participant", row.account_id, row.id, (person.person,))
        async with self._work.read() as session:
            content = await subject_export(session, self._vault, self._map, target, self._work.clock.now())
        who = staff_of(request)
        async with self._work.unit() as unit:
            act = Act(
                account_id=row.account_id,
                actor=who.staff_id,
                role=who.role,
                action="participant.exported",
                object_kind="webinar",
                object_id=row.id,
            )
            await note(unit, act)
        headers = {"Content-Disposition": 'attachment; filename="participant.json"', "Cache-Control": "no-store"}
        return Response(export_json(content), media_type="application/json", headers=headers)

    @needs(Permission.PARTICIPANTS_ERASE)
    async def erase(self, request: Request) -> Response:
        """What would go of one person or some, with counts; then it goes."""
        row = await self._webinar(request)
        if request.method == "GET":
            return await self._preview(request, row, request.query_params.getlist("person"))
        values = await form(request, {"persons", "phrase"})
        persons = [person for person in values.get("persons", "").split(",") if person]
        people = await self._known(row, persons)
        if len(people) >= TYPED_FROM and values.get("phrase", "").strip() != row.title:
            return await self._preview(
                request, row, persons, invalid({"phrase": "Type the title exactly as it stands above."}), values.get("phrase", "")
            )
        who = staff_of(request)
        async with self._work.unit() as unit:
            by = By(row.account_id, who.staff_id, who.role)
            erasure = await erase_persons(unit, self._pipeline, by, row.id, [one.person for one in people])
        return see_other(f"/admin/privacy/erasures/{erasure}")

    async def _preview(
        self, request: Request, row: Webinar, persons: Sequence[str], problem: Problem | None = None, phrase: str = ""
    ) -> Response:
        people = await self._known(row, persons)
        ids = tuple(one.person for one in people)
        kind: Kind = "participant" if len(ids) == 1 else "selection"
        counts = await self._pipeline.preview(Target(kind, row.account_id, row.id, ids))
        status = problem.status if problem else 200
        context = {"people": people, "counts": counts, "typed": len(ids) >= TYPED_FROM, "problem": problem, "phrase": phrase}
        return page(request, "privacy/erase_people.html", status=status, webinar=view(row), **context)

    async def _known(self, row: Webinar, persons: Sequence[str]) -> list[Holding]:
        """Those of ``persons`` of whom something is stored here. Raises when there are none, or too many."""
        wanted = set(persons)
        if len(wanted) > MOST:
            raise Problem(
                "erase.many", "Choose at most {max} people, or erase all of the webinar.", status=422, params={"max": MOST}
            )
        people = [one for one in await self._found(row) if one.person in wanted]
        if not people:
            raise not_found()
        return people

    async def _found(self, row: Webinar) -> list[Holding]:
        async with self._work.read() as session:
            query = select(Staff.id).where(Staff.account_id == row.account_id)
            team = set((await session.execute(query)).scalars())
            found = await holdings(session, self._owners, row.account_id, row.id)
            people = [one for one in found if one.person not in team]
            await named(session, self._vault, row.id, people, self._names)
        return people

    async def _webinar(self, request: Request) -> Webinar:
        async with self._work.read() as session:
            return await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])
