"""What an erasure will reach, counted from the map, and which stored bytes its scan will look for afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from sqlalchemy import Column, ColumnElement, String, Table, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.privacy.scope import Owners, Target, person_columns, personal_columns

_Condition = ColumnElement[bool] | None
FEW = 20
"""Persons whose rows in all tables are counted by one question."""
SAMPLES = 3
"""Values looked for per column of a large target; each in every form and every file."""
EVERY = 200
"""Rows of a table up to which every byte of every value is looked for instead."""
NEEDLE = 24
"""Bytes of a value that are looked for: version, nonce and some ciphertext."""
SHORTEST = 16
"""Shorter values may occur by chance."""


class Sample(msgspec.Struct, frozen=True):
    """Stored bytes of a target that occur nowhere else, and of how many values they are."""

    needles: tuple[bytes, ...]
    values: int
    whole: bool
    """Every byte of every sealed value is among them."""


async def held(session: AsyncSession, owners: Owners, target: Target) -> dict[Table, int]:
    """Number of rows of a few persons in each table that has any, children before parents."""
    tables = {table.name: table for table in owners.tables() if owners.rows(table, target) is not None}
    counts = [
        select(literal(name, String).label("name"), func.count().label("number")).select_from(table).where(condition)
        for name, table in tables.items()
        if (condition := owners.rows(table, target)) is not None
    ]
    found = {name: number for name, number in (await session.execute(union_all(*counts))).all() if number} if counts else {}
    return {table: found[name] for name, table in tables.items() if name in found}


async def concerned(session: AsyncSession, owners: Owners, target: Target) -> list[Table]:
    """The tables to go through: of a few persons those that hold something of them, of others all."""
    return list(await held(session, owners, target)) if few(target) else owners.tables()


def few(target: Target) -> bool:
    """Whether the target is a handful of persons."""
    return 0 < len(target.persons) <= FEW


async def preview(session: AsyncSession, owners: Owners, target: Target, tables: Sequence[Table] | None = None) -> dict[str, int]:
    """Number of stored personal values per category that will go."""
    counts: Counter[str] = Counter()
    for table in await concerned(session, owners, target) if tables is None else tables:
        condition = owners.rows(table, target)
        words = personal_columns(table)
        if condition is None or not words:
            continue
        query = select(*(func.count(table.c[name]) for name in words)).where(condition)
        for word, number in zip(words.values(), (await session.execute(query)).one(), strict=True):
            counts[word.category] += number
    return {category: number for category, number in sorted(counts.items()) if number}


async def rows_left(session: AsyncSession, owners: Owners, target: Target) -> int:
    """Rows of the target that are still there."""
    if few(target):
        return sum((await held(session, owners, target)).values())
    left = 0
    for table in owners.tables():
        condition = owners.rows(table, target)
        if condition is not None:
            query = select(func.count()).select_from(table).where(condition)
            left += (await session.execute(query)).scalar_one()
    return left


async def sample(session: AsyncSession, owners: Owners, target: Target, tables: Sequence[Table]) -> Sample:
    """What the scan will look for: sealed values and blind indexes as stored, and participants' ids.

    Values in clear are not looked for: another person may have the same name.
    """
    found: set[bytes] = {person.encode() for person in target.persons[:50]}
    values, whole = len(found), few(target)
    for table in tables:
        condition = owners.rows(table, target)
        columns = [table.c[name] for name in _telling(table)] if condition is not None else []
        stored = await _few_values(session, columns, condition) if columns and few(target) else None
        every = stored is not None
        whole = whole and (every or not columns)
        some = await _some_values(session, columns, condition) if stored is None else stored
        values += len(some)
        found |= {piece for raw in some for piece in _pieces(raw, every)}
    return Sample(tuple(sorted(found)), values, whole)


async def _few_values(session: AsyncSession, columns: Sequence[Column[object]], condition: _Condition) -> list[bytes] | None:
    """All values; None when there are too many to look for each."""
    rows = (await session.execute(select(*columns).where(condition).limit(EVERY + 1))).all()  # type: ignore[arg-type]
    return [_bytes(value) for row in rows for value in row if value is not None] if len(rows) <= EVERY else None


async def _some_values(session: AsyncSession, columns: Sequence[Column[object]], condition: _Condition) -> list[bytes]:
    found: list[bytes] = []
    for column in columns:
        query = select(column).where(condition, column.is_not(None)).limit(SAMPLES)  # type: ignore[arg-type]
        found += [_bytes(value) for value in (await session.execute(query)).scalars()]
    return found


def _pieces(raw: bytes, every: bool) -> list[bytes]:
    """The beginning of a value, or all of it in pieces, the last of which may lie over the one before."""
    if len(raw) <= NEEDLE or not every:
        return [raw[:NEEDLE]] if len(raw) >= SHORTEST else []
    starts = [*range(0, len(raw) - NEEDLE, NEEDLE), len(raw) - NEEDLE]
    return [raw[at : at + NEEDLE] for at in starts]


def _telling(table: Table) -> list[str]:
    keys = {column.name for column in person_columns(table) if column.primary_key}
    return [name for name, word in personal_columns(table).items() if word.sealed or name in keys]


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
