"""The media process's application: WHIP, WHEP and HLS over one studio."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.errors import Problem
from app.media.back import BackRoom
from app.media.directory import Directory
from app.media.hls import Hls
from app.media.http import problem_response
from app.media.rtc import contract
from app.media.rtc.network import Network
from app.media.stage import Studio
from app.media.transcode import Pool
from app.media.whep import Whep
from app.media.whip import Whip
from app.settings import Settings


def create_media_app(settings: Settings, directory: Directory) -> Starlette:
    """The application. Fails at once when aiortc is not the one we know."""
    contract.check()
    room = BackRoom(settings.data_dir, settings.rewind_megabytes * 1_000_000)
    studio = Studio(directory, Network(settings), Pool(max(1, (os.cpu_count() or 2) // 2)), room)
    whip, whep, hls = Whip(studio), Whep(studio), Hls(studio)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        studio.start()
        yield
        await whip.checks.close()
        await whep.close()
        await studio.close()

    async def problem(_request: Request, error: Exception) -> Response:
        if not isinstance(error, Problem):
            raise error
        return problem_response(error)

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "stages": len(studio.stages)})

    routes = [
        Route("/whip/{webinar}", whip.post, methods=["POST"]),
        Route("/whip/{webinar}", whip.options, methods=["OPTIONS"]),
        Route("/whip/{webinar}/{session}", whip.patch, methods=["PATCH"]),
        Route("/whip/{webinar}/{session}", whip.delete, methods=["DELETE"]),
        Route("/whep/{webinar}", whep.post, methods=["POST"]),
        Route("/whep/{webinar}", whep.list, methods=["GET"]),
        Route("/whep/{webinar}/{session}", whep.delete, methods=["DELETE"]),
        Route("/hls/{token}/{name}", hls.get, methods=["GET"]),
        Route("/healthz", healthz, methods=["GET"]),
    ]
    middleware = [Middleware(OwnOrigin, origin=settings.origin)]
    app = Starlette(routes=routes, lifespan=lifespan, middleware=middleware, exception_handlers={Problem: problem})
    app.state.studio = studio
    return app


class OwnOrigin:
    """Browsers on other sites may not send or watch backstage; programs without an Origin may."""

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self.app = app
        self.origin = origin.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a foreign Origin, except for the stream itself, which is protected by its token."""
        if scope["type"] == "http" and not scope["path"].startswith("/hls/"):
            origin = dict(scope["headers"]).get(b"origin")
            if origin is not None and origin != self.origin:
                problem = Problem("origin.foreign", "This address is only for pages of this server.", status=403)
                await problem_response(problem)(scope, receive, send)
                return
        await self.app(scope, receive, send)
