"""A forgotten password: a link by mail that works once, for an hour.

The link carries the member's id and a mark of the present password, signed; nothing is stored. Changing the password changes the mark,
so the link cannot work twice.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import select, update

from app.accounts.models import Staff
from app.accounts.passwords import Passwords
from app.accounts.second_factor import mark_of
from app.accounts.staff import sign_out_everywhere
from app.core.errors import not_found
from app.core.tokens import TokenExpired, TokenInvalid, Tokens
from app.core.unit import Unit
from app.settings import Settings

PURPOSE = "password-reset"
AGE = 3600
RESET_MAIL = "mail.reset"


class Reset(msgspec.Struct, frozen=True):
    """What the link says."""

    staff: str
    mark: str


class ResetMail(msgspec.Struct, frozen=True):
    """What the job is told: an id, empty for an address nobody has."""

    staff: str


class ResetLinks:
    """Makes and reads links."""

    def __init__(self, settings: Settings) -> None:
        self._origin = settings.origin
        self._tokens = Tokens(settings.secret)

    def link(self, member: Staff) -> str:
        """The address to mail."""
        return f"{self._origin}/reset/{self._tokens.sign(PURPOSE, Reset(member.id, mark_of(member)))}"

    async def read(self, unit: Unit, token: str) -> Staff:
        """Whose link it is. Raises 404 for one that is too old, used or not ours."""
        try:
            known = self._tokens.read(PURPOSE, token, Reset, max_age=AGE)
        except (TokenExpired, TokenInvalid):
            raise not_found("link") from None
        member = await unit.session.get(Staff, known.staff)
        if member is None or mark_of(member) != known.mark:
            raise not_found("link")
        return member


async def ask(unit: Unit, email: str) -> None:
    """Have the link mailed. The same row is written for an address nobody has, so that nobody learns who works here."""
    query = select(Staff.id).where(Staff.email_key == email.strip().casefold())
    found = (await unit.session.execute(query)).scalar_one_or_none()
    unit.enqueue(RESET_MAIL, ResetMail(found or ""))


async def set_password(unit: Unit, passwords: Passwords, member: Staff, new: str) -> None:
    """The new password; every session ends. Of two who use one link at once, the second gets 404."""
    fresh = await passwords.hash(new)
    changed = update(Staff).where(Staff.id == member.id, Staff.password == member.password).values(password=fresh)
    if (await unit.session.execute(changed.returning(Staff.id))).first() is None:
        raise not_found("link")
    await sign_out_everywhere(unit, member.id)
