"""The names people registered with."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.privacy.vault import SealBroken, Vault
from app.registration.models import Registrant

AT_ONCE = 500


async def registrant_names(session: AsyncSession, vault: Vault, webinar_id: str, persons: Sequence[str]) -> dict[str, str]:
    """The registered name of each of ``persons`` who registered and gave one."""
    names: dict[str, str] = {}
    boxes = await vault.boxes_of(webinar_id, persons)
    for start in range(0, len(persons), AT_ONCE):
        query = select(Registrant.id, Registrant.name).where(
            Registrant.webinar_id == webinar_id, Registrant.id.in_(persons[start : start + AT_ONCE])
        )
        for row in (await session.execute(query)).all():
            box = boxes.get(row.id)
            if box is not None and row.name:
                try:
                    names[row.id] = box.open_text(row.name, f"registrant.name|{row.id}")
                except SealBroken:
                    continue
    return names
