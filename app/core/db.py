"""The database: engine, base class and connection settings for SQLite and PostgreSQL.

SQLite: WAL with ``synchronous=FULL`` (an acknowledged write survives a power cut), ``secure_delete`` (freed pages are
overwritten) and foreign keys. Transactions are opened by us, not by the driver: writers with ``BEGIN IMMEDIATE``, because a
transaction that reads first and writes later is refused at once when another writes meanwhile, whatever the busy timeout.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import DateTime, Dialect, MetaData, TypeDecorator, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from app.core.plain_rows import PlainRows
from app.core.sqlite_hops import use_one_hop
from app.settings import Settings

REST = 1.0
"""Seconds after which a connection is not believed to be alive."""
CLOSING = 5.0
"""Seconds for giving back all connections."""

_JSON = {"json_serializer": lambda value: msgspec.json.encode(value).decode(), "json_deserializer": msgspec.json.decode}

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "foreign_keys=ON",
    "busy_timeout=10000",
    "temp_store=MEMORY",
    "cache_size=-16000",
    "wal_autocheckpoint=8000",
)
"""A busy chat writes the same pages again and again: carried over from the journal every 32 MB, most need that once instead of ten times."""


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(naming_convention=NAMING)


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC time in Python, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Database:
    """One engine and its sessions."""

    def __init__(self, settings: Settings) -> None:
        self.engine = open_engine(settings.database_url)
        self.sessions = _sessions(self.engine)
        self.writing = _sessions(self.engine.execution_options(lectern_write=True))
        """For transactions that write."""
        self.quick = _sessions(self.engine.execution_options(lectern_write=True, lectern_quick=True))
        """For those with only few small statements, which SQLite may run in the event loop."""
        self.looking = _sessions(self.engine.execution_options(lectern_quick=True))
        """The same for a look that writes nothing."""

    @property
    def sqlite(self) -> bool:
        """True on SQLite."""
        return self.engine.dialect.name == "sqlite"

    async def close(self) -> None:
        """Give back all connections; one that does not answer any more keeps nobody from ending."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.engine.dispose(), CLOSING)


def _sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False, sync_session_class=PlainRows)


def open_engine(url: str) -> AsyncEngine:
    """An engine with our connection settings. Parameters never reach the logs."""
    if url.startswith("sqlite"):
        # Quick transactions use the connection from the event loop while its thread has nothing to do (app.core.sqlite_hops).
        connect = {"check_same_thread": False}
        # The connection that wrote last writes next, and finds the pages it wrote still in its memory: for each other one they are stale.
        pool = {"pool_size": 8, "max_overflow": 4, "pool_use_lifo": True}
        engine = create_async_engine(url, hide_parameters=True, connect_args=connect, **pool, **_JSON)
        use_one_hop(engine)
        _sqlite_events(engine)
        return engine
    engine = create_async_engine(url, hide_parameters=True, pool_size=10, max_overflow=10, **_JSON)
    _ask_after_rest(engine)
    return engine


def _ask_after_rest(engine: AsyncEngine) -> None:
    """Whether the server still answers is asked before a connection is used again, unless it was used a moment ago: in a busy room that
    question would be as dear as the transaction."""

    @event.listens_for(engine.sync_engine, "checkin")
    def rests(_connection: Any, record: Any) -> None:
        record.info["rests since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def asked(connection: Any, record: Any, _proxy: Any) -> None:
        since = record.info.get("rests since")
        if since is not None and time.monotonic() - since > REST and not engine.dialect._do_ping_w_event(connection):  # noqa: SLF001
            raise InvalidatePoolError


def _sqlite_events(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        # No implicit BEGIN by the driver: ours below decides between a reader's and a writer's transaction.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in SQLITE_PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        quick = options.get("lectern_quick", False)
        adapted = connection.connection.dbapi_connection
        write = options.get("lectern_write", False)
        if not (quick and adapted.begin_at_once(write=write)):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
        adapted.quick = quick
