"""Connections to PostgreSQL that died while they rested are replaced before anybody notices."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.core import db


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    opened = db.open_engine(postgres_url)
    yield opened
    await opened.dispose()


async def its_process(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())


async def end_at_server(engine: AsyncEngine, process: int) -> None:
    """What a restart or a firewall does, from a connection of its own."""
    other = create_async_engine(engine.url)
    async with other.connect() as connection:
        assert (await connection.execute(text("SELECT pg_terminate_backend(:it, 5000)"), {"it": process})).scalar_one()
    await other.dispose()


async def test_after_a_rest_it_is_asked_whether_the_server_answers(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await its_process(engine)
    await end_at_server(engine, before)
    monkeypatch.setattr(db, "REST", 0.0)
    assert await its_process(engine) != before


async def test_the_control_who_does_not_ask_is_told_by_the_first_statement(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "REST", 60.0)
    before = await its_process(engine)
    await end_at_server(engine, before)
    with pytest.raises(DBAPIError) as refused:
        await its_process(engine)
    assert refused.value.connection_invalidated
    assert await its_process(engine) != before, "and the next one has a new connection"
