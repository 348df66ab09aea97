"""New rows that need no object, and one column of a known row: written together when the session flushes or commits.

What the ORM does for an object costs ten times what its row costs, which only matters where hundreds are written in one
transaction, or hundreds of transactions a second write the same little, as in a busy chat. Later statements of the transaction
find these rows like any others, once the session was flushed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Column, Table, Update, bindparam, insert, update
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.orm.attributes import instance_dict

from app.core.at_once import Ready


class PlainRows(Session):
    """A session that takes them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plain: dict[Table, list[Mapping[str, object]]] = {}
        self._changed: dict[tuple[DeclarativeBase, str], object] = {}

    def put(self, table: Table, row: Mapping[str, object]) -> None:
        """Write ``row``, every column of it given, with the next flush."""
        rows = self._plain.get(table)
        if rows is None:
            rows = self._plain[table] = []
        rows.append(row)

    def change(self, row: DeclarativeBase, name: str, value: object) -> None:
        """Set column ``name`` of ``row``, an object of this session with an ``id``; written with the next flush. Nothing else may
        have set this column since the row was read: the ORM is not told."""
        instance_dict(row)[name] = value
        self._changed[row, name] = value

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        if self._plain:
            # First: objects may refer to them, and they refer only to what was there before.
            plain, self._plain = self._plain, {}
            for table, rows in plain.items():
                if _insert_into(table).run(self.connection(), rows) is None:
                    self.connection().execute(insert(table), rows)
        if self._changed:
            changed, self._changed = self._changed, {}
            for (row, name), value in changed.items():
                statement, ready = _update_of(cast("Table", row.__table__).c[name])
                values = {"row_id": cast("Any", row).id, "to": value}
                if ready.run(self.connection(), [values]) is None:
                    self.connection().execute(statement, values)
        super().flush(objects)

    def commit(self) -> None:
        if self._plain or self._changed:
            self.flush()
        super().commit()

    def rollback(self) -> None:
        self._forget()
        super().rollback()

    def close(self) -> None:
        self._forget()
        super().close()

    def _forget(self) -> None:
        self._plain.clear()
        self._changed.clear()


@functools.cache
def _insert_into(table: Table) -> Ready:
    return Ready(insert(table), table.columns.keys())


@functools.cache
def _update_of(column: Column[Any]) -> tuple[Update, Ready]:
    table = column.table
    statement = update(table).where(table.c.id == bindparam("row_id")).values({column: bindparam("to", type_=column.type)})
    return statement, Ready(statement, ["row_id", "to"])
