"""Which rows belong to an account, a webinar or a participant, read off the schema.

A column named ``webinar_id`` or ``account_id`` (or a foreign key to those tables) says whose a row is; ``about`` may name either.
A table without one belongs to whom its foreign keys lead to, except through ``ON DELETE SET NULL``, which only mentions. A
participant's id is a column declared ``personal("user.unique_id…", subject="participant")``. A table with ``info=KEPT`` outlives
erasures, because it is the proof of them and holds no personal data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import Column, ColumnElement, MetaData, Table, and_, or_, select

from app.core.declare import KEY, NotPersonal, Personal

Kind = Literal["participant", "selection", "participants", "webinar", "account"]

KEPT = {"lectern_kept": True}
_ROOTS = ("webinar", "account")


class Target(msgspec.Struct, frozen=True):
    """What is to be erased."""

    kind: Kind
    account_id: str
    webinar_id: str = ""
    persons: tuple[str, ...] = ()
    """Ids of the participants, for the kinds ``participant`` and ``selection``."""


def said(column: Column[object]) -> Personal | NotPersonal | None:
    """What the column says about itself."""
    word = column.info.get(KEY)
    return word if isinstance(word, (Personal, NotPersonal)) else None


def personal_columns(table: Table) -> dict[str, Personal]:
    """The personal columns of a table with what they say."""
    words = {column.name: said(column) for column in table.columns}
    return {name: word for name, word in words.items() if isinstance(word, Personal)}


def person_columns(table: Table) -> list[Column[object]]:
    """The columns that hold a participant's id."""
    names = [
        n for n, w in personal_columns(table).items() if w.subject == "participant" and w.category.startswith("user.unique_id")
    ]
    return [table.c[name] for name in names]


class Owners:
    """Finds the rows of a target in every table of a schema."""

    def __init__(self, metadata: MetaData) -> None:
        self._metadata = metadata

    def tables(self) -> list[Table]:
        """All tables, children before parents: the order in which rows can go.

        Webinars and accounts come last: what names one without a foreign key, such as a job that waits, is found through their rows.
        """
        tables = [table for table in reversed(self._metadata.sorted_tables) if not table.info.get("lectern_kept")]
        return sorted(tables, key=lambda table: _ROOTS.index(table.name) + 1 if table.name in _ROOTS else 0)

    def rows(self, table: Table, target: Target) -> ColumnElement[bool] | None:
        """Condition for the rows of ``target`` in ``table``; None when the table can hold none."""
        if table.info.get("lectern_kept"):
            return None
        if target.kind == "account":
            return self._owned(table, "account", target.account_id)
        owned = self._owned(table, "webinar", target.webinar_id)
        if target.kind == "webinar" or owned is None:
            return owned
        if target.kind == "participants":
            return owned if self._holds_participants(table) else None
        mine = self._of_persons(table, target.persons)
        return None if mine is None else and_(owned, mine)

    def _holds_participants(self, table: Table) -> bool:
        words = personal_columns(table).values()
        return table.name != "webinar" and (any(w.subject == "participant" for w in words) or bool(self._person_parents(table)))

    def _owned(self, table: Table, root: str, value: str, seen: frozenset[str] = frozenset()) -> ColumnElement[bool] | None:
        if table.name == root:
            return table.c.id == value
        conditions = [column == value for column in _pointing(table, root)]
        if "about" in table.c:
            conditions.append(table.c.about == value)
        if root == "account" and (webinars := self._metadata.tables.get("webinar")) is not None and table is not webinars:
            theirs = select(webinars.c.id).where(webinars.c.account_id == value)
            conditions += [column.in_(theirs) for column in _pointing(table, "webinar")]
            if "about" in table.c:
                conditions.append(table.c.about.in_(theirs))
        if conditions:
            return or_(*conditions)
        return self._through_parents(table, root, value, seen | {table.name})

    def _through_parents(self, table: Table, root: str, value: str, seen: frozenset[str]) -> ColumnElement[bool] | None:
        ways = []
        for column, parent in _parents(table):
            if parent.table.name in seen:
                continue
            owned = self._owned(parent.table, root, value, seen)
            if owned is not None:
                ways.append(column.in_(select(parent).where(owned)))
        return or_(*ways) if ways else None

    def _of_persons(self, table: Table, persons: Sequence[str]) -> ColumnElement[bool] | None:
        if direct := person_columns(table):
            return or_(*(column.in_(persons) for column in direct))
        ways = []
        for column, parent in self._person_parents(table):
            theirs = self._of_persons(parent.table, persons)
            if theirs is not None:
                ways.append(column.in_(select(parent).where(theirs)))
        return or_(*ways) if ways else None

    def _person_parents(self, table: Table, seen: frozenset[str] = frozenset()) -> list[tuple[Column[object], Column[object]]]:
        seen |= {table.name}
        found = []
        for column, parent in _parents(table):
            above = parent.table
            if above.name not in seen and (person_columns(above) or self._person_parents(above, seen)):
                found.append((column, parent))
        return found


def _pointing(table: Table, root: str) -> list[Column[object]]:
    named = [table.c[f"{root}_id"]] if f"{root}_id" in table.c else []
    keyed = [column for column, parent in _parents(table) if parent.table.name == root and column not in named]
    return named + [column for column in keyed if column.name != f"{root}_id"]


def _parents(table: Table) -> list[tuple[Column[object], Column[object]]]:
    keys = [key for constraint in table.foreign_key_constraints for key in constraint.elements]
    return [(key.parent, key.column) for key in keys if key.ondelete != "SET NULL" and key.column.table is not table]
