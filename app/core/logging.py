"""Logs: one JSON object per line on standard output (as the data register says), for everything in the process, the libraries' lines too.

Two rules keep people out of them. A fault is logged as its type and the lines of source it passed, never with local variables
and never with its message: both may hold a password or somebody's words. And what remains goes through ``clean``, the filter
that :mod:`app.privacy.logfilter` derives from the data map (handed in, because core knows nothing of privacy).
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.stdlib.get_logger(__name__)

Clean = Callable[[object, str, MutableMapping[str, Any]], Mapping[str, Any]]

OURS = ("app", "lectern")
"""Loggers that follow the operator's level. Libraries never say more than warnings: at debug they print frames, statements and forms."""


def configure(level: str, clean: Clean, stream: TextIO | None = None) -> None:
    """Send all logging of this process through ``clean``, as JSON lines."""
    before: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        without_values,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                clean,
                structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=True),
            ],
            keep_exc_info=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        # Handlers of its own would print what passes ours by.
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())


def without_values(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: an exception becomes the path it took, without what it said."""
    given = event.pop("exc_info", None)
    record = event.get("_record")
    if record is not None and record.exc_info:
        given = record.exc_info
        # The formatter of the standard library would append the whole traceback otherwise, message and all.
        record.exc_info = record.exc_text = None
    error = _error_of(given)
    if error is not None:
        event["exception"] = path_of(error)
    return event


def path_of(error: BaseException) -> str:
    """Types and source lines of ``error`` and of what caused it."""
    parts: list[str] = []
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        frames = "".join(traceback.format_tb(at.__traceback__))
        parts.append(f"{frames}{_named(at)}")
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "\nwhich came from:\n".join(parts)


class RequestLog:
    """One line for each answer: method, handler, the route's pattern, status. At level debug, or warning when it is our fault.

    The address itself may hold a token or a name, so the pattern of the URL map is written (``/invite/{token}``), never what was asked.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._note(scope, message["status"])
            await send(message)

        await self._app(scope, receive, noted)

    def _note(self, scope: Scope, status: int) -> None:
        level = logging.WARNING if status >= 500 else logging.DEBUG
        if logging.getLogger(__name__).isEnabledFor(level):
            log.log(level, "request", method=scope["method"], page=handler_of(scope), route=route_of(scope), status=status)


def handler_of(scope: Scope) -> str:
    """Name of what answered a request, without anything the request brought."""
    endpoint = scope.get("endpoint")
    return getattr(endpoint, "__qualname__", type(endpoint).__name__) if endpoint is not None else "none"


def route_of(scope: Scope) -> str:
    """The address as it stands in the URL map."""
    return getattr(scope.get("route"), "path", "none")


def _error_of(given: Any) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exc_info()[1] if given else None


def _named(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    # What the system says of a file or connection names nobody, and is what an operator needs.
    return f"{name}: {error.strerror}" if isinstance(error, OSError) and error.strerror else name
