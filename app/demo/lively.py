"""Keeps the demo's live webinar lively, as real presenters and participants would: a looping picture through WHIP, and people
who talk through the live protocol. Runs as a process of its own beside ``serve``, so that it costs the rooms nothing."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys

import structlog
import websockets
from sqlalchemy import select

from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.core.tokens import Tokens
from app.core.unit import Work
from app.demo.script import LINES, NAMES
from app.demo.seed import LIVE_SLUG
from app.media.looper import keep_looping
from app.rooms.models import Webinar
from app.rooms.seats import Seats
from app.settings import Settings, load

log = structlog.get_logger(__name__)

BRISK, CALM = (4.0, 11.0), (40.0, 90.0)
BRISK_LINES = 120
"""After this many lines the talk calms down, so that a forgotten demo does not fill its disk."""


async def keep_lively(settings: Settings, media_url: str) -> None:
    """Run the lively process until cancelled; it also ends when this process does."""
    environ = {**os.environ, "LECTERN_DATA_DIR": str(settings.data_dir), "LECTERN_PUBLIC_URL": settings.public_url}
    environ |= {"LECTERN_MEDIA_URL": media_url, "LECTERN_PORT": str(settings.port)}
    command = (sys.executable, "-m", "app.demo.lively")
    child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, env=environ)
    try:
        await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()


async def run(settings: Settings) -> None:
    """Publish and talk until standard input closes."""
    database = Database(settings)
    work = Work(database, Clock())
    seats = Seats(Tokens(settings.secret), work)
    try:
        async with work.read() as session:
            row = (await session.execute(select(Webinar).where(Webinar.slug == LIVE_SLUG))).scalar_one_or_none()
        if row is None or row.broadcast != "live":
            return
        tasks = [asyncio.create_task(_publish(settings, seats, row.id)), asyncio.create_task(_talk(settings, seats, row.id))]
        await _parent_gone()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await database.close()


async def _publish(settings: Settings, seats: Seats, webinar_id: str) -> None:
    token = seats.stage(webinar_id, new_id(), "Demo picture")
    await keep_looping(f"{settings.media_url}/whip/{webinar_id}", token, settings.data_dir / "demo" / "loop.mp4")


async def _talk(settings: Settings, seats: Seats, webinar_id: str) -> None:
    await asyncio.gather(*(_person(settings, seats, webinar_id, name, place) for place, name in enumerate(NAMES)))


async def _person(settings: Settings, seats: Seats, webinar_id: str, name: str, place: int) -> None:
    address = f"ws://{settings.host}:{settings.port}/live/{webinar_id}"
    said = 0
    person = new_id()
    while True:
        await asyncio.sleep(random.uniform(1, 3) + place)
        try:
            async with websockets.connect(address, origin=websockets.Origin(settings.origin), proxy=None) as socket:
                ticket, _ = seats.participant(webinar_id, person, "en")
                await socket.send(json.dumps({"type": "hello", "ticket": ticket}))
                reader = asyncio.create_task(_listen(socket))
                try:
                    while not reader.done():
                        low, high = BRISK if said * len(NAMES) < BRISK_LINES else CALM
                        await asyncio.sleep(random.uniform(low, high) * len(NAMES) / 4)
                        line = {"id": said + 1, "type": "chat.say", "ref": new_id(), "text": random.choice(LINES), "name": name}
                        await socket.send(json.dumps(line))
                        said += 1
                finally:
                    reader.cancel()
        except (OSError, websockets.WebSocketException) as error:
            log.info("demo.away", error=type(error).__name__)


async def _listen(socket: websockets.ClientConnection) -> None:
    async for _ in socket:
        pass


async def _parent_gone() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


if __name__ == "__main__":
    import uvloop

    uvloop.run(run(load(os.environ)))
