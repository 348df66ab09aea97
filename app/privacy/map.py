"""The data map: every column of the database and every other store, with what they say about the people in them.

Columns speak for themselves (``personal`` and ``not_personal``); what is not a column is declared as a :class:`Store` by the feature
that owns it and handed in by ``app.main``. The register, the export, the erasure plan, the residue scan and the log filter read this
map and keep no list of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from sqlalchemy import MetaData

from app.core.declare import Basis, Personal, Subject
from app.privacy.scope import personal_columns, said

StoreKind = Literal["files", "broker", "limits", "queue", "log", "metrics", "browser", "mail", "memory"]


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """A place other than a database column that holds something: files, broker keys, counters, logs, a browser's storage."""

    name: str
    """What it is called in the register, such as ``recordings``."""
    kind: StoreKind
    where: str
    """Path pattern, key pattern or label names."""
    holds: str
    """What is in it, in plain words."""
    category: str = ""
    """Fideslang category; empty when nothing personal is in it."""
    subject: Subject = "participant"
    purpose: str = ""
    basis: Basis = "organiser_declares"
    retention: str = "webinar"
    sealed: bool = False
    erased: str
    """How it goes, in plain words."""
    export: bool = False


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the map: a personal column, a store, or a field that an organiser added to a form."""

    place: str
    field: str
    kind: str
    category: str
    subject: str
    purpose: str
    basis: str
    retention: str
    sealed: bool
    erased: str
    export: bool


ERASED = {
    "row": "with its row",
    "clear": "cleared in place",
    "key": "its key is destroyed",
    "expires": "by itself, when its time is over",
}


class DataMap:
    """All entries of one installation."""

    def __init__(self, metadata: MetaData, stores: Sequence[Store] = ()) -> None:
        self.metadata = metadata
        self.stores = tuple(stores)

    def entries(self, declared: Iterable[Entry] = ()) -> list[Entry]:
        """Everything personal, columns first. ``declared``: fields that organisers added to their forms."""
        columns = [
            _of_column(str(table.name), str(name), word)
            for table in self.metadata.sorted_tables
            for name, word in personal_columns(table).items()
        ]
        return [*columns, *declared, *(_of_store(store) for store in self.stores if store.category)]

    def log_words(self) -> frozenset[str]:
        """Names of personal columns: what no log line may carry."""
        return frozenset(name for table in self.metadata.tables.values() for name in personal_columns(table))


def undeclared(metadata: MetaData) -> list[str]:
    """``table.column`` of every column that says nothing about itself."""
    return [f"{t.name}.{c.name}" for t in metadata.sorted_tables for c in t.columns if said(c) is None]


def _of_column(table: str, name: str, word: Personal) -> Entry:
    return Entry(
        place=table,
        field=name,
        kind="column",
        category=word.category,
        subject=word.subject,
        purpose=word.purpose,
        basis=word.basis,
        retention=word.retention,
        sealed=word.sealed,
        erased=ERASED[word.erase],
        export=word.export,
    )


def _of_store(store: Store) -> Entry:
    return Entry(
        place=store.name,
        field=store.where,
        kind=store.kind,
        category=store.category,
        subject=store.subject,
        purpose=store.purpose,
        basis=store.basis,
        retention=store.retention,
        sealed=store.sealed,
        erased=store.erased,
        export=store.export,
    )
