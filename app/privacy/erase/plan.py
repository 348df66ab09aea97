"""What an erasure will reach, counted from the map, and which stored bytes its scan will look for afterwards."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.privacy.scope import Owners, Target, person_columns, personal_columns

SAMPLES = 3
"""Values looked for per column; each in every form and every file."""
NEEDLE = 24
"""Bytes of a value that are looked for: version, nonce and some ciphertext."""


async def preview(session: AsyncSession, owners: Owners, target: Target) -> dict[str, int]:
    """Number of stored personal values per category that will go."""
    counts: Counter[str] = Counter()
    for table in owners.tables():
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
    left = 0
    for table in owners.tables():
        condition = owners.rows(table, target)
        if condition is not None:
            query = select(func.count()).select_from(table).where(condition)
            left += (await session.execute(query)).scalar_one()
    return left


async def needles(session: AsyncSession, owners: Owners, target: Target) -> list[bytes]:
    """Stored bytes that occur nowhere else: sealed values and blind indexes as stored, and participants' ids.

    Values in clear are not looked for: another person may have the same name.
    """
    found: set[bytes] = {person.encode() for person in target.persons[:50]}
    for table in owners.tables():
        condition = owners.rows(table, target)
        for name in _telling(table) if condition is not None else []:
            column = table.c[name]
            query = select(column).where(condition, column.is_not(None)).limit(SAMPLES)  # type: ignore[arg-type]
            values = (await session.execute(query)).scalars().all()
            found |= {raw[:NEEDLE] for value in values if len(raw := _bytes(value)) >= 16}
    return sorted(found)


def _telling(table: Table) -> list[str]:
    keys = {column.name for column in person_columns(table) if column.primary_key}
    return [name for name, word in personal_columns(table).items() if word.sealed or name in keys]


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
