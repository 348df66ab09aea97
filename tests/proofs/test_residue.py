"""Nothing of a participant is stored in clear while a webinar is live, and nothing at all after it was erased.

The real product takes canaries through every door that is open without registration: chat, name, browser headers, cookie, query
string. All files it writes are searched, live, ended, erased and restored. Each proof has its negative control.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import websockets
from websockets.typing import Origin

from app.core.db import Base
from app.core.ids import new_id
from app.main import Parts, create_app
from app.privacy.certificate import Signer
from app.privacy.erase import Pipeline, Target
from app.privacy.guard import replay_missing
from app.privacy.ledger import Ledger
from app.privacy.map import DataMap
from app.privacy.scan import Files, Place, Redis, forms_of, scan
from app.privacy.vault import Box
from app.rooms import webinars
from app.rooms.eraser import RoomEraser
from app.rooms.models import Webinar
from app.settings import Settings, complete
from tests.support.product import Product
from tests.support.server import Served, listen, start

DOORS = ("text", "name", "user-agent", "referer", "accept-language", "cookie", "query", "x-forwarded-for")


class House:
    """The running product and what the test did in it."""

    def __init__(self, folder: Path, database_url: str = "", redis_url: str = "") -> None:
        self.folder = folder
        listener = listen()
        self.settings = complete(
            Settings(
                data_dir=folder / "data",
                database_url=database_url,
                broker_url=redis_url or "memory://",
                public_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
                workers_embedded=False,
                secret="s" * 40,
            )
        )
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.app = create_app(self.settings)
        self.parts: Parts = self.app.state.parts
        self.listener = listener
        self.places: list[Place] = [Files([self.settings.data_dir])] + ([Redis(redis_url)] if redis_url else [])
        self.canaries = {door: f"{door}{secrets.token_hex(12)}" for door in DOORS}
        self.canaries["x-forwarded-for"] = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::{secrets.token_hex(2)}"
        self.ledger = Ledger(self.settings.keys_path)
        self.pipeline = self.make_pipeline()
        self.served: Served | None = None
        self.webinar: Webinar | None = None

    def make_pipeline(self, **other: Any) -> Pipeline:
        signer = Signer(self.settings.keys_path)
        options = {"erasers": [RoomEraser(self.parts.vault)], "places": self.places, **other}
        return Pipeline(self.parts.work, self.parts.vault, DataMap(Base.metadata), self.ledger, signer, **options)

    async def open(self) -> None:
        """Tables, an account, a webinar, the server."""
        async with self.parts.database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        account_id = await Product(self.settings.origin, self.parts).account("Acme")
        async with self.parts.work.unit() as unit:
            starts = unit.now + timedelta(hours=1)
            details = webinars.Details("Residue", "", starts, 60, "UTC", "public", "stored", "residue")
            self.webinar = await webinars.make(unit, account_id, details, "en")
        self.served = await start(self.app, self.listener)

    @property
    def target(self) -> Target:
        assert self.webinar
        return Target("webinar", self.webinar.account_id, self.webinar.id)

    async def visit(self) -> str:
        """One participant, with a canary in everything a browser sends; returns their random id."""
        assert self.served
        assert self.webinar
        said = self.canaries
        headers = {name: said[name] for name in ("user-agent", "referer", "accept-language", "x-forwarded-for")}
        headers["cookie"] = f"trace={said['cookie']}"
        async with httpx2.AsyncClient(base_url=self.served.url, headers=headers) as client:
            (await client.get(f"/w/residue/room?utm={said['query']}")).raise_for_status()
            answer = await client.post("/w/residue/ticket", json={}, headers={"origin": self.settings.origin})
            answer.raise_for_status()
        url = f"{self.served.ws_url}/live/{self.webinar.id}?utm={said['query']}"
        del headers["user-agent"]
        async with websockets.connect(
            url, origin=Origin(self.settings.origin), additional_headers=headers, user_agent_header=said["user-agent"], proxy=None
        ) as socket:
            await socket.send(json.dumps({"type": "hello", "ticket": answer.json()["ticket"]}))
            person = json.loads(await socket.recv())["you"]["id"]
            await socket.send(
                json.dumps({"id": 1, "type": "chat.say", "ref": new_id(), "text": said["text"], "name": said["name"]})
            )
            while json.loads(await socket.recv()).get("type") != "ok":
                pass
        return str(person)

    async def found(self, *more: str) -> set[str]:
        """Which canaries are anywhere, in any form."""
        values = {**self.canaries, **{text: text for text in more}}
        hits = set()
        for door, value in values.items():
            if (await scan(self.places, forms_of([value.encode()], wide=True))).findings:
                hits.add(door)
        return hits

    async def erase(self, pipeline: Pipeline | None = None) -> None:
        pipeline = pipeline or self.pipeline
        async with self.parts.work.unit() as unit:
            erasure = await pipeline.ask(unit, self.target, "organiser")
        await pipeline.run(erasure)

    async def stop(self) -> None:
        if self.served and not self.served.task.done():
            await self.served.stop()


@pytest.fixture(params=["sqlite and memory", "postgresql and redis"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    if request.param == "sqlite and memory":
        made = House(tmp_path)
    else:
        made = House(tmp_path, request.getfixturevalue("postgres_url"), request.getfixturevalue("redis_url"))
        # The server's own files; readable because the tests started it.
        made.places.append(
            Files([request.getfixturevalue("postgres_server").folder / "data" / part for part in ("base", "pg_wal")])
        )
        made.pipeline = made.make_pipeline(places=made.places[:2])
    await made.open()
    yield made
    await made.stop()


async def test_while_live_and_after_the_end_nothing_is_found_in_clear(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    await house.visit()
    assert await house.found() == set()
    await house.stop()
    assert await house.found() == set()
    said = "".join(capfd.readouterr())
    assert [door for door, value in house.canaries.items() if value in said] == []


async def test_after_the_erasure_not_even_the_random_id_is_left(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.open()
    person = await house.visit()
    assert await house.found(person) == {person}
    await house.erase()
    assert await house.found(person) == set()
    await house.stop()
    assert await house.found(person) == set()


async def test_a_database_restored_from_before_the_erasure_is_clean_once_it_may_serve(tmp_path: Path) -> None:
    house = House(tmp_path / "one")
    await house.open()
    person = await house.visit()
    await house.stop()
    shutil.copytree(house.settings.data_dir, tmp_path / "backup")
    house = again(house)
    await house.erase()
    await house.stop()
    await house.parts.database.close()
    shutil.rmtree(house.settings.data_dir)
    shutil.copytree(tmp_path / "backup", house.settings.data_dir)
    house = again(house)
    assert await house.found(person) == {person}
    assert await replay_missing(house.parts.work, house.ledger, house.pipeline) == 1
    assert await house.found(person) == set()
    await house.parts.database.close()


def again(house: House) -> House:
    """The same installation in another process."""
    house.listener.close()
    later = House(house.folder)
    later.listener.close()
    later.canaries, later.webinar = house.canaries, house.webinar
    return later


async def test_with_sealing_off_the_proof_goes_red(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the same scan finds what is stored in clear."""
    monkeypatch.setattr(Box, "seal", lambda _box, value, _aad: value if isinstance(value, bytes) else value.encode())
    monkeypatch.setattr(Box, "open", lambda _box, blob, _aad: blob)
    # Twice: a page border of PostgreSQL's log may run through one of them.
    await house.visit()
    await house.visit()
    assert await house.found() == {"text", "name"}


async def test_with_an_eraser_off_the_proof_goes_red(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: rows that stay are found by the scan and named by the pipeline."""
    house = House(tmp_path)
    await house.open()
    person = await house.visit()
    monkeypatch.setattr("app.privacy.erase.pipeline.erase_rows", keep_rows)
    monkeypatch.setattr("app.privacy.erase.pipeline.ATTEMPTS", 1)
    await house.erase()
    assert await house.found(person) == {person}
    await house.stop()


async def keep_rows(*_: object) -> dict[str, int]:
    return {}
