"""What nobody foresaw is still answered like everything else; a database that does not answer is said as such."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import event
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.core.db import Base
from app.core.logging import configure
from app.core.permissions import Role
from app.main import create_app
from app.privacy.logfilter import LogFilter
from app.privacy.map import DataMap
from app.settings import Settings, complete
from tests.support.product import PASSWORD, Product, make_tables
from tests.support.server import Serve, listen

PATIENCE = 200
"""Milliseconds that a connection of these tests waits for a lock."""


async def fails(_request: Request) -> Response:
    raise RuntimeError("a secret of somebody")


async def breaks_off(_request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"half of it"
        raise RuntimeError

    return StreamingResponse(parts(), headers={"content-length": "100"})


@pytest.fixture
async def faulty(tmp_path: Path, serve_app: Serve) -> Product:
    """The product with two pages that fail and connections of little patience."""
    listener = listen()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_app(complete(Settings(data_dir=tmp_path / "data", public_url=url, workers_embedded=False)))
    app.router.routes[:0] = [Route("/fails/{what}", fails), Route("/breaks", breaks_off)]
    parts = app.state.parts
    parts.settings.data_dir.mkdir(parents=True)

    @event.listens_for(parts.database.engine.sync_engine, "connect")
    def impatient(connection: Any, _record: Any) -> None:
        connection.cursor().execute(f"PRAGMA busy_timeout={PATIENCE}")

    await make_tables(parts.database.engine)
    await serve_app(app, listener, access_log=False)
    return Product(url, parts)


async def test_the_page_of_a_fault_has_every_header_of_the_others_and_says_nothing_of_it(faulty: Product) -> None:
    async with faulty.client() as client:
        good, bad = await client.get("/first-run"), await client.get("/fails/x")
        document = await client.get("/fails/x", headers={"Accept": "application/json"})
    assert (bad.status_code, document.status_code) == (500, 500)
    ours = {"content-security-policy", "x-content-type-options", "referrer-policy", "permissions-policy", "cache-control"}
    assert ours <= set(good.headers) & set(bad.headers)
    assert "secret of somebody" not in bad.text + document.text
    assert "went wrong" in bad.text
    assert document.json()["code"] == "server.fault"


async def test_half_an_answer_is_not_taken_for_a_whole_one(faulty: Product) -> None:
    async with faulty.client() as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get("/breaks")


async def test_a_locked_database_is_said_with_when_to_come_back(faulty: Product, tmp_path: Path) -> None:
    webinar = await faulty.webinar(await faulty.account())
    owner = {"email": "owner@example.org", "password": PASSWORD}
    await faulty.member(webinar.account_id, Role.OWNER, owner["email"])
    async with faulty.client() as client, faulty.join(webinar.id, name="Ann") as guest:
        with closing(sqlite3.connect(tmp_path / "data" / "lectern.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            refused = await client.post("/sign-in", data=owner)
            document = await client.post("/sign-in", data=owner, headers={"Accept": "application/json"})
            said = await guest.ask("chat.say", text="Hello")
            assert (await client.get(f"/w/{webinar.slug}")).status_code == 200, "reading goes on"
            other.execute("ROLLBACK")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert "Nothing was saved; please try again in 5 seconds." in refused.text
        assert document.json()["code"] == said["code"] == "database.away"
        assert (await client.post("/sign-in", data=owner)).status_code == 303, "afterwards it works"
        assert (await guest.ask("chat.say", text="Hello"))["type"] == "ok"


async def test_a_log_line_has_the_pattern_of_the_address_and_never_the_address(faulty: Product) -> None:
    out = StringIO()
    root = logging.getLogger()
    before = root.handlers[:]
    configure("debug", LogFilter(DataMap(Base.metadata)), out)
    try:
        async with faulty.client() as client:
            await client.get("/fails/canary-in-the-path?who=canary")
            await client.get("/w/canary-slug")
    finally:
        root.handlers[:] = before
        configure("warning", LogFilter(DataMap(Base.metadata)))
        root.handlers[:] = before
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {line["route"] for line in lines if line["event"] == "request"} == {"/fails/{what}", "/w/{slug}"}
    assert [line["route"] for line in lines if line["event"] == "request.fault"] == ["/fails/{what}"]
    assert "canary" not in out.getvalue()
