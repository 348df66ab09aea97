"""Deleting the rows of a target, children before parents, in short transactions so that a live room is never held up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, delete, or_, select, tuple_, update
from sqlalchemy.engine import CursorResult

from app.core.unit import Work
from app.privacy.erase.plan import concerned
from app.privacy.scope import Owners, Target, person_columns, personal_columns

CHUNK = 2000
PERSONS = 200


async def erase_rows(work: Work, owners: Owners, target: Target) -> dict[str, int]:
    """Delete or clear every row of ``target``; returns how many per table."""
    gone: dict[str, int] = {}
    for part in _parts(target):
        async with work.read() as session:
            tables = await concerned(session, owners, part)
        for table in tables:
            condition = owners.rows(table, part)
            if condition is None:
                continue
            number = 0
            if part.kind in ("participant", "selection") and _cleared(table):
                number += await _clear(work, table, condition, part)
                condition = _but_for_cleared(table, condition, part)
            if condition is not None:
                number += await _delete(work, table, condition)
            if number:
                gone[table.name] = gone.get(table.name, 0) + number
    return gone


def _parts(target: Target) -> Iterator[Target]:
    # No database takes a condition with ten thousand values.
    if not target.persons:
        yield target
    for start in range(0, len(target.persons), PERSONS):
        yield Target(target.kind, target.account_id, target.webinar_id, target.persons[start : start + PERSONS])


async def _delete(work: Work, table: Table, condition: ColumnElement[bool]) -> int:
    keys = list(table.primary_key)
    key = keys[0] if len(keys) == 1 else tuple_(*keys)
    some = select(*keys).where(condition).limit(CHUNK)
    total = 0
    while True:
        async with work.unit() as unit:
            done: CursorResult[Any] = await unit.session.execute(delete(table).where(key.in_(some)))  # type: ignore[assignment]
        total += done.rowcount
        if done.rowcount < CHUNK:
            return total


def _cleared(table: Table) -> list[Column[object]]:
    words = personal_columns(table)
    return [column for column in person_columns(table) if words[column.name].erase == "clear"]


async def _clear(work: Work, table: Table, condition: ColumnElement[bool], target: Target) -> int:
    """Take a person out of rows that stay, such as a question somebody else answered."""
    values = {
        name: None if table.c[name].nullable else b"" if table.c[name].type.python_type is bytes else ""
        for name, word in personal_columns(table).items()
        if word.erase == "clear"
    }
    named = or_(*(column.in_(target.persons) for column in _cleared(table)))
    async with work.unit() as unit:
        done: CursorResult[Any] = await unit.session.execute(  # type: ignore[assignment]
            update(table).where(condition, named).values(values)
        )
    return done.rowcount


def _but_for_cleared(table: Table, condition: ColumnElement[bool], target: Target) -> ColumnElement[bool] | None:
    cleared = {column.name for column in _cleared(table)}
    rest = [column for column in person_columns(table) if column.name not in cleared]
    return condition & or_(*(column.in_(target.persons) for column in rest)) if rest else None
