"""Who is signed in, for pages: the session cookie, the middleware that reads it, and the check a page makes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import update
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.accounts.models import StaffSession
from app.accounts.staff import ABSOLUTE, Current, current, hashed
from app.core.errors import forbidden
from app.core.http import see_other
from app.core.permissions import Permission
from app.core.unit import Unit, Work
from app.settings import Settings

S = TypeVar("S")
Handler = Callable[[S, Request], Coroutine[Any, Any, Response]]

TOUCH = timedelta(minutes=1)


def cookie_name(settings: Settings) -> str:
    """``__Host-`` binds the cookie to this host and to HTTPS; on plain http (a laptop) browsers refuse that prefix."""
    return "__Host-lectern" if settings.secure else "lectern"


def with_cookie(settings: Settings, answer: Response, secret: str) -> Response:
    """``answer`` with the cookie of a session that has begun."""
    answer.set_cookie(
        cookie_name(settings),
        secret,
        max_age=int(ABSOLUTE.total_seconds()),
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )
    return answer


class StaffSessions:
    """Puts the signed-in member, or None, into ``request.state.staff``. Participants never carry a cookie."""

    def __init__(self, app: ASGIApp, settings: Settings, work: Work) -> None:
        self._app = app
        self._cookie = cookie_name(settings)
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            state = scope.setdefault("state", {})
            secret = request.cookies.get(self._cookie)
            state["staff"] = who = await self._who(secret) if secret else None
            state["lang"] = who.lang if who else None
        await self._app(scope, receive, send)

    async def _who(self, secret: str) -> Current | None:
        async with self._work.read() as session:
            who = await current(Unit(session, self._work.clock.now()), secret)
        if who is not None:
            await self._touch(secret)
        return who

    async def _touch(self, secret: str) -> None:
        now = self._work.clock.now()
        async with self._work.read() as session:
            known = await session.get(StaffSession, hashed(secret))
        if known is not None and known.used_at < now - TOUCH:
            async with self._work.unit() as unit:
                await unit.session.execute(update(StaffSession).where(StaffSession.id == known.id).values(used_at=now))


def staff_of(request: Request) -> Current:
    """The signed-in member of a page behind :func:`needs`."""
    who = request.state.staff
    if not isinstance(who, Current):
        raise forbidden("Sign in first.")
    return who


def needs(*permissions: Permission) -> Callable[[Handler[S]], Handler[S]]:
    """Only for members with all of ``permissions``; others are sent to sign in, or refused. For methods that take a request."""

    def decorate(handler: Handler[S]) -> Handler[S]:
        @wraps(handler)
        async def checked(pages: S, request: Request) -> Response:
            who = request.state.staff
            if not isinstance(who, Current):
                return see_other(f"/sign-in?next={quote(request.url.path)}")
            if not set(permissions) <= who.permissions:
                raise forbidden()
            return await handler(pages, request)

        return checked

    return decorate
