"""A quick look at SQLite goes to no thread, and meets nobody who could keep the event loop waiting."""

from __future__ import annotations

import sqlite3
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.sqlite_hops import OneHopConnection, use_one_hop
from app.rooms.models import Webinar
from tests.support.product import Product

OURS: ContextVar[bool] = ContextVar("OURS", default=False)


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What this test handed to a connection's thread, itself or in a task it began."""
    made: list[object] = []
    execute: Any = aiosqlite.Connection._execute

    async def counted(self: Any, what: Any, *given: Any, **named: Any) -> Any:
        if OURS.get():
            made.append(what)
        return await execute(self, what, *given, **named)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return made


async def look(product: Product, *, quick: bool) -> list[str]:
    async with product.work.read(quick=quick) as session:
        return list((await session.execute(select(Webinar.title))).scalars())


async def test_a_quick_look_makes_no_hop(product: Product, hops: list[object]) -> None:
    webinar = await product.webinar(await product.account())
    await look(product, quick=True)
    OURS.set(True)
    hops.clear()
    assert await look(product, quick=True) == [webinar.title]
    assert hops == []
    assert await look(product, quick=False) == [webinar.title]
    assert len(hops) == 3, "the control: begin, read, roll back"


async def test_a_quick_look_does_not_wait_for_a_writer_and_sees_one_state(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    other = sqlite3.connect(product.parts.settings.data_dir / "lectern.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE webinar SET title = 'Another'")
    async with product.work.read(quick=True) as session:
        titles = select(Webinar.title)
        assert (await session.execute(titles)).scalars().all() == [webinar.title]
        other.execute("COMMIT")
        assert (await session.execute(titles)).scalars().all() == [webinar.title], "as it was when the look began"
    assert await look(product, quick=True) == ["Another"]
    other.close()


async def test_where_somebody_is_in_the_way_it_does_not_begin(tmp_path: Path) -> None:
    """With a journal of another kind, where a writer keeps readers away."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'old.db'}", connect_args={"check_same_thread": False})
    use_one_hop(engine)
    other = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    other.execute("CREATE TABLE said (text TEXT)")
    async with engine.connect() as connection:
        adapted: Any = (await connection.get_raw_connection()).dbapi_connection
        assert isinstance(adapted, OneHopConnection)
        other.execute("BEGIN EXCLUSIVE")
        assert [adapted.begin_at_once(write=write) for write in (False, True)] == [False, False]
        other.execute("COMMIT")
        assert adapted.begin_at_once(write=False), "the control"
        adapted.quick = True
        adapted.rollback()
    await engine.dispose()
    other.close()
