"""The stage's part of the room's copy: for the crew."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.live.change import Own
from app.media.models import Presenter, StageRow
from app.media.presenters import place_bytes, presenter_bytes, stage_bytes
from app.privacy.vault import Vault
from app.rooms.sources import Look, Part


class StageSource:
    """Implements the protocols of :mod:`app.rooms.sources`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def lane(self, look: Look, lane: str, after: int | None) -> Part:
        """Presenters and how the program is made."""
        if lane != "crew":
            return Part([], [])
        rows = select(Presenter).where(Presenter.webinar_id == look.row.id, Presenter.seq > (after or 0))
        if after is None:
            rows = rows.where(Presenter.removed.is_(False))
        stage = await look.session.get(StageRow, look.row.id)
        found = list((await look.session.execute(rows)).scalars())
        boxes = await self._vault.boxes_of(look.row.id, {row.person for row in found})
        entities = [presenter_bytes(row, boxes.get(row.person)) for row in found]
        if stage is not None and stage.seq > (after or 0):
            entities.append(stage_bytes(stage))
        return Part(entities, [])

    async def owners(self, session: AsyncSession, webinar_id: str) -> Collection[str]:
        """Guests with a place."""
        query = select(Presenter.person).where(Presenter.webinar_id == webinar_id, Presenter.sort == "guest")
        return list((await session.execute(query)).scalars())

    async def own(self, session: AsyncSession, webinar_id: str, persons: Collection[str] | None, after: int) -> Mapping[str, Own]:
        """A guest's own place."""
        query = select(Presenter).where(Presenter.webinar_id == webinar_id, Presenter.sort == "guest", Presenter.seq > after)
        if persons is not None:
            query = query.where(Presenter.person.in_(persons))
        return {
            row.person: Own([], [f"my_place/{row.id}"]) if row.removed else Own([place_bytes(row)], [])
            for row in (await session.execute(query)).scalars()
        }
