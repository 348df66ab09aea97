"""Making the database's files forget deleted rows.

SQLite: ``secure_delete`` overwrites freed cells, but a copy can stay in an old page or in the journal until the file is rewritten
and the journal emptied. Emptying fails while a reader holds an older snapshot, so it is tried again and its answer believed, not
assumed. PostgreSQL: ``VACUUM`` gives the space back for writing over; what lies in old log segments is ciphertext without a key.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing

from sqlalchemy import text

from app.core.db import SQLITE_PRAGMAS, Database

PATIENCE = 60.0


class CompactionBusy(Exception):
    """Something kept reading an old state of the database; the job tries again."""


async def empty_journal(database: Database) -> None:
    """Only empty SQLite's journal, for a target of which every byte is looked for afterwards. Raises :class:`CompactionBusy`."""
    path = database.engine.url.database
    if database.sqlite and path and path != ":memory:":
        await asyncio.to_thread(_compact_sqlite, path, rewrite=False)


async def compact(database: Database, tables: Sequence[str]) -> None:
    """Rewrite what was touched. Raises :class:`CompactionBusy`."""
    if database.sqlite:
        path = database.engine.url.database
        if path and path != ":memory:":
            await asyncio.to_thread(_compact_sqlite, path)
        return
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for name in tables:
            quoted = database.engine.dialect.identifier_preparer.quote(name)
            await connection.execute(text(f"VACUUM {quoted}"))


def _compact_sqlite(path: str, *, rewrite: bool = True) -> None:
    deadline = time.monotonic() + PATIENCE
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        for pragma in SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        rewritten = not rewrite
        while True:
            try:
                if not rewritten:
                    connection.execute("VACUUM")
                    rewritten = True
                # SQLite's own waiting sleeps up to 0.1 s between two tries; a reader is gone within a millisecond.
                connection.execute("PRAGMA busy_timeout = 0")
                (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError:
                busy = 1
            if not busy:
                return
            if time.monotonic() > deadline:
                raise CompactionBusy("the database's journal could not be emptied")
            time.sleep(0.005)
