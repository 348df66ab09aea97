"""Background jobs of registration: names and payloads (ids only), and enqueueing them. What they do is in ``app.registration.work``."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from app.accounts.models import Staff
from app.core.errors import not_found
from app.core.unit import Unit
from app.registration.models import Registrant
from app.rooms.models import Webinar

MAIL = "registration.mail"
INVITE = "registration.invite"
CLEAR = "registration.clear"
EXPIRE = "registration.expire"
REMIND = "registration.remind"
MOVE_UP = "registration.move_up"
ROUND = "registration.round"
TEST = "registration.mail_test"

ALREADY = {"pending": "pending", "approval": "approval", "waiting": "waiting", "denied": "denied"}
"""Mail to somebody who signs up once more, by state; the personal link goes to the confirmed."""


class PersonMail(msgspec.Struct, frozen=True):
    """One mail of a kind to one registrant."""

    webinar: str
    person: str
    kind: str


class OfWebinar(msgspec.Struct, frozen=True):
    """A job for a webinar; ``kind`` says which of several."""

    webinar: str
    kind: str = ""


class TestMail(msgspec.Struct, frozen=True):
    """A mail to somebody invented, for a member of the team to look at."""

    webinar: str
    kind: str
    lang: str
    staff: str


def mail(unit: Unit, row: Registrant, kind: str) -> None:
    """Mail a registrant after the commit; who gave no address gets none."""
    if row.email:
        unit.enqueue(MAIL, PersonMail(row.webinar_id, row.id, kind), about=row.webinar_id)


def invite(unit: Unit, webinar_id: str, person: str) -> None:
    """Mail an invitation after the commit."""
    unit.enqueue(INVITE, PersonMail(webinar_id, person, "invitation"), about=webinar_id)


async def test(unit: Unit, webinar: Webinar, kind: str, lang: str, staff_id: str) -> None:
    """Mail ``kind`` to a member of the webinar's account. Raises 404 for anybody else."""
    member = await unit.session.get(Staff, staff_id)
    if member is None or member.account_id != webinar.account_id:
        raise not_found()
    unit.enqueue(TEST, TestMail(webinar.id, kind, lang, member.id), about=webinar.id)


def move_up_soon(unit: Unit, webinar_id: str) -> None:
    """After an erasure freed places."""
    unit.enqueue(MOVE_UP, OfWebinar(webinar_id), after=timedelta(seconds=3), about=webinar_id)


def tell_all(unit: Unit, webinar_id: str, kind: str, *, after: timedelta = timedelta(0)) -> None:
    """Mail everybody with a seat."""
    unit.enqueue(ROUND, OfWebinar(webinar_id, kind), after=after, about=webinar_id)
