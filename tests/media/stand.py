"""A real media server on a free port, with a directory tests can set."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import uvicorn
from starlette.routing import Route

from app.media import clip
from app.media.directory import Broadcast, Lane, Publisher, PublishSeat, StreamRef
from app.media.looper import Clip, Looper, read
from app.media.server import create_media_app
from app.settings import Settings

WEBINAR = "webinar-1"


class SetDirectory:
    """What the tests say is so."""

    def __init__(self) -> None:
        self.state = Broadcast.PREVIEW
        self.present: list[list[Publisher]] = []

    async def publish_seat(self, bearer: str) -> PublishSeat | None:
        return PublishSeat(WEBINAR, bearer.removeprefix("seat-")) if bearer.startswith("seat-") else None

    async def crew_seat(self, bearer: str) -> str | None:
        return WEBINAR if bearer.startswith("seat-") else None

    async def stream(self, token: str) -> StreamRef | None:
        return StreamRef(WEBINAR, Lane(token)) if token in ("audience", "crew") else None

    async def broadcast(self, webinar_id: str) -> Broadcast:
        return self.state

    async def presence(self, webinar_id: str, publishers: list[Publisher]) -> None:
        self.present.append(publishers)


class Stand:
    """A running server."""

    def __init__(self, url: str, directory: SetDirectory, client: httpx2.AsyncClient) -> None:
        self.url = url
        self.directory = directory
        self.client = client

    async def playlist(self, lane: str, name: str, query: str = "") -> str:
        answer = await self.client.get(f"{self.url}/hls/{lane}/{name}.m3u8{query}")
        return answer.text if answer.status_code == 200 else ""

    async def until(self, condition: Callable[[str], bool], lane: str = "crew", name: str = "video", within: float = 20) -> str:
        end = time.monotonic() + within
        while time.monotonic() < end:
            text = await self.playlist(lane, name)
            if text and condition(text):
                return text
            await asyncio.sleep(0.1)
        raise AssertionError(f"{lane}/{name}.m3u8 never came to be as expected:\n{await self.playlist(lane, name)}")

    @asynccontextmanager
    async def sending(self, source: Clip, seat: str = "seat-a", **options: bool) -> AsyncIterator[Looper]:
        looper = Looper(f"{self.url}/whip/{WEBINAR}", seat, source, **options)
        await looper.start()
        try:
            yield looper
        finally:
            await looper.stop()


@asynccontextmanager
async def stand(routes: Sequence[Route] = (), **settings: object) -> AsyncIterator[Stand]:
    """Serve on a free port."""
    directory = SetDirectory()
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    given = {"public_url": url, **settings}
    app = create_media_app(Settings(**given), directory)  # type: ignore[arg-type]
    app.router.routes += routes
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=2))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
        try:
            yield Stand(url, directory, client)
        finally:
            server.should_exit = True
            await task


def small_clip(size: tuple[int, int] = (640, 360)) -> Clip:
    """A small picture, made once per machine and size."""
    path = Path(tempfile.gettempdir()) / f"lectern-clip-{size[0]}x{size[1]}-4.mkv"
    return read(clip.make(path, size=size, seconds=4))
