"""Who has something stored in a webinar, by random id: read off the schema, so that no feature can be forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.privacy.scope import Owners, Target, person_columns
from app.privacy.vault import Vault

NameSource = Callable[[AsyncSession, Vault, str, Sequence[str]], Awaitable[dict[str, str]]]
"""A feature's answer to: what are these persons of a webinar called? Those it does not know are left out."""

NOBODY = frozenset({"", "gone"})


class Holding(msgspec.Struct):
    """What is stored of one person: number of rows per table."""

    person: str
    rows: dict[str, int]
    name: str = ""

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.rows.values())


async def holdings(session: AsyncSession, owners: Owners, account_id: str, webinar_id: str) -> list[Holding]:
    """Everybody who has rows in the webinar, who has most first."""
    found: dict[str, Holding] = {}
    for table in owners.tables():
        condition = owners.rows(table, Target("webinar", account_id, webinar_id))
        for column in person_columns(table) if condition is not None else []:
            query = select(column, func.count()).where(condition, column.is_not(None)).group_by(column)  # type: ignore[arg-type]
            for person, number in (await session.execute(query)).all():
                if person not in NOBODY:
                    rows = found.setdefault(str(person), Holding(str(person), {})).rows
                    rows[str(table.name)] = rows.get(str(table.name), 0) + number
    return sorted(found.values(), key=lambda one: (-one.total, one.person))


async def named(
    session: AsyncSession, vault: Vault, webinar_id: str, people: Sequence[Holding], sources: Sequence[NameSource]
) -> None:
    """Fill in names; the first source that knows one has the word."""
    for source in sources:
        unknown = [one.person for one in people if not one.name]
        known = await source(session, vault, webinar_id, unknown) if unknown else {}
        for one in people:
            one.name = one.name or known.get(one.person, "")
