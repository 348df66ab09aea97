"""The web process at work: uvicorn with our websocket protocol, and in the embedded default the media process beside it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import aiofastnet
import uvicorn

from app.core.metrics import metrics_page
from app.live.wire import LiveProtocol
from app.main import create_app
from app.media.supervise import MediaProcess
from app.settings import Settings

PING_SECONDS = 20.0
NOT_SENT_BYTES = 128 * 1024


async def serve(settings: Settings) -> None:
    """Serve until told to stop."""
    if settings.tls_certificate:
        # Half again as many copies a second over TLS as with uvloop's own; in clear it makes no difference.
        aiofastnet.patch_loop(asyncio.get_running_loop())
    async with _media(settings) as media_url:
        app = create_app(settings, media_url=media_url)
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            ws=LiveProtocol,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PING_SECONDS,
            ws_max_size=64 * 1024,
            ws_per_message_deflate=False,
            # No access log: it would hold addresses of people and tokens in paths.
            access_log=False,
            server_header=False,
            # Logging is configured once for the process (app.core.logging); uvicorn brings no handlers of its own.
            log_config=None,
            log_level=None,
            proxy_headers=True,
            forwarded_allow_ips=settings.forwarded_allow_ips,
            # Who comes in a crowd is taken in by portions, so that those inside are not kept waiting for all of them.
            backlog=256,
            timeout_graceful_shutdown=5,
            ssl_certfile=settings.tls_certificate,
            ssl_keyfile=settings.tls_key,
        )
        server = uvicorn.Server(config)
        async with metrics_page(settings, app.state.parts.metrics), _demo(settings, media_url, server):
            await server.serve(sockets=[_listener(config)])


def _listener(config: uvicorn.Config) -> socket.socket:
    """The listening socket; what it is set to, every accepted one inherits."""
    listener = config.bind_socket()
    # uvicorn lets children have it, for its own workers. Ours must not: one that outlives us would hold the port.
    listener.set_inheritable(False)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        # The kernel keeps little of what a slow reader has not taken, so that we notice, and can still tell it to come back.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOT_SENT_BYTES)
    return listener


@contextlib.asynccontextmanager
async def _media(settings: Settings) -> AsyncIterator[str]:
    if settings.media_url:
        yield settings.media_url
        return
    process = MediaProcess(settings)
    process.start()
    try:
        yield process.url
    finally:
        await process.stop()


@contextlib.asynccontextmanager
async def _demo(settings: Settings, media_url: str, server: uvicorn.Server) -> AsyncIterator[None]:
    if not settings.demo:
        yield
        return
    task = asyncio.create_task(_lively(settings, media_url, server))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _lively(settings: Settings, media_url: str, server: uvicorn.Server) -> None:
    from app.demo.beside import keep_lively

    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.05)
    await keep_lively(settings, media_url)
