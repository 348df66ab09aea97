"""Who sits in a room: tickets and seats.

A *ticket* opens one socket: signed, a minute long, handed out by the page and never part of a URL. A *seat* is what a browser
keeps for the visit (in session storage, or in memory where storage is blocked), so that the same person gets the same random id
after a reload. Neither is stored by us; without registration nothing else says who somebody is.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import select

from app.core.errors import Problem
from app.core.ids import is_id, new_id
from app.core.permissions import Role, permissions_of
from app.core.tokens import TokenExpired, TokenInvalid, Tokens
from app.core.unit import Work
from app.live.seat import Refusal, Seat
from app.rooms.models import Webinar

TICKET_AGE = 60
SEAT_AGE = 12 * 3600
STAGE_AGE = 12 * 3600


class Ticket(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a ticket says. For staff also the session it came from, so that signing out closes the socket."""

    webinar: str
    person: str
    role: str
    name: str | None = None
    session: str | None = None
    lang: str = "en"


class SeatToken(msgspec.Struct, frozen=True):
    """What a browser keeps of its seat."""

    webinar: str
    person: str


class StageToken(msgspec.Struct, frozen=True):
    """Permission to publish into one webinar, as the bearer token of WHIP."""

    webinar: str
    person: str
    name: str


class Seats:
    """Makes and checks tickets, seats and stage tokens."""

    def __init__(self, tokens: Tokens, work: Work) -> None:
        self._tokens = tokens
        self._work = work

    def person_of(self, webinar_id: str, seat: str | None) -> str:
        """The random id of whoever holds ``seat``; a new one without a valid seat."""
        if seat:
            try:
                known = self._tokens.read("seat", seat, SeatToken, max_age=SEAT_AGE)
            except (TokenExpired, TokenInvalid):
                known = None
            if known and known.webinar == webinar_id and is_id(known.person):
                return known.person
        return new_id()

    def participant(self, webinar_id: str, person: str, lang: str) -> tuple[str, str]:
        """Ticket and seat for somebody in the audience."""
        ticket = Ticket(webinar_id, person, Role.PARTICIPANT, lang=lang)
        return self._tokens.sign("ticket", ticket), self._tokens.sign("seat", SeatToken(webinar_id, person))

    def crew(self, webinar_id: str, staff_id: str, name: str, role: Role, session: str, lang: str) -> str:
        """Ticket for somebody of the crew."""
        return self._tokens.sign("ticket", Ticket(webinar_id, staff_id, role, name, session, lang))

    def stage(self, webinar_id: str, staff_id: str, name: str) -> str:
        """Bearer token for publishing by WHIP."""
        return self._tokens.sign("stage", StageToken(webinar_id, staff_id, name))

    def read_stage(self, token: str) -> StageToken | None:
        """The holder of a stage token, or None."""
        try:
            return self._tokens.read("stage", token, StageToken, max_age=STAGE_AGE)
        except (TokenExpired, TokenInvalid):
            return None

    async def admit(self, webinar_id: str, ticket: str) -> Seat | Refusal:
        """The seat that ``ticket`` opens, or why not."""
        try:
            known = self._tokens.read("ticket", ticket, Ticket, max_age=TICKET_AGE)
        except TokenExpired:
            return Refusal("ticket.expired")
        except TokenInvalid:
            return Refusal("ticket.invalid")
        if known.webinar != webinar_id:
            return Refusal("ticket.invalid")
        role = Role(known.role)
        return Seat(
            webinar_id=webinar_id,
            person=known.person,
            role=role,
            name=known.name,
            permissions=frozenset(permissions_of(role)),
            lane="audience" if role is Role.PARTICIPANT else "crew",
            session=known.session,
            lang=known.lang,
        )


async def webinar_by_slug(work: Work, slug: str, *, publications: Iterable[str] | None = None) -> Webinar:
    """The webinar at this address. Raises 404 for one that is not there, or not public enough."""
    async with work.read() as session:
        row = (await session.execute(select(Webinar).where(Webinar.slug == slug))).scalar_one_or_none()
    if row is None or row.data_state in ("purging", "purged"):
        raise Problem("webinar.unknown", "There is no webinar at this address.", status=404)
    if publications is not None and row.publication not in publications:
        raise Problem("webinar.unknown", "There is no webinar at this address.", status=404)
    return row
