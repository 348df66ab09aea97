"""Staff: first owner, sign-in and sessions, own data, colleagues."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.breach_models import BreachNotice
from app.accounts.models import Account, Invitation, ProcessorNotice, Staff, StaffSession
from app.accounts.passwords import Passwords
from app.core.errors import Problem, forbidden, invalid, not_found
from app.core.ids import new_id, new_secret
from app.core.permissions import Permission, Role, permissions_of
from app.core.unit import Unit
from app.live.change import Kick, SeatChange
from app.privacy.models import AccountEnd
from app.protocol.codes import Close

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=7)
INVITATION = timedelta(days=7)
FIRST_RUN = 0x4C656374
"""Number of the lock under which a fresh installation gets its owner."""


class Who(Protocol):
    """Who acts in an account: a member who is signed in, or a key."""

    @property
    def account_id(self) -> str: ...
    @property
    def role(self) -> Role: ...


class Current(msgspec.Struct, frozen=True):
    """Who is signed in."""

    staff_id: str
    account_id: str
    account_name: str
    colour: str
    name: str
    email: str
    role: Role
    permissions: frozenset[Permission]
    lang: str
    session: str
    """Mark that binds sockets to this sign-in."""
    ends_at: datetime | None = None
    """When the account's plan ends and all of it is erased."""
    breach: str = ""
    """Id of a breach whose notice this member has not opened yet."""
    processors_from: datetime | None = None
    """When a changed list of sub-processors takes effect to which the account has not said anything yet."""


def hashed(secret: str) -> str:
    """What is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def any_staff(unit: Unit) -> bool:
    """False on a fresh installation, when the first owner may be made."""
    return (await unit.session.execute(select(func.count()).select_from(Staff))).scalar_one() > 0


async def first_owner(unit: Unit, passwords: Passwords, *, organisation: str, name: str, email: str, password: str) -> Staff:
    """Make the first account and its owner; only while there is nobody."""
    await _one_at_a_time(unit)
    if await any_staff(unit):
        raise forbidden("This server already has an owner. Sign in, or ask for an invitation.")
    if not organisation.strip():
        raise invalid({"organisation": "Say the name of your organisation."})
    account = Account(id=new_id(), name=organisation.strip()[:120], colour="", made_at=unit.now)
    unit.session.add(account)
    await unit.session.flush()
    return await add_staff(unit, passwords, account.id, name=name, email=email, password=password, role=Role.OWNER)


async def _one_at_a_time(unit: Unit) -> None:
    """Two who see the empty page at once must not both become owner. On SQLite writers wait for each other anyway."""
    if unit.session.get_bind().dialect.name == "postgresql":
        await unit.session.execute(select(func.pg_advisory_xact_lock(FIRST_RUN)))


async def add_staff(
    unit: Unit, passwords: Passwords, account_id: str, *, name: str, email: str, password: str, role: Role
) -> Staff:
    """A new member of an account."""
    name, email = _name(name), _email(email)
    if await by_email(unit, email):
        raise invalid({"email": "This address already has access. Sign in instead."})
    staff = Staff(
        id=new_id(),
        account_id=account_id,
        name=name,
        email=email,
        email_key=email.casefold(),
        password=await passwords.hash(password),
        role=role,
        lang="",
        made_at=unit.now,
    )
    unit.session.add(staff)
    return staff


async def sign_in(unit: Unit, staff: Staff) -> str:
    """Start a session; returns the secret for the cookie."""
    secret = new_secret()
    await unit.session.execute(delete(StaffSession).where(StaffSession.made_at < unit.now - ABSOLUTE))
    unit.session.add(StaffSession(id=hashed(secret), staff_id=staff.id, mark=new_id(), made_at=unit.now, used_at=unit.now))
    return secret


async def by_credentials(unit: Unit, passwords: Passwords, email: str, password: str) -> Staff:
    """The member with this address and password. The same answer, in the same time, for a wrong one of either."""
    staff = await by_email(unit, email.strip())
    if not await passwords.fits(staff.password if staff else None, password) or staff is None:
        raise Problem("sign_in.wrong", "Address and password do not fit together.", status=401)
    return staff


async def current(unit: Unit, secret: str) -> Current | None:
    """Who holds this cookie; None when the session has ended."""
    query = (
        select(StaffSession, Staff, Account, AccountEnd.ends_at, ProcessorNotice.starts_at)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .join(Account, Account.id == Staff.account_id)
        .outerjoin(AccountEnd, AccountEnd.account_id == Account.id)
        .outerjoin(ProcessorNotice, and_(ProcessorNotice.account_id == Account.id, ProcessorNotice.answer == ""))
        .where(StaffSession.id == hashed(secret))
    )
    row = (await unit.session.execute(query)).first()
    if row is None or _over(row[0], unit.now):
        return None
    session, staff, account, ends_at, processors_from = row
    role = Role(staff.role)
    decides = role in (Role.OWNER, Role.ADMIN)
    return Current(
        staff_id=staff.id,
        account_id=account.id,
        account_name=account.name,
        colour=account.colour,
        name=staff.name,
        email=staff.email,
        role=role,
        permissions=permissions_of(role),
        lang=staff.lang,
        session=session.mark,
        ends_at=ends_at,
        breach=await _unread_breach(unit, staff.id) if decides else "",
        processors_from=processors_from if decides else None,
    )


async def roles_of(session: AsyncSession, marks: Collection[str]) -> dict[str, Role]:
    """The role behind each of these marks of sessions that have not ended."""
    query = select(StaffSession.mark, Staff.role).join(Staff, Staff.id == StaffSession.staff_id)
    return {mark: Role(role) for mark, role in await session.execute(query.where(StaffSession.mark.in_(marks)))}


async def sign_out(unit: Unit, secret: str) -> None:
    """End a session; its sockets close at once."""
    session = await unit.session.get(StaffSession, hashed(secret))
    if session is not None:
        await unit.session.delete(session)
        _revoke(unit, session.mark)


async def sign_out_everywhere(unit: Unit, staff_id: str, *, except_mark: str = "") -> None:
    """End all sessions of a member, but for one."""
    sessions = (await unit.session.execute(select(StaffSession).where(StaffSession.staff_id == staff_id))).scalars()
    for session in list(sessions):
        if session.mark != except_mark:
            await unit.session.delete(session)
            _revoke(unit, session.mark)


async def change_own(unit: Unit, passwords: Passwords, who: Current, *, name: str, email: str, lang: str, password: str) -> None:
    """Change one's own data; a new address needs the password."""
    staff = await one(unit, who.staff_id)
    name, email = _name(name), _email(email)
    if email.casefold() != staff.email_key:
        if not await passwords.fits(staff.password, password):
            raise invalid({"password": "Type your password to change the address."})
        if await by_email(unit, email):
            raise invalid({"email": "This address is taken."})
    staff.name, staff.email, staff.email_key, staff.lang = name, email, email.casefold(), lang


