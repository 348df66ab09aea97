"""New rows that need no object: written together, one statement for each table, when the session flushes or commits.

An object of the ORM costs ten times what its row costs, which only matters where hundreds are written in one transaction, as in a
busy chat. Later statements of the transaction find these rows like any others, once the session was flushed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session


class PlainRows(Session):
    """A session that takes them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plain: dict[Table, list[Mapping[str, object]]] = {}

    def put(self, table: Table, row: Mapping[str, object]) -> None:
        """Write ``row``, every column of it given, with the next flush."""
        rows = self._plain.get(table)
        if rows is None:
            rows = self._plain[table] = []
        rows.append(row)

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        if self._plain:
            # First: objects may refer to them, and they refer only to what was there before.
            plain, self._plain = self._plain, {}
            for table, rows in plain.items():
                self.connection().execute(insert(table), rows)
        super().flush(objects)

    def commit(self) -> None:
        if self._plain:
            self.flush()
        super().commit()

    def rollback(self) -> None:
        self._plain.clear()
        super().rollback()

    def close(self) -> None:
        self._plain.clear()
        super().close()
