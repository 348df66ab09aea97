"""Personal fields that an endpoint may be given, asked of the features that hold them at the moment of sending."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession


class FieldSource(Protocol):
    """A feature's fields. Names are stable and unique over all sources (``name``, ``email``, ``answers.company``)."""

    async def fields(self, session: AsyncSession, account_id: str) -> Mapping[str, str]:
        """Every field of the account's webinars: name → what people call it."""
        ...

    async def for_admins(self, session: AsyncSession, account_id: str) -> Collection[str]:
        """Those of them that only admins may see."""
        ...

    async def read(self, session: AsyncSession, webinar_id: str, person: str, names: Sequence[str]) -> Mapping[str, str]:
        """Values of ``names`` for a person; nothing for whoever is erased or has none."""
        ...


class Fields:
    """All sources as one."""

    def __init__(self, sources: Sequence[FieldSource]) -> None:
        self._sources = sources

    async def known(self, session: AsyncSession, account_id: str) -> dict[str, str]:
        """Name → label."""
        found: dict[str, str] = {}
        for source in self._sources:
            found |= await source.fields(session, account_id)
        return found

    async def for_admins(self, session: AsyncSession, account_id: str) -> set[str]:
        """Names that only admins may see."""
        return {name for source in self._sources for name in await source.for_admins(session, account_id)}

    async def read(self, session: AsyncSession, webinar_id: str, person: str, names: Sequence[str]) -> dict[str, str]:
        """Values that exist."""
        found: dict[str, str] = {}
        for source in self._sources:
            found |= await source.read(session, webinar_id, person, names)
        return {name: found[name] for name in names if name in found}
