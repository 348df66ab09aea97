"""The room while one transaction has it: its locked row, its box, and the next number of its sequence.

The lock on the webinar's row is what orders everything: numbers are taken inside the committing transaction, so commit order is
the order everybody sees, on one process or ten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy.orm.attributes import instance_dict

from app.core.at_once import Rows
from app.core.errors import Problem, not_found
from app.core.unit import Unit
from app.live.change import Change, Persons
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
        self.id = row.id
        self.box = box
        """The webinar's own: for what belongs to nobody, and for blind indexes."""
        self._vault = vault
        # To ask the object itself, and each command of a busy room does several times, takes as long as to write its row.
        self._values: Mapping[str, object] = instance_dict(row)
        self._modes: tuple[list[object], Modes] | None = None

    @property
    def modes(self) -> Modes:
        """The choices in force now."""
        made_of = [self._values.get(name) for name in ("modes", "broadcast", "chat_mode")]
        known = self._modes
        if known is None or known[0] != made_of:
            known = self._modes = made_of, modes_of(self.row)
        return known[1]

    async def box_of(self, person: str) -> Box:
        """The box of what ``person`` writes here; made at their first word, gone for good with their erasure."""
        if (known := self._vault.at_hand(self.id, person)) is not None:
            return known
        try:
            return await self._vault.box(self.id, person)
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
        seq = self.row.seq + 1
        self.unit.change(self.row, "seq", seq)
        return seq

    def tell(
        self,
        seq: int,
        *,
        audience: tuple[bytes, ...] = (),
        crew: tuple[bytes, ...] = (),
        gone_audience: tuple[str, ...] = (),
        gone_crew: tuple[str, ...] = (),
        persons: Persons | None = None,
        views: bool = True,
        ephemeral: bool = False,
    ) -> None:
        """Announce change number ``seq``: encoded entities and gone names for each lane, and for persons of their own. Views beside
        the room get what the audience gets, unless they are not to."""
        self.unit.announce(
            Change(
                webinar_id=self.id,
                epoch=self.row.epoch,
                seq=seq,
                audience=audience,
                crew=crew,
                gone_audience=gone_audience,
                gone_crew=gone_crew,
                persons=persons or {},
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
