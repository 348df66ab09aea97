"""Web processes as people run them, killed and started again, with people who talk and read through it all."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import websockets
from sqlalchemy import select

from app.core.ids import new_id
from app.core.permissions import Role
from app.main import Parts, join_parts
from app.rooms.models import Message
from app.settings import Settings, complete
from tests.support.ports import answers, find_free_port
from tests.support.processes import Child
from tests.support.product import Guest, Product
from tests.support.until import until

ROOT = Path(__file__).resolve().parents[2]
SECRET = "s" * 40


class Installation:
    """Some web processes on one database."""

    def __init__(self, folder: Path, number: int, **environ: str) -> None:
        self.folder = folder
        self.ports = [find_free_port() for _ in range(number)]
        self.environ = {
            "LECTERN_DATA_DIR": str(folder / "data"),
            "LECTERN_SECRET": SECRET,
            "LECTERN_MEDIA_URL": "http://127.0.0.1:9",
            "LECTERN_WORKERS_EMBEDDED": "0",
            **environ,
        }
        self.settings = complete(
            Settings(data_dir=folder / "data", secret=SECRET, database_url=environ.get("LECTERN_DATABASE_URL", ""))
        )
        self.web: dict[int, Child] = {}
        self.parts: Parts = None  # type: ignore[assignment]
        self.webinar = ""

    async def start(self) -> None:
        """Tables, a webinar, and all processes."""
        migrate = [sys.executable, "-m", "app", "migrate"]
        await asyncio.to_thread(subprocess.run, migrate, cwd=ROOT, env=self._environ(0), check=True, capture_output=True)
        self.parts = join_parts(self.settings)
        made = Product("", self.parts)
        self.webinar = (await made.webinar(await made.account())).id
        for port in self.ports:
            self.launch(port)
        for port in self.ports:
            await self.up(port)

    def launch(self, port: int) -> None:
        """One process; :meth:`up` waits for it."""
        self.web[port] = Child(
            [sys.executable, "-m", "app", "serve"], self.folder / f"{port}.log", env=self._environ(port), cwd=ROOT
        )

    async def up(self, port: int) -> None:
        """Until it listens."""
        await until(lambda: answers(port), within=60, what=f"web process on {port} answers")

    def kill(self, port: int) -> None:
        """As by ``kill -9``."""
        os.kill(self.web[port].pid, signal.SIGKILL)
        self.web[port].process.wait()

    async def stored(self) -> list[tuple[int, str]]:
        """Number and text of every message in the database."""
        async with self.parts.work.read() as session:
            rows = list((await session.execute(select(Message).where(Message.webinar_id == self.webinar))).scalars())
        boxes = await self.parts.vault.boxes_of(self.webinar, [row.person for row in rows])
        found = []
        for row in rows:
            box = boxes.get(row.person)
            assert box is not None
            found.append((row.seq, box.open_text(row.text, f"message.text|{row.id}")))
        return found

    async def stop(self) -> None:
        """End everything."""
        for child in self.web.values():
            child.stop()
        if self.parts is not None:
            await self.parts.database.close()

    def _environ(self, port: int) -> dict[str, str]:
        own = {"LECTERN_PORT": str(port), "LECTERN_PUBLIC_URL": f"http://127.0.0.1:{port}"} if port else {}
        return {**os.environ, **self.environ, **own}


class Somebody:
    """Keeps one socket open through everything, as a browser would."""

    def __init__(self, at: Installation, ports: Sequence[int], dice: random.Random) -> None:
        self.at = at
        self.ports = list(ports)
        self.dice = dice
        self.person = new_id()
        self.guest: Guest | None = None
        self.connections = 0

    async def connected(self) -> Guest:
        """A socket that was welcomed; another process is tried when one does not answer."""
        while True:
            port = self.dice.choice(self.ports)
            origin = f"http://127.0.0.1:{port}"
            with contextlib.suppress(OSError, websockets.WebSocketException, TimeoutError):
                ticket = self.at.parts.seats.crew(self.at.webinar, self.person, "Mo", Role.MODERATOR, new_id(), "en")
                address = f"ws://127.0.0.1:{port}/live/{self.at.webinar}"
                socket = await websockets.connect(address, origin=websockets.Origin(origin), proxy=None, open_timeout=5)
                guest = Guest(socket, self.person)
                hello: dict[str, Any] = {"type": "hello", "ticket": ticket}
                if self.guest is not None:
                    guest.entities, guest.seq, guest.epoch = self.guest.entities, self.guest.seq, self.guest.epoch
                    hello["seen"] = {"epoch": guest.epoch, "seq": guest.seq}
                await socket.send(json.dumps(hello))
                guest.welcome = await guest.next("welcome")
                self.guest = guest
                self.connections += 1
                return guest
            await asyncio.sleep(self.dice.random() * 0.3)


class Talker(Somebody):
    """Says one thing after another; what is not acknowledged is said again with the same ``ref``."""

    async def talk(self, name: str, enough: asyncio.Event, acked: dict[str, int]) -> None:
        """Until it is enough."""
        guest = await self.connected()
        for turn in itertools.count():
            if enough.is_set():
                return
            text, ref = f"{name}-{turn}", new_id()
            while text not in acked:
                try:
                    answer = await asyncio.wait_for(guest.ask("chat.say", text=text, ref=ref), 5)
                    if answer["type"] == "ok":
                        acked[text] = answer["seq"]
                    else:
                        await asyncio.sleep(answer.get("retry_after") or 0.2)
                except (OSError, websockets.WebSocketException, TimeoutError):
                    guest = await self.connected()
            await asyncio.sleep(self.dice.random() * 0.2)


class Reader(Somebody):
    """Only reads."""

    async def read(self) -> None:
        """Until cancelled."""
        while True:
            guest = await self.connected()
            with contextlib.suppress(OSError, websockets.WebSocketException, TimeoutError):
                while True:
                    await guest.next("change")

    def texts(self) -> list[str]:
        """What stands on the screen, in the order of the room."""
        if self.guest is None:
            return []
        said = [one for one in self.guest.entities.values() if one["kind"] == "message"]
        return [one["text"] for one in sorted(said, key=lambda one: one["seq"])]
