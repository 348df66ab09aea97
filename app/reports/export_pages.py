"""The page of exports: choose a set and a form, small ones are sent at once, large ones are made in the background."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.core.errors import Problem, not_found
from app.core.http import form, lang_of, page, see_other
from app.core.i18n import translate
from app.core.permissions import Permission
from app.core.unit import Work
from app.registration import choosing, sheet
from app.registration.answers import Upload
from app.registration.directory import Directory
from app.reports.export.all import KINDS, offered
from app.reports.export.files import AT_ONCE, Asked, Exports
from app.reports.export.formats import MEDIA_TYPES
from app.reports.models import ExportFile
from app.rooms import webinars
from app.rooms.models import Webinar
from app.rooms.pages import view


class ExportPages:
    """Handlers and their routes."""

    def __init__(self, work: Work, exports: Exports, directory: Directory) -> None:
        self._work = work
        self._exports = exports
        self._directory = directory

    def routes(self) -> list[Route]:
        """For the URL map."""
        of = "/admin/webinars/{webinar}/exports"
        return [
            Route(of, self.overview, methods=["GET", "POST"]),
            Route(of + "/chosen", self.chosen, methods=["POST"]),
            Route(of + "/{export}/progress", self.progress),
            Route(of + "/{export}/file", self.file, methods=["POST"]),
            Route(of + "/{export}/drop", self.drop, methods=["POST"]),
        ]

    @needs(Permission.REGISTRANTS_EXPORT)
    async def overview(self, request: Request) -> Response:
        """What can be taken out; a POST takes it."""
        row = await self._row(request)
        if request.method == "GET":
            return await self._show(request, row)
        values = await form(request, {"kind", "form", "names"})
        kind, wanted = values.get("kind", ""), values.get("form", "csv")
        if kind not in await offered(self._exports.source, row.id) or wanted not in MEDIA_TYPES:
            raise Problem("export.kind", "Choose what to export and as what kind of file.", status=422)
        named = "names" in values and KINDS[kind].has_names
        asked = Asked(webinar=row, kind=kind, form=wanted, named=named, lang=lang_of(request), role=staff_of(request).role)
        if await self._exports.size(asked) <= AT_ONCE:
            return file_answer(self._exports.stream(asked), asked)
        async with self._work.unit() as unit:
            await self._exports.ask(unit, asked)
        return see_other(f"{request.url.path}#files")

    @needs(Permission.REGISTRANTS_EXPORT)
    async def chosen(self, request: Request) -> Response:
        """Those chosen in the list of registrants, with names and answers, as CSV."""
        row = await self._row(request)
        sent = await sheet.posted(request, choosing.CONTROLS)
        values = {name: found for name, found in sent.items() if not isinstance(found, Upload)}
        persons = frozenset(await choosing.chosen(self._work, self._directory, row.id, values))
        lang, role = lang_of(request), staff_of(request).role
        asked = Asked(webinar=row, kind="registrants", form="csv", named=True, lang=lang, role=role, persons=persons)
        return file_answer(self._exports.stream(asked), asked)

    @needs(Permission.REGISTRANTS_EXPORT)
    async def progress(self, request: Request) -> Response:
        """How far a file is, for the page that waits for it."""
        row = await self._file(request)
        content = {"done": row.rows_done, "total": row.rows_total, "over": row.state != "waiting"}
        return JSONResponse(content, headers={"Cache-Control": "no-store"})

    @needs(Permission.REGISTRANTS_EXPORT)
    async def file(self, request: Request) -> Response:
        """The file, once."""
        webinar, row = await self._row(request), await self._file(request)
        role = staff_of(request).role
        asked = Asked(webinar=webinar, kind=row.kind, form=row.form, named=row.named, lang=row.lang, role=role)
        return file_answer(await self._exports.give(row, role), asked)

    @needs(Permission.REGISTRANTS_EXPORT)
    async def drop(self, request: Request) -> Response:
        """Remove a file that is not wanted."""
        await form(request, set())
        await self._exports.drop(await self._file(request))
        return see_other(f"/admin/webinars/{request.path_params['webinar']}/exports#files")

    async def _show(self, request: Request, row: Webinar) -> Response:
        lang = lang_of(request)
        kinds: list[dict[str, Any]] = [
            {
                "id": kind,
                "title": translate(lang, KINDS[kind].title),
                "about": translate(lang, KINDS[kind].about),
                "has_names": KINDS[kind].has_names,
            }
            for kind in await offered(self._exports.source, row.id)
        ]
        files = await self._exports.of_webinar(row.id)
        titles = {kind: translate(lang, one.title) for kind, one in KINDS.items()}
        return page(request, "exports/exports.html", webinar=view(row), kinds=kinds, files=files, titles=titles)

    async def _row(self, request: Request) -> Webinar:
        async with self._work.read() as session:
            return await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])

    async def _file(self, request: Request) -> ExportFile:
        row = await self._row(request)
        export_id = request.path_params["export"]
        if len(export_id) > 20:
            raise not_found()
        return await self._exports.one(row.id, export_id)


def file_answer(content: AsyncIterator[bytes], asked: Asked) -> Response:
    """A file as it is being made."""
    headers = {"Content-Disposition": f'attachment; filename="{asked.name}"', "Cache-Control": "no-store"}
    return StreamingResponse(content, media_type=MEDIA_TYPES[asked.form], headers=headers)
