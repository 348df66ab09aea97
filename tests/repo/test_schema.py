"""Migrations give exactly the tables the code declares, and every column says whether it is personal."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from alembic import command
from app.core.db import Base, open_engine

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/schema.sqlite"
    return str(request.getfixturevalue("postgres_url"))


def config_for(url: str) -> Config:
    """As the command line has it, for another database."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "alembic"))
    config.attributes["database_url"] = url
    return config


def look(url: str) -> tuple[list[object], set[str]]:
    """What differs from the code, and the tables there are."""

    def inside(connection: Connection) -> tuple[list[object], set[str]]:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
        return list(differences), set(inspect(connection).get_table_names())

    async def run() -> tuple[list[object], set[str]]:
        engine = open_engine(url)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(inside)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def test_upgrade_gives_what_the_code_declares_and_downgrade_takes_it_back(url: str) -> None:
    assert look(url)[0], "an empty database must differ"
    command.upgrade(config_for(url), "head")
    differences, tables = look(url)
    assert differences == []
    assert set(Base.metadata.tables) <= tables
    command.downgrade(config_for(url), "base")
    assert look(url)[1] <= {"alembic_version"}
