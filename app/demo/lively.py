"""Keeps the demo's live webinar lively, as real presenters and participants would: a looping picture through WHIP, and people
who talk through the live protocol. Runs as a process of its own beside ``serve``, so that it costs the rooms nothing."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from typing import Any

import structlog
import websockets
from sqlalchemy import select

from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.core.tokens import Tokens
from app.core.unit import Work
from app.demo.script import LINES, NAMES, QUESTIONS, WORDS
from app.demo.seed import LIVE_SLUG
from app.media.looper import keep_looping
from app.rooms.models import Webinar
from app.rooms.modes import EMOJI
from app.rooms.seats import Seats
from app.settings import Settings, load

log = structlog.get_logger(__name__)

BRISK, CALM = (4.0, 11.0), (40.0, 90.0)
VOTES, REACTIONS, ASKS = 0.12, 0.35, 0.45
"""Of ten things somebody does, one is a vote and two are reactions; now and then somebody asks."""
BRISK_LINES = 120
"""After this many lines the talk calms down, so that a forgotten demo does not fill its disk."""


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


class Seen:
    """What somebody sees of the room, as far as they would do something about it."""

    def __init__(self) -> None:
        self._open: dict[str, list[dict[str, Any]]] = {}
        self._questions: set[str] = set()
        self._done: set[str] = set()

    async def listen(self, socket: websockets.ClientConnection) -> None:
        """Read until the socket is gone."""
        async for text in socket:
            frame = json.loads(text)
            for entity in frame.get("state", frame).get("set", ()):
                self._see(entity)

    def next_command(self, name: str) -> dict[str, Any]:
        """Answer a poll that is open; else vote, react, ask or, mostly, say something."""
        for poll, items in self._open.items():
            if poll not in self._done:
                self._done.add(poll)
                return {"type": "poll.vote", "poll": poll, "answers": {item["id"]: _answer(item) for item in items}, "name": name}
        chance = random.random()
        left = sorted(self._questions - self._done)
        if chance < VOTES and left:
            self._done.add(question := random.choice(left))
            return {"type": "question.vote", "question": question, "on": True}
        if chance < REACTIONS:
            return {"type": "reaction.send", "emoji": random.choice(EMOJI)}
        if chance < ASKS and "asked" not in self._done:
            self._done.add("asked")
            return {"type": "question.ask", "text": random.choice(QUESTIONS), "name": name}
        return _line(name)

    def _see(self, entity: dict[str, Any]) -> None:
        if entity["kind"] == "poll":
            self._open.pop(entity["id"], None)
            if entity["state"] == "open":
                self._open[entity["id"]] = entity["items"]
        elif entity["kind"] == "question" and entity.get("state") == "visible":
            self._questions.add(entity["id"])


def _line(name: str) -> dict[str, Any]:
    return {"type": "chat.say", "text": random.choice(LINES), "name": name}


def _answer(item: dict[str, Any]) -> str | int | list[str]:
    options = [option["id"] for option in item.get("options", ())]
    match item["kind"]:
        case "rating":
            return random.randint(1, item.get("max", 5))
        case "several":
            return [random.choice(options)]
        case "ranking":
            return random.sample(options, len(options))
        case "words":
            return [random.choice(WORDS)]
        case "text":
            return random.choice(LINES)
    return str(random.choice(options))


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
                seen = Seen()
                reader = asyncio.create_task(seen.listen(socket))
                try:
                    while not reader.done():
                        if said:
                            low, high = BRISK if said * len(NAMES) < BRISK_LINES else CALM
                            await asyncio.sleep(random.uniform(low, high) * len(NAMES) / 4)
                        # Everybody says something as they come in, so that the room is lively from the first look.
                        deed = seen.next_command(name) if said else _line(name)
                        command = {"id": said + 1, "ref": new_id(), **deed}
                        await socket.send(json.dumps(command))
                        said += 1
                finally:
                    reader.cancel()
        except (OSError, websockets.WebSocketException) as error:
            log.info("demo.away", error=type(error).__name__)


async def _parent_gone() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


if __name__ == "__main__":
    import uvloop

    uvloop.run(run(load(os.environ)))
