"""Pages of the data register and of erasing: what is stored, what would go, and the proof that it went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.consent import requests
from app.consent.owner import webinars_of
from app.core.errors import Problem, invalid, not_found
from app.core.http import form, lang_of, page, see_other
from app.core.permissions import Permission
from app.core.unit import Work
from app.privacy.certificate import fingerprint, verify
from app.privacy.erase.ask import By, erase_all_persons, erase_webinar
from app.privacy.erase.pipeline import STEPS, Pipeline
from app.privacy.map import DataMap, Entry
from app.privacy.models import Erasure
from app.privacy.register import Register, register, register_csv, register_fides, register_json
from app.privacy.scope import Target
from app.reports.register_view import about_people, grouped
from app.rooms import webinars
from app.rooms.models import Webinar
from app.rooms.pages import view
from app.settings import Settings

FORMATS = {
    "json": (register_json, "application/json"),
    "csv": (register_csv, "text/csv"),
    "yaml": (register_fides, "application/yaml"),
}


class Declared(Protocol):
    """A feature's answer to: what did this account add itself, or for this webinar?"""

    async def __call__(self, session: AsyncSession, account_id: str, webinar_id: str | None = None) -> Sequence[Entry]:
        """Entries of the register."""
        ...


class PrivacyPages:
    """Handlers and their routes."""

    def __init__(
        self, settings: Settings, work: Work, pipeline: Pipeline, data_map: DataMap, declared: Sequence[Declared] = ()
    ) -> None:
        """``declared``: what organisers added themselves, by forms and by webhooks."""
        self._declared = declared
        self._settings = settings
        self._work = work
        self._pipeline = pipeline
        self._map = data_map

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/admin/privacy", self.register),
            Route("/admin/privacy/register.{kind}", self.download),
            Route("/admin/privacy/certificates/{erasure}", self.certificate),
            Route("/admin/privacy/erasures/{erasure}", self.erasure),
            Route("/admin/webinars/{webinar}/register", self.of_webinar),
            Route("/admin/webinars/{webinar}/register.{kind}", self.of_webinar_file),
            Route("/admin/webinars/{webinar}/erase", self.erase, methods=["GET", "POST"]),
        ]

    @needs(Permission.REGISTER_SEE)
    async def register(self, request: Request) -> Response:
        """The register (Art. 30 GDPR), and the account's erasures with their certificates."""
        who = staff_of(request)
        query = select(Erasure).where(Erasure.of_account == who.account_id).order_by(Erasure.asked_at.desc()).limit(100)
        async with self._work.read() as session:
            erasures = list((await session.execute(query)).scalars())
            asked = await requests.waiting(session, await webinars_of(session, who.account_id))
        groups = grouped(await self._register(who.account_id), lang_of(request))
        return page(
            request,
            "privacy/register.html",
            groups=groups,
            settings=self._settings,
            erasures=erasures,
            steps=len(STEPS),
            asked=asked,
        )

    @needs(Permission.REGISTER_SEE)
    async def of_webinar(self, request: Request) -> Response:
        """What is stored about the people of one webinar, with the questions its organiser added."""
        row = await self._webinar(request)
        content = about_people(await self._register(row.account_id, row.id))
        groups = grouped(content, lang_of(request))
        return page(request, "privacy/register_webinar.html", groups=groups, settings=self._settings, webinar=view(row))

    @needs(Permission.REGISTER_SEE)
    async def of_webinar_file(self, request: Request) -> Response:
        """The same as a file."""
        row = await self._webinar(request)
        return _file(request.path_params["kind"], about_people(await self._register(row.account_id, row.id)), row.slug)

    @needs(Permission.REGISTER_SEE)
    async def download(self, request: Request) -> Response:
        """The register as a file."""
        return _file(request.path_params["kind"], await self._register(staff_of(request).account_id), "data-register")

    async def _webinar(self, request: Request) -> Webinar:
        async with self._work.read() as session:
            return await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])

    async def _register(self, account_id: str, webinar_id: str | None = None) -> Register:
        async with self._work.read() as session:
            found = [await read(session, account_id, webinar_id) for read in self._declared]
        return register(self._settings, self._map, [entry for entries in found for entry in entries])

    @needs(Permission.REGISTER_SEE)
    async def erasure(self, request: Request) -> Response:
        """One erasure: how far it is, what it reached, its certificate."""
        row = await self._erasure(request)
        mark = fingerprint(self._pipeline.signer.public_key)
        told = verify(row.certificate).recipients if row.certificate else ()
        return page(request, "privacy/erasure.html", erasure=row, fingerprint=mark, recipients=told)

    @needs(Permission.REGISTER_SEE)
    async def certificate(self, request: Request) -> Response:
        """The signed proof of an erasure."""
        row = await self._erasure(request)
        if row.certificate is None:
            raise not_found()
        headers = {"Content-Disposition": f'attachment; filename="certificate-{row.id}.json"'}
        return Response(row.certificate, media_type="application/json", headers=headers)

    @needs(Permission.PARTICIPANTS_ERASE)
    async def erase(self, request: Request) -> Response:
        """What would go, with counts; the webinar's title typed back erases."""
        row = await self._webinar(request)
        if request.method == "GET":
            return await self._preview(request, row)
        values = await form(request, {"kind", "phrase"})
        try:
            erasure_id = await self._ask(request, row, values)
        except Problem as problem:
            return await self._preview(request, row, values, problem)
        return see_other(f"/admin/privacy/erasures/{erasure_id}")

    async def _erasure(self, request: Request) -> Erasure:
        async with self._work.read() as session:
            row = await session.get(Erasure, request.path_params["erasure"])
        if row is None or row.of_account != staff_of(request).account_id:
            raise not_found()
        return row

    async def _ask(self, request: Request, row: Webinar, values: dict[str, str]) -> str:
        who = staff_of(request)
        target = _target(row, values.get("kind", ""))
        if target.kind == "webinar" and Permission.WEBINAR_ERASE not in who.permissions:
            raise Problem("not.allowed", "Your role does not allow this.", status=403)
        if values.get("phrase", "").strip() != row.title:
            raise invalid({f"phrase_{target.kind}": "Type the title exactly as it stands above."})
        by = By(who.account_id, who.staff_id, who.role)
        async with self._work.unit() as unit:
            verb = erase_webinar if target.kind == "webinar" else erase_all_persons
            return await verb(unit, self._pipeline, by, row.id)

    async def _preview(
        self, request: Request, row: Webinar, values: dict[str, str] | None = None, problem: Problem | None = None
    ) -> Response:
        kinds = ["participants", "webinar"]
        counts = {kind: await self._pipeline.preview(_target(row, kind)) for kind in kinds}
        status = problem.status if problem else 200
        context = {"webinar": view(row), "counts": counts, "values": values or {}, "problem": problem}
        return page(request, "privacy/erase.html", status=status, **context)


def _file(kind: str, content: Register, name: str) -> Response:
    if kind not in FORMATS:
        raise not_found()
    write, media_type = FORMATS[kind]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "no-store"}
    return Response(write(content), media_type=media_type, headers=headers)


def _target(row: Webinar, kind: str) -> Target:
    if kind == "participants":
        return Target("participants", row.account_id, row.id)
    if kind == "webinar":
        return Target("webinar", row.account_id, row.id)
    raise invalid({"kind": "Choose what to erase."})
