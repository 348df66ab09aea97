"""The room while one transaction has it: its locked row, its box, and the next number of its sequence.

The lock on the webinar's row is what orders everything: numbers are taken inside the committing transaction, so commit order is
the order everybody sees, on one process or ten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from app.core.at_once import Rows
from app.core.errors import Problem, not_found
from app.core.unit import Unit
from app.live.change import Change
from app.privacy import voters
from app.privacy.vault import Box, KeyDestroyed, Vault
from app.rooms.models import Webinar
from app.rooms.modes import Modes, modes_of

# Each group of commands asks, and mostly only the number is new.
_ROWS = Rows(Webinar, "seq")


class Room:
    """A webinar's row under lock, in one unit of work."""

    def __init__(self, unit: Unit, row: Webinar, box: Box, vault: Vault) -> None:
        self.unit = unit
        self.row = row
        self.box = box
        """The webinar's own: for what belongs to nobody, and for blind indexes."""
        self._vault = vault
        self._modes: tuple[tuple[dict[str, dict[str, object]], str, str], Modes] | None = None

    @property
    def modes(self) -> Modes:
        """The choices in force now; asked for several times by each command of a group."""
        row = self.row
        made_of = (row.modes, row.broadcast, row.chat_mode)
        known = self._modes
        if known is None or known[0] != made_of:
            known = self._modes = made_of, modes_of(row)
        return known[1]

    async def box_of(self, person: str) -> Box:
        """The box of what ``person`` writes here; made at their first word, gone for good with their erasure."""
        try:
            return await self._vault.box(self.row.id, person)
        except KeyDestroyed:
            raise Problem(
                "person.erased", "What you wrote here was erased, so nothing more can be written.", status=410
            ) from None

    async def reader_of(self, person: str) -> Box | None:
        """The box that opens what ``person`` wrote; None when they were erased."""
        return (await self._vault.boxes_of(self.row.id, [person])).get(person)

    async def readers_of(self, persons: Collection[str]) -> dict[str, Box]:
        """The same for several people; who was erased is not in it."""
        return await self._vault.boxes_of(self.row.id, [person for person in persons if person]) if persons else {}

    async def has_voted(self, ballot: str, person: str) -> bool:
        """Whether ``person`` voted in an anonymous ballot that is open."""
        return await voters.has_voted(self.unit, self._vault, self.row.id, ballot, person)

    async def note_vote(self, ballot: str, person: str) -> bool:
        """Note that ``person`` votes in an anonymous ballot; False when they did before."""
        return await voters.vote(self.unit, self._vault, self.row.id, ballot, person)

    def next_seq(self) -> int:
        """The number of the change now being made."""
        self.unit.change(self.row, "seq", self.row.seq + 1)
        return self.row.seq

    def tell(
        self,
        seq: int,
        *,
        audience: Sequence[bytes] = (),
        crew: Sequence[bytes] = (),
        gone_audience: Sequence[str] = (),
        gone_crew: Sequence[str] = (),
        persons: Mapping[str, tuple[Sequence[bytes], Sequence[str]]] | None = None,
        views: bool = True,
        ephemeral: bool = False,
    ) -> None:
        """Announce change number ``seq``: encoded entities and gone names for each lane, and for persons of their own. Views beside
        the room get what the audience gets, unless they are not to."""
        self.unit.announce(
            Change(
                webinar_id=self.row.id,
                epoch=self.row.epoch,
                seq=seq,
                audience=tuple(audience),
                crew=tuple(crew),
                gone_audience=tuple(gone_audience),
                gone_crew=tuple(gone_crew),
                persons={person: (tuple(entities), tuple(gone)) for person, (entities, gone) in (persons or {}).items()},
                views=views,
                ephemeral=ephemeral,
            )
        )


async def open_room(unit: Unit, vault: Vault, webinar_id: str) -> Room:
    """The room for the rest of this unit; the same object for every command of a group commit."""
    room = unit.memo.get(("room", webinar_id))
    if not isinstance(room, Room):
        row = await _ROWS.locked(unit.session, webinar_id)
        if row is None or row.data_state in ("purging", "purged"):
            raise not_found("webinar")
        room = Room(unit, row, await vault.box(webinar_id), vault)
        unit.memo["room", webinar_id] = room
    return room
