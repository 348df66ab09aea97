"""The URL map on one page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from app.protocol.schema import asyncapi

if TYPE_CHECKING:
    from app.main import Parts


def url_map(parts: Parts) -> list[BaseRoute]:
    """Every address of the web process."""
    return [
        Route("/healthz", healthz),
        Route("/readyz", ready(parts)),
        Route("/.well-known/security.txt", security_txt(parts)),
        Mount("/static", app=parts.assets),
        Route("/api/asyncapi.json", live_protocol(parts)),
        *parts.media_proxy.routes(),
        *parts.account_pages.routes(),
        # Before the address of a webinar's home, which would take "new" for a webinar.
        Route("/admin/webinars/new", parts.room_pages.new, methods=["GET", "POST"]),
        *parts.registration.routes(parts.room_pages, parts.pipeline),
        *parts.room_pages.routes(),
        *parts.view_pages.routes(),
        *parts.privacy_pages.routes(),
        *(route for feature in parts.features for route in feature.routes()),
        *parts.demo_routes,
    ]


async def healthz(_request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok")


def ready(parts: Parts) -> Callable[[Request], object]:
    """The process can serve people: database reachable."""

    async def readyz(_request: Request) -> Response:
        try:
            async with parts.work.read() as session:
                await session.connection()
        except (SQLAlchemyError, OSError):
            return PlainTextResponse("database not reachable", status_code=503)
        return PlainTextResponse("ok")

    return readyz


def live_protocol(parts: Parts) -> Callable[[Request], object]:
    """The live protocol as an AsyncAPI document."""
    document = cache(lambda: asyncapi({struct: str(needs) for struct, needs in parts.table.needs.items()}))

    async def answer(_request: Request) -> Response:
        return JSONResponse(document())

    return answer


def security_txt(parts: Parts) -> Callable[[Request], object]:
    """RFC 9116."""

    async def answer(_request: Request) -> Response:
        settings, now = parts.settings, parts.work.clock.now()
        contact = f"mailto:{settings.operator_contact}" if settings.operator_contact else f"{settings.origin}/"
        expires = now.replace(year=now.year + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
        return PlainTextResponse(f"Contact: {contact}\nExpires: {expires.isoformat()}\nPreferred-Languages: en\n")

    return answer
