"""A real media server on a free port, with a directory tests can set."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from starlette.routing import BaseRoute, Route

from app.media import clip, h264
from app.media.directory import Broadcast, Lane, Line, Placed, Plan, Playing, Publisher, PublishSeat, StreamRef
from app.media.looper import Clip, Looper, read
from app.media.packager import Program
from app.media.recorder import Keeper
from app.media.rtc.assembly import Frame
from app.media.server import create_media_app
from app.media.stage import Studio
from app.media.tape import Tape, TapeWriter
from app.media.timeline import EPOCH, Timeline
from app.privacy.vault import Box
from app.settings import Settings

WEBINAR = "webinar-1"


class SetDirectory:
    """What the tests say is so."""

    def __init__(self) -> None:
        self.state = Broadcast.PREVIEW
        self.present: list[list[Publisher]] = []
        self.seats: dict[str, Placed] = {}
        self.chosen: str | None = None
        self.breaks = 0
        self.recording = False
        self.rewind = 0
        self.ladder = False
        self.layout = "single"
        self.said: list[Line] = []
        self.playing: Playing | None = None
        self.languages: dict[str, str] = {}
        self.folder: Path | None = None
        self.box = Box("things:test", bytes(32))
        self.recorded_list: list[Keeper] = []

    async def publish_seat(self, bearer: str) -> PublishSeat | None:
        seat, _, backup = bearer.removeprefix("seat-").partition("/")
        return PublishSeat(WEBINAR, seat, bool(backup)) if bearer.startswith("seat-") else None

    async def crew_seat(self, bearer: str) -> str | None:
        return WEBINAR if bearer.startswith("seat-") else None

    async def stream(self, token: str) -> StreamRef | None:
        return StreamRef(WEBINAR, Lane(token)) if token in ("audience", "crew") else None

    async def broadcast(self, webinar_id: str) -> Broadcast:
        return self.state

    async def plan(self, webinar_id: str, *, anew: bool = False) -> Plan:
        return Plan(
            self.state,
            "A test",
            self.seats,
            self.chosen,
            breaks=self.breaks,
            languages=self.languages,
            recording=self.recording,
            rewind=self.rewind,
            ladder=self.ladder,
            layout=self.layout,
            playing=self.playing,
        )

    async def lines(self, webinar_id: str, after: int) -> list[Line]:
        return [line for line in self.said if line.seq > after]

    async def record(self, webinar_id: str) -> Keeper | None:
        if self.folder is None:
            return None
        return TapeWriter(self.folder, self.box, f"recording-{len(self.recorded_list)}")

    async def tape(self, webinar_id: str, video: str) -> Tape | None:
        return Tape(self.folder, self.box, video) if self.folder is not None else None

    async def recorded(self, webinar_id: str, keeper: Keeper) -> None:
        self.recorded_list.append(keeper)

    async def presence(self, webinar_id: str, publishers: list[Publisher], breaks: int) -> None:
        self.present.append(publishers)
        self.breaks = breaks


class Stand:
    """A running server."""

    def __init__(self, url: str, directory: SetDirectory, client: httpx2.AsyncClient) -> None:
        self.url = url
        self.directory = directory
        self.client = client
        self.routes: list[BaseRoute] = []
        """Of the running server; a test may add its own."""
        self.studio: Studio

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
    async def sending(self, source: Clip, seat: str = "seat-a", **options: Any) -> AsyncIterator[Looper]:
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
            here = Stand(url, directory, client)
            here.routes = app.router.routes
            here.studio = app.state.studio
            yield here
        finally:
            server.should_exit = True
            await task


class Past(Timeline):
    """A clock that lags behind: what is fed while it catches up has been so for as long."""

    def __init__(self, seconds: float) -> None:
        self.lag = seconds
        super().__init__(lambda: time.monotonic() - self.lag)
        self._start = time.time() - EPOCH - time.monotonic()


async def long_live(here: Stand, seconds: float, source: Clip) -> None:
    """Be live for so long already, in a moment, with everything kept for going back."""
    here.directory.state, here.directory.rewind = Broadcast.LIVE, 60
    stage = await here.studio.stage(WEBINAR)
    stage.follow(await here.directory.plan(WEBINAR))
    past = Past(seconds)
    stage.program = program = Program(stage._card, timeline=past)
    program.ask = stage._ask
    program.keep_back(here.studio.room.open(3600))
    program.go_live()
    fed(program, past, seconds, source)


def fed(program: Program, past: Past, seconds: float, source: Clip) -> None:
    """Let somebody have sent for so long, until the clock has caught up."""
    feed = program.feed("before")
    program.cut(feed)
    began = past.now()
    pieces = sorted(
        [*((one.at, "video", one.data) for one in source.video), *((one.at, "audio", one.data) for one in source.audio)]
    )
    for turn in range(round(seconds / source.length)):
        for at, kind, data in pieces:
            past.lag = max(0.0, seconds - turn * source.length - at)
            place = began + turn * source.length + at
            if kind == "video":
                program.picture(feed, Frame(0, data, h264.is_key_frame(data), 0.0), place)
            else:
                program.sound(feed, data, place)
    past.lag = 0.0
    program.leave(feed)


def small_clip(size: tuple[int, int] = (640, 360)) -> Clip:
    """A small picture, made once per machine and size."""
    path = Path(tempfile.gettempdir()) / f"lectern-clip-{size[0]}x{size[1]}-4.mkv"
    return read(clip.make(path, size=size, seconds=4))
