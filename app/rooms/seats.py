"""Who sits in a room: tickets and seats.

A *ticket* opens one socket: signed, a minute long, handed out by the page and never part of a URL. A *seat* is what a browser
keeps for the visit (in session storage, or in memory where storage is blocked), so that the same person gets the same random id
after a reload. Neither is stored by us; without registration nothing else says who somebody is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import select

from app.core.errors import Problem
from app.core.ids import is_id, new_id
from app.core.permissions import Role, permissions_of
from app.core.tokens import TokenExpired, TokenInvalid, Tokens
from app.core.unit import Work
from app.live.seat import Refusal, Seat
from app.rooms.models import Webinar
from app.rooms.restrictions import Banned, DoorChanged
from app.rooms.views import VIEWS

TICKET_AGE = 60
SEAT_AGE = 12 * 3600
STAGE_AGE = 12 * 3600
ENCODER_AGE = 60 * 24 * 3600
"""Programs such as OBS are set up days before; taking them off the stage ends their token."""


class Ticket(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a ticket says. For staff also the session it came from, so that signing out closes the socket."""

    webinar: str
    person: str
    role: str
    name: str | None = None
    session: str | None = None
    lang: str = "en"
    view: str = ""
    """Which view beside the room it is for; its link allows less than a seat."""


class SeatToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a browser keeps of its seat; ``session`` is the mark of a registered participant's one open seat."""

    webinar: str
    person: str
    session: str = ""


class StageToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """Permission to publish into one webinar, as the bearer token of WHIP."""

    webinar: str
    person: str
    name: str
    session: str = ""
    """Mark of the staff session it came from; it ends with that session. Programs such as OBS have none."""
    language: str = ""
    """Id of the language an interpreter speaks; they are heard in it and never seen."""
    backup: bool = False
    """For the second way in, which is used while the first does not send."""


class Seats:
    """Makes and checks tickets, seats and stage tokens."""

    def __init__(self, tokens: Tokens, work: Work) -> None:
        self._tokens = tokens
        self._work = work
        self._banned = Banned(work)

    async def heard(self, announcements: Sequence[object]) -> None:
        """Sink of the unit of work: who is banned is known at this door at once."""
        for event in announcements:
            if isinstance(event, DoorChanged):
                self._banned.forget(event.webinar_id)

    def person_of(self, webinar_id: str, seat: str | None) -> str:
        """The random id of whoever holds ``seat``; a new one without a valid seat."""
        known = self.seat_of(webinar_id, seat)
        return known.person if known else new_id()

    def seat_of(self, webinar_id: str, seat: str | None) -> SeatToken | None:
        """What a seat says, when it is one of this webinar."""
        try:
            known = self._tokens.read("seat", seat or "", SeatToken, max_age=SEAT_AGE)
        except (TokenExpired, TokenInvalid):
            return None
        return known if known.webinar == webinar_id and is_id(known.person) else None

    def seat(self, webinar_id: str, person: str, session: str = "") -> str:
        """What a browser keeps, to come back to the same seat."""
        return self._tokens.sign("seat", SeatToken(webinar_id, person, session))

    def agreed(self, webinar_id: str) -> str:
        """Says that whoever holds it agreed to be recorded; for people of whom nothing is stored."""
        return self._tokens.sign("agreed", SeatToken(webinar_id, ""))

    def has_agreed(self, webinar_id: str, token: str | None) -> bool:
        """Whether ``token`` is such a word, for this webinar."""
        try:
            known = self._tokens.read("agreed", token or "", SeatToken, max_age=SEAT_AGE)
        except (TokenExpired, TokenInvalid):
            return False
        return known.webinar == webinar_id

    def participant(
        self, webinar_id: str, person: str, lang: str, *, name: str | None = None, session: str = "", view: str = ""
    ) -> tuple[str, str]:
        """Ticket and seat for somebody in the audience."""
        ticket = Ticket(webinar_id, person, Role.PARTICIPANT, name=name or None, session=session or None, lang=lang, view=view)
        return self._tokens.sign("ticket", ticket), self.seat(webinar_id, person, session)

    def crew(self, webinar_id: str, staff_id: str, name: str, role: Role, session: str, lang: str) -> str:
        """Ticket for somebody of the crew."""
        return self._tokens.sign("ticket", Ticket(webinar_id, staff_id, role, name, session, lang))

    def stage(self, webinar_id: str, staff_id: str, name: str, session: str = "") -> str:
        """Bearer token for publishing by WHIP; it ends with the staff ``session`` it came from."""
        return self._tokens.sign("stage", StageToken(webinar_id, staff_id, name, session))

    def read_stage(self, token: str) -> StageToken | None:
        """The holder of a stage token, or None."""
        for purpose, age in (("stage", STAGE_AGE), ("encoder", ENCODER_AGE)):
            try:
                return self._tokens.read(purpose, token, StageToken, max_age=age)
            except (TokenExpired, TokenInvalid):
                continue
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
        if role is Role.PARTICIPANT and await self._banned.has(webinar_id, known.person):
            return Refusal("banned")
        return Seat(
            webinar_id=webinar_id,
            person=known.person,
            role=role,
            name=known.name,
            permissions=VIEWS.get(known.view, frozenset()) if known.view else frozenset(permissions_of(role)),
            lane=("view" if known.view else "audience") if role is Role.PARTICIPANT else "crew",
            session=known.session,
            lang=known.lang,
        )


def encoder_token(tokens: Tokens, webinar_id: str, person: str, name: str, *, backup: bool = False) -> str:
    """Bearer token for a program that publishes by WHIP; ``backup``: by its second way in."""
    return tokens.sign("encoder", StageToken(webinar_id, person, name, backup=backup))


def interpreter_token(tokens: Tokens, webinar_id: str, person: str, name: str, language: str) -> str:
    """Bearer token for an interpreter."""
    return tokens.sign("stage", StageToken(webinar_id, person, name, language=language))


async def webinar_by_slug(work: Work, slug: str, *, publications: Iterable[str] | None = None) -> Webinar:
    """The webinar at this address. Raises 404 for one that is not there, or not public enough."""
    async with work.read() as session:
        row = (await session.execute(select(Webinar).where(Webinar.slug == slug))).scalar_one_or_none()
    if row is None or row.data_state in ("purging", "purged"):
        raise Problem("webinar.unknown", "There is no webinar at this address.", status=404)
    if publications is not None and row.publication not in publications:
        raise Problem("webinar.unknown", "There is no webinar at this address.", status=404)
    return row
