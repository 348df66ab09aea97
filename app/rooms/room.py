"""The room while one transaction has it: its locked row, its box, and the next number of its sequence.

The lock on the webinar's row is what orders everything: numbers are taken inside the committing transaction, so commit order is
the order everybody sees, on one process or ten.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.core.errors import not_found
from app.core.unit import Unit
from app.live.change import Change
from app.privacy.vault import Box, Vault
from app.rooms.models import Webinar


class Room:
    """A webinar's row under lock, in one unit of work."""

    def __init__(self, unit: Unit, row: Webinar, box: Box) -> None:
        self.unit = unit
        self.row = row
        self.box = box

    def next_seq(self) -> int:
        """The number of the change now being made."""
        self.row.seq += 1
        return self.row.seq

    def tell(
        self,
        seq: int,
        *,
        audience: Sequence[bytes] = (),
        crew: Sequence[bytes] = (),
        gone_audience: Sequence[str] = (),
        gone_crew: Sequence[str] = (),
        ephemeral: bool = False,
    ) -> None:
        """Announce change number ``seq``: encoded entities and gone names for each lane."""
        self.unit.announce(
            Change(
                webinar_id=self.row.id,
                epoch=self.row.epoch,
                seq=seq,
                audience=tuple(audience),
                crew=tuple(crew),
                gone_audience=tuple(gone_audience),
                gone_crew=tuple(gone_crew),
                ephemeral=ephemeral,
            )
        )


async def open_room(unit: Unit, vault: Vault, webinar_id: str) -> Room:
    """The room for the rest of this unit; the same object for every command of a group commit."""
    room = unit.memo.get(("room", webinar_id))
    if not isinstance(room, Room):
        query = select(Webinar).where(Webinar.id == webinar_id).with_for_update()
        row = (await unit.session.execute(query)).scalar_one_or_none()
        if row is None or row.data_state in ("purging", "purged"):
            raise not_found("webinar")
        room = Room(unit, row, await vault.box(webinar_id))
        unit.memo["room", webinar_id] = room
    return room
