"""Any ASGI application in a real uvicorn on a free port, in the event loop of the test."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from tests.support.until import until


class Served:
    """An application that answers on ``url`` until the test ends."""

    def __init__(self, server: uvicorn.Server, listener: socket.socket, task: asyncio.Task[None]) -> None:
        self.server = server
        self.listener = listener
        self.task = task
        self.port = int(listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        """End it in good order: open sockets are closed, the lifespan ends."""
        self.server.should_exit = True
        await asyncio.wait_for(self.task, 20)
        self.listener.close()


Serve = Callable[..., Awaitable[Served]]


def listen() -> socket.socket:
    """A listening socket on a free port, so that an address is known before the application is made."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    return listener


async def start(app: Any, listener: socket.socket | None = None, **options: Any) -> Served:
    """Serve ``app``; ``options`` go to :class:`uvicorn.Config` (``ws=``, ``ssl_certfile=`` …)."""
    listener = listener or listen()
    config = uvicorn.Config(app, **{"log_level": "warning", "lifespan": "on", "timeout_graceful_shutdown": 3, **options})
    server = uvicorn.Server(config)
    # uvicorn's own signal handlers would take Ctrl-C from pytest.
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment,method-assign]
    served = Served(server, listener, asyncio.create_task(server.serve(sockets=[listener])))
    await until(lambda: server.started or served.task.done(), what="uvicorn started")
    if served.task.done():
        served.listener.close()
        await served.task
        raise RuntimeError("the application ended while starting; see the log above")
    return served


@pytest.fixture
async def serve_app() -> AsyncIterator[Serve]:
    """``served = await serve_app(app)``: as many applications as the test wants, stopped at its end."""
    running: list[Served] = []

    async def serve(app: Any, listener: socket.socket | None = None, **options: Any) -> Served:
        running.append(await start(app, listener, **options))
        return running[-1]

    yield serve
    for served in reversed(running):
        if not served.task.done():
            await served.stop()