async def change_password(unit: Unit, passwords: Passwords, who: Current, *, old: str, new: str) -> str:
    """A new password; every other session ends. Returns the new secret of this session's cookie: the old one ends too."""
    staff = await one(unit, who.staff_id)
    if not await passwords.fits(staff.password, old):
        raise invalid({"old_password": "This is not your present password."})
    staff.password = await passwords.hash(new)
    await sign_out_everywhere(unit, who.staff_id, except_mark=who.session)
    secret = new_secret()
    await unit.session.execute(update(StaffSession).where(StaffSession.mark == who.session).values(id=hashed(secret)))
    return secret


async def invite(unit: Unit, who: Who, *, email: str, role: str) -> str:
    """Ask a colleague to join; returns the id of the invitation, of which a link is made."""
    wanted = _role(role)
    if wanted is Role.OWNER and who.role is not Role.OWNER:
        raise forbidden("Only an owner can invite an owner.")
    email = _email(email)
    if await by_email(unit, email):
        raise invalid({"email": "This address already has access."})
    await unit.session.execute(delete(Invitation).where(Invitation.account_id == who.account_id, Invitation.email == email))
    asked = Invitation(id=new_id(), account_id=who.account_id, email=email, role=wanted, expires_at=unit.now + INVITATION)
    unit.session.add(asked)
    return asked.id


async def take_back(unit: Unit, account_id: str, invitation_id: str) -> None:
    """An invitation that holds no more: its link opens nothing. Raises 404."""
    mine = (Invitation.id == invitation_id, Invitation.account_id == account_id)
    gone = await unit.session.execute(delete(Invitation).where(*mine).returning(Invitation.id))
    if gone.first() is None:
        raise not_found()


async def invitation(unit: Unit, invitation_id: str) -> tuple[Invitation, Account]:
    """The invitation behind a link that was read. Raises 404 for one used, withdrawn or too old."""
    found = await unit.session.get(Invitation, invitation_id)
    if found is None or found.expires_at < unit.now:
        raise not_found("link")
    account = await unit.session.get_one(Account, found.account_id)
    return found, account


