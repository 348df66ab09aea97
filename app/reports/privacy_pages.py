"""Pages of the data register and of erasing: what is stored, what would go, and the proof that it went."""

from __future__ import annotations

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.core.errors import Problem, invalid, not_found
from app.core.http import form, page, see_other
from app.core.permissions import Permission
from app.core.unit import Work
from app.privacy.audit import Act, note
from app.privacy.erase.pipeline import STEPS, Pipeline
from app.privacy.map import DataMap
from app.privacy.models import Erasure
from app.privacy.register import by_place, register, register_csv, register_fides, register_json
from app.privacy.scope import Target
from app.rooms import webinars
from app.rooms.models import Webinar
from app.rooms.pages import view
from app.settings import Settings

FORMATS = {
    "json": (register_json, "application/json"),
    "csv": (register_csv, "text/csv"),
    "yaml": (register_fides, "application/yaml"),
}


class PrivacyPages:
    """Handlers and their routes."""

    def __init__(self, settings: Settings, work: Work, pipeline: Pipeline, data_map: DataMap) -> None:
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
            Route("/admin/webinars/{webinar}/erase", self.erase, methods=["GET", "POST"]),
        ]

    @needs(Permission.REGISTER_SEE)
    async def register(self, request: Request) -> Response:
        """The register (Art. 30 GDPR), and the account's erasures with their certificates."""
        who = staff_of(request)
        query = select(Erasure).where(Erasure.of_account == who.account_id).order_by(Erasure.asked_at.desc()).limit(100)
        async with self._work.read() as session:
            erasures = list((await session.execute(query)).scalars())
        places = by_place(register(self._settings, self._map))
        return page(request, "privacy/register.html", places=places, settings=self._settings, erasures=erasures, steps=len(STEPS))

    @needs(Permission.REGISTER_SEE)
    async def download(self, request: Request) -> Response:
        """The register as a file."""
        kind = request.path_params["kind"]
        if kind not in FORMATS:
            raise not_found()
        write, media_type = FORMATS[kind]
        headers = {"Content-Disposition": f'attachment; filename="data-register.{kind}"', "Cache-Control": "no-store"}
        return Response(write(register(self._settings, self._map)), media_type=media_type, headers=headers)

    @needs(Permission.REGISTER_SEE)
    async def certificate(self, request: Request) -> Response:
        """The signed proof of an erasure."""
        async with self._work.read() as session:
            row = await session.get(Erasure, request.path_params["erasure"])
        if row is None or row.of_account != staff_of(request).account_id or row.certificate is None:
            raise not_found()
        headers = {"Content-Disposition": f'attachment; filename="certificate-{row.id}.json"'}
        return Response(row.certificate, media_type="application/json", headers=headers)

    @needs(Permission.PARTICIPANTS_ERASE)
    async def erase(self, request: Request) -> Response:
        """What would go, with counts; the webinar's title typed back erases."""
        async with self._work.read() as session:
            row = await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])
        if request.method == "GET":
            return await self._preview(request, row)
        values = await form(request, {"kind", "phrase"})
        try:
            await self._ask(request, row, values)
        except Problem as problem:
            return await self._preview(request, row, values, problem)
        return see_other("/admin/privacy?saved=1")

    async def _ask(self, request: Request, row: Webinar, values: dict[str, str]) -> None:
        who = staff_of(request)
        target = _target(row, values.get("kind", ""))
        if target.kind == "webinar" and Permission.WEBINAR_ERASE not in who.permissions:
            raise Problem("not.allowed", "Your role does not allow this.", status=403)
        if values.get("phrase", "").strip() != row.title:
            raise invalid({f"phrase_{target.kind}": "Type the title exactly as it stands above."})
        async with self._work.unit() as unit:
            await self._pipeline.ask(unit, target, who.role)
            act = Act(
                account_id=who.account_id,
                actor=who.staff_id,
                role=who.role,
                action=f"erase.{target.kind}",
                object_kind="webinar",
                object_id=row.id,
            )
            await note(unit, act)

    async def _preview(
        self, request: Request, row: Webinar, values: dict[str, str] | None = None, problem: Problem | None = None
    ) -> Response:
        kinds = ["participants", "webinar"]
        counts = {kind: await self._pipeline.preview(_target(row, kind)) for kind in kinds}
        status = problem.status if problem else 200
        context = {"webinar": view(row), "counts": counts, "values": values or {}, "problem": problem}
        return page(request, "privacy/erase.html", status=status, **context)


def _target(row: Webinar, kind: str) -> Target:
    if kind == "participants":
        return Target("participants", row.account_id, row.id)
    if kind == "webinar":
        return Target("webinar", row.account_id, row.id)
    raise invalid({"kind": "Choose what to erase."})
