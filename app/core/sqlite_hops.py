"""One hop to the connection's thread for each SQLite statement.

SQLAlchemy's adapter for aiosqlite goes there and back up to four times for one statement (make a cursor, execute, fetch, close). Each
hop wakes a thread and the event loop again, which costs more than the statement. Here a statement, its rows and its end are one hop,
and what needs none (a rollback where nothing is open) makes none.

In a transaction marked quick, statements run without any hop: nothing can keep them waiting, and they are few and small. One that
writes takes the lock without a hop where nobody holds it. Waiting for the lock and committing, which waits for the disk, stay in the
thread; one that only reads has neither.

This is the one place that knows the inside of the adapter.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from typing import Any, NamedTuple

from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection, AsyncAdapt_aiosqlite_cursor
from sqlalchemy.ext.asyncio import AsyncEngine


class Done(NamedTuple):
    """What is asked of a cursor after its statement."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    arraysize: int = 1


class OneHopCursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that exists only while its statement runs."""

    __slots__ = ()

    def __init__(self, adapt_connection: Any) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._cursor: Any = Done()
        self._soft_closed_memoized: Any = {}
        self._rows = deque()

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        return None

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        return await self._run("execute", operation, parameters or ())

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        return await self._run("executemany", operation, seq_of_parameters)

    async def _run(self, how: str, operation: Any, parameters: Any) -> None:
        raw: Any = self._connection

        def there() -> tuple[Done, list[Any]]:
            cursor = getattr(raw._conn, how)(operation, parameters)
            try:
                rows = cursor.fetchall() if cursor.description else []
                return Done(cursor.description, cursor.rowcount, cursor.lastrowid), rows
            finally:
                cursor.close()

        adapted: Any = self._adapt_connection
        if adapted.quick and raw._conn.in_transaction:
            self._cursor, rows = there()
        else:
            async with self._adapt_connection._execute_mutex:
                self._cursor, rows = await raw._execute(there)
        self._rows = deque(rows)


class OneHopConnection(AsyncAdapt_aiosqlite_connection):
    """The adapted connection with such cursors."""

    __slots__ = ("_patience", "_reads", "quick")

    _cursor_cls = OneHopCursor

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.quick = False
        self._reads = False
        self._patience = 0

    def at_once(self) -> sqlite3.Connection | None:
        """SQLite's own connection, while statements may run on it without a hop."""
        raw: Any = self._connection._conn
        return raw if self.quick and raw.in_transaction else None

    def begin_at_once(self, *, write: bool) -> bool:
        """Begin here and now; False when another connection is in the way."""
        raw: Any = self._connection._conn
        self._reads = not write
        if not self._patience:
            (self._patience,) = raw.execute("PRAGMA busy_timeout").fetchone()
        raw.execute("PRAGMA busy_timeout=0")
        try:
            raw.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            if not write:
                # Only now it has its snapshot.
                raw.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        except sqlite3.OperationalError:
            raw.rollback()
            return False
        finally:
            raw.execute(f"PRAGMA busy_timeout={self._patience}")
        return True

    def commit(self) -> None:
        self.quick = False
        super().commit()

    def rollback(self) -> None:
        at_once, self.quick = self.quick and self._reads, False
        raw: Any = self._connection
        if raw._connection is not None and raw._connection.in_transaction:
            if at_once:
                raw._conn.rollback()
            else:
                super().rollback()


def use_one_hop(engine: AsyncEngine) -> None:
    """Have ``engine`` make such connections."""

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Any, _record: Any, cargs: Any, cparams: Any) -> OneHopConnection:
        return OneHopConnection(dialect.dbapi, dialect.dbapi.connect(*cargs, **cparams)._connection)