async def accept(unit: Unit, passwords: Passwords, invitation_id: str, *, name: str, password: str) -> Staff:
    """Take up an invitation; the link works once."""
    found, account = await invitation(unit, invitation_id)
    taken = await unit.session.execute(delete(Invitation).where(Invitation.id == found.id).returning(Invitation.id))
    if taken.first() is None:
        raise not_found("link")
    return await add_staff(unit, passwords, account.id, name=name, email=found.email, password=password, role=Role(found.role))


async def team(unit: Unit, account_id: str) -> tuple[list[Staff], list[Invitation]]:
    """Members and open invitations."""
    members = await unit.session.execute(select(Staff).where(Staff.account_id == account_id).order_by(Staff.name))
    asked = await unit.session.execute(select(Invitation).where(Invitation.account_id == account_id).order_by(Invitation.email))
    return list(members.scalars()), list(asked.scalars())


async def set_role(unit: Unit, who: Who, staff_id: str, role: str) -> None:
    """Give a colleague another role; open rooms go on with it at once, on every process."""
    staff = await _colleague(unit, who, staff_id)
    wanted = _role(role)
    if Role.OWNER in (wanted, Role(staff.role)) and who.role is not Role.OWNER:
        raise forbidden("Only an owner can do this to an owner.")
    if staff.role == Role.OWNER and wanted is not Role.OWNER:
        await _keep_an_owner(unit, who.account_id)
    staff.role = wanted
    unit.announce(role_changed(staff.id, wanted))


def role_changed(person: str, role: Role) -> SeatChange:
    """Open rooms go on with ``role``; without a place in the crew there is no room to go on in."""
    allowed = permissions_of(role)
    return SeatChange(person, role, tuple(sorted(allowed)) if Permission.CREW_SEE in allowed else ())


async def remove(unit: Unit, who: Who, staff_id: str) -> None:
    """Take a colleague's access away, and with it all that is stored about them."""
    staff = await _colleague(unit, who, staff_id)
    if staff.role == Role.OWNER:
        if who.role is not Role.OWNER:
            raise forbidden("Only an owner can do this to an owner.")
        await _keep_an_owner(unit, who.account_id)
    await sign_out_everywhere(unit, staff.id)
    await unit.session.flush()
    await unit.session.delete(staff)


async def _unread_breach(unit: Unit, staff_id: str) -> str:
    unread = select(BreachNotice.breach_id).where(BreachNotice.staff_id == staff_id, BreachNotice.read_at.is_(None))
    return (await unit.session.execute(unread.order_by(BreachNotice.told_at).limit(1))).scalar_one_or_none() or ""


def _revoke(unit: Unit, mark: str) -> None:
    unit.announce(Kick(webinar_id="", code=Close.REVOKED, session=mark))


def _over(session: StaffSession, now: datetime) -> bool:
    return session.made_at < now - ABSOLUTE or session.used_at < now - IDLE


async def _keep_an_owner(unit: Unit, account_id: str) -> None:
    # Two owners who take the role from each other at once must not both find another owner left.
    await unit.session.execute(select(Account.id).where(Account.id == account_id).with_for_update())
    query = select(func.count()).select_from(Staff).where(Staff.account_id == account_id, Staff.role == Role.OWNER)
    if (await unit.session.execute(query)).scalar_one() < 2:
        raise Problem("team.last_owner", "An account needs an owner. Make somebody else an owner first.", status=409)


async def _colleague(unit: Unit, who: Who, staff_id: str) -> Staff:
    staff = await unit.session.get(Staff, staff_id)
    if staff is None or staff.account_id != who.account_id:
        raise not_found()
    return staff


async def one(unit: Unit, staff_id: str) -> Staff:
    """The member with this id."""
    return await unit.session.get_one(Staff, staff_id)


async def by_email(unit: Unit, email: str) -> Staff | None:
    """The member with this address, however it is written."""
    return (await unit.session.execute(select(Staff).where(Staff.email_key == email.strip().casefold()))).scalar_one_or_none()


def _role(role: str) -> Role:
    if role not in set(Role) - {Role.PARTICIPANT}:
        raise invalid({"role": "Choose a role."})
    return Role(role)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 120 or not name.isprintable():
        raise invalid({"name": "Say a name of at most 120 characters."})
    return name


def _email(email: str) -> str:
    email = email.strip()
    local, _, domain = email.rpartition("@")
    if not local or ("." not in domain and domain != "localhost") or len(email) > 254 or not email.isprintable() or " " in email:
        raise invalid({"email": "This does not look like an e-mail address. Use the form name@example.org."})
    return email
