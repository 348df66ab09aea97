"""The last net inside the application: what nobody foresaw becomes a page or a problem document like any other, with all headers.

Starlette's own handler for unforeseen errors answers outside of all middleware, so its page would lack the security headers and its
answer would not be counted. A database that does not answer is not a fault of ours: it is said as such, with when to come back.
"""

from __future__ import annotations

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import Problem
from app.core.http import on_fault, on_problem
from app.core.logging import handler_of, route_of

log = structlog.get_logger(__name__)

RETRY = 5


class Faults:
    """Answers what the application raised, if nothing was answered yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            if begun:
                # Half an answer went out; the connection must break, or a client would take it for a whole one.
                raise
            request = Request(scope)
            away = database_away(error)
            if away is None:
                answer = await on_fault(request, error)
            else:
                log.warning("database.away", page=handler_of(scope), route=route_of(scope), why=type(error).__name__)
                answer = await on_problem(request, away)
            await answer(scope, receive, send)


def database_away(error: BaseException) -> Problem | None:
    """What to say when the database is locked, full or not there; None for any other error."""
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeout, ConnectionError)):
        text = "The database does not answer at the moment. Nothing was saved; please try again in {seconds} seconds."
        return Problem("database.away", text, status=503, params={"seconds": RETRY}, retry_after=RETRY)
    return None
