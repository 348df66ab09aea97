"""The URL map on one page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

if TYPE_CHECKING:
    from app.main import Parts


def url_map(parts: Parts) -> list[BaseRoute]:
    """Every address of the web process."""
    return [
        Route("/healthz", healthz),
        Route("/readyz", ready(parts)),
        Route("/.well-known/security.txt", security_txt(parts)),
        Mount("/static", app=parts.assets),
        WebSocketRoute("/live/{webinar}", parts.live.__call__),
        *parts.media_proxy.routes(),
        *parts.account_pages.routes(),
        *parts.room_pages.routes(),
        *parts.privacy_pages.routes(),
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


def security_txt(parts: Parts) -> Callable[[Request], object]:
    """RFC 9116."""

    async def answer(_request: Request) -> Response:
        settings, now = parts.settings, parts.work.clock.now()
        contact = f"mailto:{settings.operator_contact}" if settings.operator_contact else f"{settings.origin}/"
        expires = now.replace(year=now.year + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
        return PlainTextResponse(f"Contact: {contact}\nExpires: {expires.isoformat()}\nPreferred-Languages: en\n")

    return answer
