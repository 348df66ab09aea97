"""Who sits in rooms although they no longer may: asked after the bridge between the processes was broken, when a word about a
revoked sign-in, a changed role or a ban may have been lost."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.accounts.models import Staff, StaffSession
from app.accounts.staff import role_changed
from app.core.permissions import Role
from app.core.unit import Work
from app.live.change import Kick, SeatChange
from app.live.seat import Seat
from app.protocol.codes import Close
from app.rooms.models_people import Restriction

CHUNK = 500


class Review:
    """Says again what was lost: implements :class:`app.live.change.SeatReview`."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def __call__(self, seats: Sequence[Seat]) -> list[Kick | SeatChange]:
        """What holds for these seats now and was not yet done."""
        crew = [seat for seat in seats if seat.lane == "crew" and seat.session]
        webinars = sorted({seat.webinar_id for seat in seats if seat.lane != "crew"})
        return [*await self._staff(crew), *await self._banned(webinars)]

    async def _staff(self, crew: Sequence[Seat]) -> list[Kick | SeatChange]:
        marks = sorted({str(seat.session) for seat in crew})
        roles: dict[str, str] = {}
        async with self._work.read() as session:
            for start in range(0, len(marks), CHUNK):
                query = select(StaffSession.mark, Staff.role).join(Staff, Staff.id == StaffSession.staff_id)
                found = await session.execute(query.where(StaffSession.mark.in_(marks[start : start + CHUNK])))
                roles |= {row.mark: row.role for row in found}
        gone = [Kick(seat.webinar_id, Close.REVOKED, session=seat.session) for seat in crew if seat.session not in roles]
        changed = {seat.person: roles[str(seat.session)] for seat in crew if roles.get(str(seat.session), seat.role) != seat.role}
        return [*gone, *(role_changed(person, Role(role)) for person, role in changed.items())]

    async def _banned(self, webinars: Sequence[str]) -> list[Kick | SeatChange]:
        said: list[Kick | SeatChange] = []
        async with self._work.read() as session:
            for start in range(0, len(webinars), CHUNK):
                query = select(Restriction.webinar_id, Restriction.person).where(Restriction.banned)
                found = await session.execute(query.where(Restriction.webinar_id.in_(webinars[start : start + CHUNK])))
                said += [Kick(row.webinar_id, Close.BANNED, person=row.person) for row in found]
        return said
