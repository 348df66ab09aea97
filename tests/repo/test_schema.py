"""Migrations give exactly the tables the code declares, and every column says whether it is personal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Connection, DateTime, LargeBinary, MetaData, Table, inspect

from alembic import command
from app.core.clock import Clock
from app.core.db import Base, open_engine

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


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


MADE_ANEW = {"0016": {"mail_round"}}
"""Revisions that throw the rows of a table away, and mean it: what the rounds said before could not be said in the new columns."""
Rows = dict[str, dict[str, Any]]


def filled(table: Table, rows: Rows) -> dict[str, Any]:
    """A row with something in each column that must have something, which refers to the rows of other tables."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.nullable or column.server_default is not None:
            continue
        key = next(iter(column.foreign_keys), None)
        if key is not None and key.column.table is not table:
            row[column.name] = rows[key.column.table.name][key.column.name]
        elif isinstance(column.type, DateTime):
            row[column.name] = Clock().now()
        elif isinstance(column.type, LargeBinary):
            row[column.name] = b""
        elif isinstance(column.type, JSON):
            row[column.name] = {}
        else:
            row[column.name] = column.type.python_type()
    return row


def fill(connection: Connection, rows: Rows) -> None:
    """One row in each table that has none yet."""
    tables = MetaData()
    tables.reflect(connection)
    for table in tables.sorted_tables:
        if table.name not in rows and table.name != "alembic_version":
            rows[table.name] = filled(table, rows)
            connection.execute(table.insert(), rows[table.name])


def lost(connection: Connection, rows: Rows) -> list[str]:
    """Tables whose row is not there any more."""
    names = set(inspect(connection).get_table_names()) & set(rows)
    return [name for name in sorted(names) if not connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar()]


def inside(url: str, what: Callable[[Connection], T]) -> T:
    """Do something with the database, and commit it."""

    async def run() -> T:
        engine = open_engine(url)
        try:
            async with engine.connect() as connection:
                writing = await connection.execution_options(lectern_write=True)
                done = await writing.run_sync(what)
                await writing.commit()
                return done
        finally:
            await engine.dispose()

    return asyncio.run(run())


def test_no_upgrade_loses_a_row(url: str) -> None:
    config, rows = config_for(url), Rows()
    for revision in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
        command.upgrade(config, revision.revision)
        meant = MADE_ANEW.get(revision.revision, set())
        assert set(inside(url, lambda connection: lost(connection, rows))) == meant, f"after {revision.revision}"
        for name in meant:
            del rows[name]
        inside(url, lambda connection: fill(connection, rows))
    assert set(rows) >= set(Base.metadata.tables)
    inside(url, lambda connection: connection.exec_driver_sql("DELETE FROM webinar"))
    assert {"message", "registrant", "webinar"} <= set(inside(url, lambda connection: lost(connection, rows))), "the control"


def test_rooms_in_which_somebody_was_banned_before_the_upgrade_go_on_looking(url: str) -> None:
    command.upgrade(config_for(url), "0033")
    inside(url, lambda connection: fill(connection, {}))
    command.upgrade(config_for(url), "head")
    assert inside(url, lambda connection: bool(connection.exec_driver_sql("SELECT restricted FROM webinar").scalar()))
    inside(url, lambda connection: connection.exec_driver_sql("DELETE FROM restriction"))
    command.downgrade(config_for(url), "0033")
    command.upgrade(config_for(url), "head")
    assert not inside(url, lambda connection: bool(connection.exec_driver_sql("SELECT restricted FROM webinar").scalar()))
