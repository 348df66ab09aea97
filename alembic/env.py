"""Runs migrations: async engines, batch mode on SQLite."""

from __future__ import annotations

import asyncio
import importlib
import os
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from alembic import context
from app.core.db import Base, open_engine
from app.settings import load

# Every table is known once the parts are.
importlib.import_module("app.main")


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
        raise RuntimeError(f"rows without what they refer to: {broken[:5]}")


def _without_foreign_keys(engine: AsyncEngine) -> None:
    """In batch mode a table is made anew, filled and the old one dropped. For SQLite that is the deletion of all its rows, and
    takes what refers to them along. Only outside of a transaction can it be told not to."""

    @event.listens_for(engine.sync_engine, "connect")
    def switch_off(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys=OFF")
        cursor.close()


async def _run(url: str) -> None:
    engine = open_engine(url)
    if engine.dialect.name == "sqlite":
        _without_foreign_keys(engine)
    async with engine.connect() as connection:
        writing = await connection.execution_options(lectern_write=True)
        await writing.run_sync(_migrate)
        await writing.commit()
    await engine.dispose()


asyncio.run(_run(context.config.attributes.get("database_url") or load(os.environ).database_url))
