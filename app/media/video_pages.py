"""Videos over HTTP: begun, sent part by part, and followed until they are ready. The page is that of the recordings."""

from __future__ import annotations

import asyncio
import re

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.core.errors import Problem, not_found
from app.core.http import body, form, see_other
from app.core.permissions import Permission
from app.core.unit import Work
from app.media import videos
from app.media.models_videos import Video
from app.media.video_parts import PART
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.rooms import webinars
from app.settings import Settings

UPLOADS = ((re.compile(r"/admin/webinars/[A-Za-z0-9_-]{20}/videos/[A-Za-z0-9_-]{20}/\d{1,6}"), PART),)
"""Addresses that take more than the body limit."""


class VideoPages:
    """Handlers and their routes."""

    def __init__(self, settings: Settings, work: Work, vault: Vault) -> None:
        self._settings = settings
        self._work = work
        self._vault = vault
        self._shelf = Shelf(settings.data_dir)

    def routes(self) -> list[Route]:
        """For the URL map."""
        home = "/admin/webinars/{webinar}/videos"
        return [
            Route(home, self.begin, methods=["POST"]),
            Route(home + "/{video}", self.state, methods=["GET"]),
            Route(home + "/{video}", self.whole, methods=["POST"]),
            Route(home + "/{video}/drop", self.drop, methods=["POST"]),
            Route(home + "/{video}/{part:int}", self.part, methods=["PUT"]),
        ]

    @needs(Permission.WEBINAR_EDIT)
    async def begin(self, request: Request) -> Response:
        """An upload begins or goes on: which part is wanted next, and how large parts are."""
        wanted = await body(request, videos.Wanted)
        async with self._work.unit() as unit:
            webinar = await webinars.one_of(unit.session, staff_of(request).account_id, request.path_params["webinar"])
            row = await videos.begin(unit, self._settings, webinar, wanted)
        parts = await videos.parts_of(self._vault, self._shelf, row)
        have = await asyncio.to_thread(parts.have)
        return JSONResponse({"video": row.id, "part": PART, "parts": parts.count, "have": have}, 201)

    @needs(Permission.WEBINAR_EDIT)
    async def part(self, request: Request) -> Response:
        """One part, straight into its sealed file."""
        row = await self._own(request)
        number = request.path_params["part"]
        parts = await videos.parts_of(self._vault, self._shelf, row)
        if row.state != "receiving" or not 0 <= number < parts.count:
            raise Problem("video.part", "This part is not wanted.", status=409)
        writer, got = await asyncio.to_thread(parts.begin, number), 0
        try:
            async for data in request.stream():
                got += len(data)
                if got > parts.length(number):
                    break
                await asyncio.to_thread(writer.write, data)
        except ClientDisconnect:
            got = -1
        if got != parts.length(number):
            await asyncio.to_thread(writer.drop)
            raise Problem("video.part", "This part is not wanted.", status=400)
        await asyncio.to_thread(writer.keep)
        return Response(status_code=204)

    @needs(Permission.WEBINAR_EDIT)
    async def whole(self, request: Request) -> Response:
        """All parts were sent."""
        async with self._work.unit() as unit:
            row = await self._found(unit.session, request)
            await videos.whole(unit, row, await videos.parts_of(self._vault, self._shelf, row))
        return Response(status_code=204)

    @needs(Permission.WEBINAR_SEE)
    async def state(self, request: Request) -> Response:
        """How far it is: ``{done, total, over}``; over when it is a recording or has failed."""
        try:
            row = await self._own(request)
        except Problem:
            return _json(100, over=True)
        return _json(row.percent, over=row.state == "failed")

    @needs(Permission.WEBINAR_EDIT)
    async def drop(self, request: Request) -> Response:
        """Give it up."""
        await form(request, set())
        async with self._work.unit() as unit:
            row = await self._found(unit.session, request)
            await videos.drop(unit, self._shelf, row)
        return see_other(f"/admin/webinars/{row.webinar_id}/recordings")

    async def _own(self, request: Request) -> Video:
        async with self._work.read() as session:
            return await self._found(session, request)

    async def _found(self, session: AsyncSession, request: Request) -> Video:
        webinar = await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])
        if webinar.data_state in ("purging", "purged"):
            raise not_found("webinar")
        return await videos.one(session, webinar.id, request.path_params["video"])


def _json(percent: int, *, over: bool) -> Response:
    return JSONResponse({"done": percent, "total": 100, "over": over}, headers={"Cache-Control": "no-store"})
