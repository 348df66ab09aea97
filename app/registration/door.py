"""The door of a webinar with registration: only who holds the one open seat of a confirmed registrant comes in."""

from __future__ import annotations

from typing import Any

from app.core.errors import not_found
from app.core.ids import new_id
from app.core.outbox import happened
from app.core.together import Together
from app.core.unit import Unit, Work
from app.live.change import Kick
from app.privacy.vault import KeyDestroyed, Vault
from app.protocol.codes import Close
from app.registration.form import load
from app.registration.label import label
from app.registration.models import Registrant, RegistrationPolicy
from app.registration.signup import one, seal_into
from app.rooms.door import Closed, Entry, OpenDoor
from app.rooms.models import Webinar
from app.rooms.seats import Seats

ON = ("live", "paused")


class RegistrationDoor:
    """Implements :class:`app.rooms.door.Door`."""

    def __init__(self, work: Work, vault: Vault, seats: Seats) -> None:
        self._work = work
        self._vault = vault
        self._seats = seats
        self._open = OpenDoor(seats)
        self._policies = Together(self._policy)

    async def enter(self, row: Webinar, seat: str | None) -> Entry | Closed:
        """Who holds the seat, with the name they chose to be shown by."""
        policy = await self._policies.ask(row.id)
        if policy is None or policy.mode == "none":
            return await self._open.enter(row, seat)
        known = self._seats.seat_of(row.id, seat)
        async with self._work.read() as session:
            who = await session.get(Registrant, known.person) if known else None
        if known is None or who is None or who.webinar_id != row.id or who.state != "confirmed":
            return Closed(f"/w/{row.slug}")
        if not who.session or who.session != known.session:
            return Closed(f"/w/{row.slug}?moved=1")
        await self._attended(row, policy, who)
        return Entry(who.id, await self._shown(who), who.session)

    async def label(self, row: Webinar, lang: str) -> dict[str, Any]:
        """What the room stores, after what the form asked."""
        async with self._work.read() as session:
            return label(row, await load(session, row.id), lang)

    async def _policy(self, webinar_id: str) -> RegistrationPolicy | None:
        async with self._work.read() as session:
            return await session.get(RegistrationPolicy, webinar_id)

    async def _shown(self, who: Registrant) -> str | None:
        if not who.shown_name:
            return None
        try:
            box = await self._vault.box(who.webinar_id, who.id)
        except KeyDestroyed:
            raise not_found("link") from None
        return box.open_text(who.shown_name, f"registrant.shown_name|{who.id}")

    async def _attended(self, row: Webinar, policy: RegistrationPolicy, who: Registrant) -> None:
        """Attendance is noted only where the organiser switched it on, and once."""
        if policy.attendance and who.attended_at is None and row.broadcast in ON:
            async with self._work.unit() as unit:
                found = await unit.session.get(Registrant, who.id)
                if found is not None:
                    found.attended_at = found.changed_at = unit.now
                    happened(unit, "participant.attended", account_id=row.account_id, webinar_id=row.id, person=who.id)


async def sit_down(unit: Unit, vault: Vault, seats: Seats, webinar_id: str, person: str, shown_name: str) -> str:
    """Take the seat here: every other window of the same person closes. Returns the seat's token."""
    row = await one(unit, webinar_id, person)
    if row.state != "confirmed":
        raise not_found("link")
    if row.session:
        unit.announce(Kick(webinar_id, Close.MOVED, session=row.session))
    row.session = new_id()
    seal_into(row, await vault.box(webinar_id, person), shown=shown_name)
    row.changed_at = unit.now
    return seats.seat(webinar_id, person, row.session)
