"""The real product: as a child process for browsers, or in the event loop of the test for sockets and pages."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import websockets
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from app.accounts import agreement, staff
from app.accounts.models import Account
from app.core.db import Base
from app.core.ids import new_id
from app.core.permissions import Role
from app.core.subprocessors import digest
from app.live.wire import LiveProtocol
from app.main import Parts, create_app
from app.rooms import webinars
from app.rooms.models import Webinar
from app.settings import Settings, complete
from tests.support.ports import find_free_port
from tests.support.server import Serve, Served, listen
from tests.support.until import until

PASSWORD = "a calm webinar"
COMPILED = Path(tempfile.gettempdir(), f"lectern-compiled-{os.getuid()}")
ROOT = Path(__file__).resolve().parents[2]


class Product:
    """A running Lectern in this event loop."""

    app: Starlette
    served: Served

    def __init__(self, url: str, parts: Parts) -> None:
        self.url = url
        self.parts = parts
        self.work = parts.work

    def client(self) -> httpx2.AsyncClient:
        """A browser without script: cookies kept, no redirects followed."""
        return httpx2.AsyncClient(base_url=self.url, headers={"Accept": "text/html"}, follow_redirects=False)

    async def account(self, name: str = "Meadow", *, agreed: bool = True) -> str:
        """An account that has accepted the data processing agreement."""
        async with self.work.unit() as unit:
            account = Account(id=new_id(), name=name, colour="", made_at=unit.now)
            unit.session.add(account)
            await unit.session.flush()
            if agreed:
                who = {"staff_id": new_id(), "name": "An owner", "role": "owner"}
                read = {"hash_read": agreement.current().hash, "processors": digest(self.parts.settings)}
                await agreement.accept(unit, self.parts.vault, account.id, **who, **read)
        return account.id

    async def member(self, account_id: str, role: Role, email: str) -> str:
        """Somebody of the staff; returns the id."""
        async with self.work.unit() as unit:
            made = await staff.add_staff(
                unit, self.parts.passwords, account_id, name=f"A {role}", email=email, password=PASSWORD, role=role
            )
        return made.id

    async def webinar(self, account_id: str, **changes: Any) -> Webinar:
        """A public webinar; ``changes`` are fields of :class:`webinars.Details`."""
        given = {
            "title": "How bees find home",
            "summary": "",
            "starts_at": datetime.now(UTC) + timedelta(hours=1),
            "minutes": 60,
            "zone": "UTC",
            "publication": "public",
            "chat_mode": "stored",
            **changes,
        }
        async with self.work.unit() as unit:
            return await webinars.make(unit, account_id, webinars.Details(**given), "en")

    async def row(self, webinar_id: str) -> Webinar:
        """The webinar as it is now."""
        async with self.work.read() as session:
            return await session.get_one(Webinar, webinar_id)

    async def sign_in(self, client: httpx2.AsyncClient, email: str) -> None:
        """Sign ``client`` in."""
        answer = await client.post("/sign-in", data={"email": email, "password": PASSWORD})
        assert answer.status_code == 303, answer.text

    @asynccontextmanager
    async def join(
        self,
        webinar_id: str,
        role: Role = Role.PARTICIPANT,
        *,
        person: str | None = None,
        name: str = "Mo",
        seen: Any = None,
        session: str = "",
        port: int = 0,
        view: str = "",
    ) -> AsyncIterator[Guest]:
        """Somebody in the room, or at a ``view`` beside it; ``port`` is that of another server of the same application."""
        person = person or new_id()
        session = session or f"session-of-{person}"
        seats = self.parts.seats
        if role is Role.PARTICIPANT:
            ticket = seats.participant(webinar_id, person, "en", view=view)[0]
        else:
            ticket = seats.crew(webinar_id, person, name, role, session, "en")
        server = f"ws://127.0.0.1:{port}" if port else self.url.replace("http", "ws")
        address = f"{server}/live/{webinar_id}"
        async with websockets.connect(address, origin=websockets.Origin(self.url), proxy=None) as socket:
            guest = Guest(socket, person)
            hello = {"type": "hello", "ticket": ticket} | ({"seen": seen} if seen else {})
            await socket.send(json.dumps(hello))
            guest.welcome = await guest.next("welcome")
            yield guest


class Guest:
    """One socket and the copy of the room it keeps, by the rule of the protocol."""

    def __init__(self, socket: websockets.ClientConnection, person: str) -> None:
        self.socket = socket
        self.person = person
        self.welcome: dict[str, Any] = {}
        self.entities: dict[str, dict[str, Any]] = {}
        self.seq = -1
        self.epoch = ""
        self.frames: list[dict[str, Any]] = []
        self._last = 0

    async def next(self, kind: str) -> dict[str, Any]:
        """The next frame of ``kind``; what comes before it is applied too."""
        while True:
            frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), 10))
            self._apply(frame)
            if frame["type"] == kind:
                return frame

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._last += 1
        await self.socket.send(json.dumps({"id": self._last, "type": kind, "ref": new_id(), **fields}))
        while True:
            frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), 10))
            self._apply(frame)
            if frame.get("id") == self._last and frame["type"] in ("ok", "error"):
                return frame

    async def read(self) -> None:
        """Read one frame."""
        self._apply(json.loads(await asyncio.wait_for(self.socket.recv(), 10)))

    async def until_seq(self, seq: int) -> None:
        """Read until the copy is at ``seq``."""
        while self.seq < seq:
            await self.read()

    async def hear(self, seq: int) -> None:
        """Read until whatever has number ``seq`` would be here: what is not for this lane is never sent, so a sync says so."""
        while self.seq < seq:
            self._last += 1
            seen = {"epoch": self.epoch, "seq": self.seq}
            await self.socket.send(json.dumps({"id": self._last, "type": "sync", "seen": seen}))
            await self.next("state")

    async def read_until(self, condition: Callable[[], bool]) -> None:
        """Read frames until ``condition`` holds."""
        while not condition():
            self._apply(json.loads(await asyncio.wait_for(self.socket.recv(), 10)))

    def texts(self) -> list[str]:
        """What is to be read in the chat, in order."""
        messages = [e for e in self.entities.values() if e["kind"] == "message" and not e.get("removed")]
        return [m["text"] for m in sorted(messages, key=lambda m: (m["at"], m["seq"]))]

    @property
    def webinar(self) -> dict[str, Any]:
        """The webinar's entity."""
        return next(e for e in self.entities.values() if e["kind"] == "webinar")

    def _apply(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        if frame["type"] in ("welcome", "state"):
            state = frame["state"]
            if state["full"]:
                self.entities.clear()
            self.epoch, self.seq = frame["epoch"], frame["seq"]
            self._upsert(state["set"], state["gone"])
        elif frame["type"] == "change":
            assert frame["prev"] <= self.seq, "a gap that nobody announced"
            self.seq = max(self.seq, frame["seq"])
            self._upsert(frame["set"], frame["gone"])

    def _upsert(self, entities: list[dict[str, Any]], gone: list[str]) -> None:
        for entity in entities:
            self.entities[f"{entity['kind']}/{entity['id']}"] = entity
        for name in gone:
            kind, _, gone_id = name.partition("/")
            if kind == "person":
                theirs = [key for key, one in self.entities.items() if one.get("author", {}).get("id") == gone_id]
                for key in theirs:
                    del self.entities[key]
            self.entities.pop(name, None)


@asynccontextmanager
async def product_on(folder: Path, serve: Serve, **settings: Any) -> AsyncIterator[Product]:
    """Lectern on a free port with its data in ``folder``."""
    listener = listen()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_app(complete(Settings(data_dir=_data(folder), public_url=url, **settings)))
    parts: Parts = app.state.parts
    await make_tables(parts.database.engine)
    served = await serve(app, listener, ws=LiveProtocol, access_log=False)
    running = Product(url, parts)
    running.app, running.served = app, served
    try:
        yield running
    finally:
        # Before its database goes.
        if not served.task.done():
            await served.stop()


def _data(folder: Path) -> Path:
    """The data folder; templates are compiled once for all tests."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    COMPILED.mkdir(exist_ok=True, mode=0o700)
    if not (data / "compiled").exists():
        (data / "compiled").symlink_to(COMPILED)
    return data


async def make_tables(engine: AsyncEngine) -> None:
    """All tables, without migrations; those have a test of their own."""
    async with engine.connect() as connection:
        writing = await connection.execution_options(lectern_write=True)
        await writing.run_sync(Base.metadata.create_all)
        await writing.commit()


@pytest.fixture
async def product(tmp_path: Path, serve_app: Serve) -> AsyncIterator[Product]:
    """The product on SQLite and the memory broker."""
    async with product_on(tmp_path, serve_app) as running:
        yield running


class Child:
    """``python -m app up`` as a process of its own, as people run it."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.port = find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self._environ = {
            **os.environ,
            "LECTERN_DATA_DIR": str(folder / "data"),
            "LECTERN_PORT": str(self.port),
            "LECTERN_PUBLIC_URL": self.url,
            "LECTERN_MEDIA_PORT": str(find_free_port()),
            **environ,
        }
        self._log = (folder / "serve.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", "up"], cwd=ROOT, env=self._environ, stdout=self._log, stderr=subprocess.STDOUT
        )

    async def ready(self) -> None:
        """Wait until web and media answer."""
        async with httpx2.AsyncClient(trust_env=False) as client:

            async def answers() -> bool:
                assert self.process.poll() is None, self.log()
                try:
                    web = await client.get(f"{self.url}/readyz")
                    media = await client.get(f"http://127.0.0.1:{self._environ['LECTERN_MEDIA_PORT']}/healthz")
                except httpx2.HTTPError:
                    return False
                return web.status_code == media.status_code == 200

            await until(answers, within=60, what="the product is ready")

    def log(self) -> str:
        """What it printed."""
        return (self.folder / "serve.log").read_text()

    def stop(self) -> None:
        """End it in good order."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()


@pytest.fixture
async def lectern() -> AsyncIterator[Child]:
    """The demo account in a running product."""
    with tempfile.TemporaryDirectory(prefix="lectern-") as folder:
        child = Child(Path(folder), LECTERN_DEMO="1")
        try:
            await child.ready()
            yield child
        finally:
            child.stop()


__all__ = ["Child", "Guest", "Product", "lectern", "product", "product_on"]
