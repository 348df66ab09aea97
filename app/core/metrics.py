"""Numbers for the operator, in the form Prometheus reads, on a port of their own.

No label says anything about a person or a webinar: only addresses as they stand in the URL map, statuses and kinds of jobs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import uvicorn
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_asgi_app
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.settings import Settings

GROUPS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """All numbers of one web process."""

    def __init__(self) -> None:
        # A registry of its own: several applications in one process (tests) must not add up.
        self._registry = CollectorRegistry()
        self._commands = Counter("lectern_commands_committed", "Room commands committed", registry=self._registry)
        self._groups = Histogram(
            "lectern_commit_group_size", "Commands that shared one commit", buckets=GROUPS, registry=self._registry
        )
        self._requests = Counter(
            "lectern_http_requests", "Requests answered", ["method", "route", "status"], registry=self._registry
        )
        self._jobs = Counter("lectern_jobs", "Background jobs run", ["kind", "outcome"], registry=self._registry)
        self.page: ASGIApp = make_asgi_app(self._registry)

    def watch(self, name: str, what: str, read: Callable[[], int]) -> None:
        """A number that is read when it is asked for."""
        Gauge(f"lectern_{name}", what, registry=self._registry).set_function(read)

    def committed(self, commands: int) -> None:
        """One group was committed."""
        self._commands.inc(commands)
        self._groups.observe(commands)

    def answered(self, method: str, route: str, status: int) -> None:
        """One request was answered."""
        # A method somebody made up would be a label of their choice, and a new series for each.
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()

    def job(self, kind: str, outcome: str) -> None:
        """One job was done, failed or was put off."""
        self._jobs.labels(kind, outcome).inc()


class RequestCount:
    """Counts answers by the address as it stands in the URL map, never as it was asked for."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        begun = False

        async def counted(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                self._count(scope, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, counted)
        except Exception:
            # Starlette answers a fault outside of all middleware, so that answer does not pass here.
            if not begun:
                self._count(scope, 500)
            raise

    def _count(self, scope: Scope, status: int) -> None:
        self._metrics.answered(scope["method"], getattr(scope.get("route"), "path", "none"), status)


@contextlib.asynccontextmanager
async def metrics_page(settings: Settings, metrics: Metrics) -> AsyncIterator[None]:
    """The page on its port, in the event loop that changes the numbers; nothing without a port."""
    if not settings.metrics_port:
        yield
        return
    config = uvicorn.Config(
        metrics.page,
        host=settings.metrics_host,
        port=settings.metrics_port,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
    )
    server = uvicorn.Server(config)
    # The signals belong to the server that people use.
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment,method-assign]
    task = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await task
