"""What every transaction of a busy room asks and writes, without what SQLAlchemy does around each statement, which costs several times
as much as the statement.

Only in a quick transaction on SQLite (:mod:`app.core.sqlite_hops`); elsewhere these functions say so, and it is done the usual way.
SQLAlchemy still makes the SQL and converts the values, once for each statement and for each value.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar, cast

from sqlalchemy import Boolean, Connection, Dialect, Executable, LargeBinary, bindparam, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.compiler import SQLCompiler

from app.core.sqlite_hops import OneHopConnection

T = TypeVar("T", bound=DeclarativeBase)
KEPT = 64


class Ready:
    """A statement, compiled at its first use."""

    def __init__(self, statement: Executable, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = names
        self._made: _Plan | None = None

    def run(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> sqlite3.Cursor | None:
        """Run it for each of ``rows``; None when this is no quick transaction, and nothing was done. Raises what SQLAlchemy would."""
        raw = raw_of(connection)
        if raw is None:
            return None
        plan = self._made or self._make(connection.dialect)
        values = [plan.values(row) for row in rows]
        try:
            return raw.execute(plan.sql, values[0]) if len(values) == 1 else raw.executemany(plan.sql, values)
        except sqlite3.Error as error:
            raise DBAPIError.instance(plan.sql, None, error, sqlite3.Error, hide_parameters=True) from error

    def _make(self, dialect: Dialect) -> _Plan:
        compiled = cast("SQLCompiler", cast("Any", self._statement).compile(dialect=dialect, column_keys=self._names))
        self._made = _Plan(compiled)
        return self._made


class _Plan:
    """The SQL, and how its values are taken from a row."""

    def __init__(self, compiled: SQLCompiler) -> None:
        self.sql = str(compiled)
        names = compiled.positiontup or []
        self._take: Callable[[Mapping[str, object]], Iterable[object]]
        self._take = itemgetter(*names) if len(names) > 1 else lambda row: [row[name] for name in names]
        made: Mapping[str, Any] = compiled._bind_processors  # noqa: SLF001
        self._converted: list[tuple[int, Callable[[Any], Any]]] = []
        for at, name in enumerate(names):
            # SQLite takes bytes and truth values as they are.
            if name in made and not isinstance(compiled.binds[name].type, (LargeBinary, Boolean)):
                self._converted.append((at, _remembering(made[name])))

    def values(self, row: Mapping[str, object]) -> list[object]:
        """As SQLite wants them."""
        values = list(self._take(row))
        for at, convert in self._converted:
            values[at] = convert(values[at])
        return values


def _remembering(convert: Callable[[object], object]) -> Callable[[object], object]:
    """The same, but a value that is the one before is not converted again: all rows of a transaction have its time."""
    last, became = None, convert(None)

    def converted(value: object) -> object:
        nonlocal last, became
        if value is last:
            return became
        made = convert(value)
        if isinstance(value, datetime):
            last, became = value, made
        return made

    return converted


def raw_of(connection: Connection) -> sqlite3.Connection | None:
    """The connection to SQLite itself, while statements may run on it here and now."""
    adapted: Any = connection.connection.dbapi_connection
    return adapted.at_once() if isinstance(adapted, OneHopConnection) else None


class _Kept(NamedTuple):
    row: DeclarativeBase
    values: tuple[object, ...]


class Rows(Generic[T]):
    """Rows that nearly always are as they were: read each time, but made into objects only when something but ``counter`` is new."""

    def __init__(self, table: type[T], counter: str) -> None:
        columns = table.__table__.columns
        self._counter = counter
        self._at = list(columns.keys()).index(counter)
        self._read = Ready(select(table.__table__).where(columns.id == bindparam("row_id")), ["row_id"])
        self._locked = select(table).where(columns.id == bindparam("row_id")).with_for_update()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def locked(self, session: AsyncSession, row_id: str) -> T | None:
        """The row for this transaction, which nobody else changes meanwhile."""
        kept = self._kept.pop(row_id, None)
        values: tuple[object, ...] | None = None
        connection = (await session.connection()).sync_connection
        if connection is not None and (cursor := self._read.run(connection, [{"row_id": row_id}])) is not None:
            values = cursor.fetchone()
            if kept is not None and values is not None and self._same(kept, values) and not _known(session, kept.row):
                session.add(kept.row)
                set_committed_value(kept.row, self._counter, values[self._at])
                self._keep(row_id, kept)
                return cast("T", kept.row)
        row = (await session.execute(self._locked, {"row_id": row_id})).scalar_one_or_none()
        if row is not None and values is not None:
            self._keep(row_id, _Kept(row, values))
        return row

    def _same(self, kept: _Kept, values: tuple[object, ...]) -> bool:
        state = inspect(kept.row)
        # A transaction that failed, or goes on, has left it to nobody else.
        if not state.detached or state.expired or state.modified:
            return False
        at = self._at
        return kept.values[:at] == values[:at] and kept.values[at + 1 :] == values[at + 1 :]

    def _keep(self, row_id: str, kept: _Kept) -> None:
        self._kept[row_id] = kept
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _known(session: AsyncSession, row: DeclarativeBase) -> bool:
    """Whether the session has an object of its own for this row."""
    key = inspect(row).key
    return key is not None and key in session.sync_session.identity_map
