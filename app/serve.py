"""The web process at work: uvicorn with our websocket protocol, and in the embedded default the media process beside it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import uvicorn

from app.core.metrics import metrics_page
from app.live.wire import LiveProtocol
from app.main import create_app
from app.media.supervise import MediaProcess
from app.settings import Settings

PING_SECONDS = 20.0


async def serve(settings: Settings) -> None:
    """Serve until told to stop."""
    async with _media(settings) as media_url, _demo(settings, media_url):
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
            timeout_graceful_shutdown=5,
        )
        async with metrics_page(settings, app.state.parts.metrics):
            await uvicorn.Server(config).serve()


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
async def _demo(settings: Settings, media_url: str) -> AsyncIterator[None]:
    if not settings.demo:
        yield
        return
    from app.demo.lively import keep_lively

    task = asyncio.create_task(keep_lively(settings, media_url))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
