"""Runs migrations: async engines, batch mode on SQLite."""

from __future__ import annotations

import asyncio
import importlib
import os

from sqlalchemy import Connection

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


async def _run(url: str) -> None:
    engine = open_engine(url)
    async with engine.connect() as connection:
        writing = await connection.execution_options(lectern_write=True)
        await writing.run_sync(_migrate)
        await writing.commit()
    await engine.dispose()


asyncio.run(_run(context.config.attributes.get("database_url") or load(os.environ).database_url))
