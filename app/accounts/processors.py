"""Changes of the list of sub-processors (Art. 28(2) GDPR): the owners of every account are told before, and may object.

The list is a file of the operator's (:mod:`app.core.subprocessors`). Each hour it is compared with what accounts accepted: whoever
accepted another one is told by mail and on every page, once for each list. Accepting the agreement again answers; so does an objection,
which reaches the operator with its reason.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import msgspec
from sqlalchemy import delete, or_, select
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.agreement import accepted
from app.accounts.models import Account, ProcessorNotice, Staff
from app.core.db import Database
from app.core.errors import Problem, invalid
from app.core.permissions import Role
from app.core.subprocessors import Undeclared, digest, external, listed
from app.core.unit import Unit, Work
from app.privacy.vault import Vault
from app.settings import Settings

LOOK, MAIL, OBJECTED = "processors.look", "mail.processors", "mail.processors.objected"
EVERY = timedelta(hours=1)
REASON_MAX = 2000
TOLD = (Role.OWNER, Role.ADMIN)
_TOO_EARLY = (
    "{setting} names {host}, which is new since accounts accepted your sub-processors. They are told within an hour of a start without it, "
    "and have LECTERN_PROCESSOR_NOTICE_DAYS to object. Use what was there before until {when}."
)


class NoticeMail(msgspec.Struct, frozen=True):
    """Which notice; ``staff`` is who of the team is told."""

    account: str
    processors: str
    staff: str = ""


class ProcessorChanges:
    """Looks for accounts that must be told; ``sweep`` runs every hour."""

    def __init__(self, settings: Settings, work: Work) -> None:
        self._settings = settings
        self._work = work

    async def sweep(self) -> int:
        """Tell who accepted another list than today's; returns how many accounts."""
        today = digest(self._settings)
        async with self._work.read() as session:
            accounts = (await session.execute(select(Account.id))).scalars().all()
            waiting = [account_id for account_id in accounts if await _must_hear(session, account_id, today)]
        return sum([await self._tell(account_id, today) for account_id in waiting])

    async def _tell(self, account_id: str, today: str) -> bool:
        async with self._work.unit() as unit:
            # What was asked about a list that never came, or that came and went, needs no answer any more.
            stale = delete(ProcessorNotice).where(
                ProcessorNotice.account_id == account_id,
                or_(ProcessorNotice.answer == "accepted", (ProcessorNotice.answer == "") & (ProcessorNotice.processors != today)),
            )
            await unit.session.execute(stale)
            before = await accepted(unit.session, account_id)
            known = await notice_of(unit.session, account_id, today)
            if before is None or before.processors == today or known is not None:
                return False
            row = ProcessorNotice(
                account_id=account_id, processors=today, told_at=unit.now, starts_at=self._starts(unit.now), answer="", staff="", reason=b""
            )  # fmt: skip
            unit.session.add(row)
            team = select(Staff.id).where(Staff.account_id == account_id, Staff.role.in_(TOLD))
            for staff_id in (await unit.session.execute(team)).scalars().all():
                unit.enqueue(MAIL, NoticeMail(account_id, today, staff_id), about=account_id)
        return True

    def _starts(self, now: datetime) -> datetime:
        """The day the operator says, if it leaves the notice's time."""
        said = [
            datetime.combine(entry.since, time(), UTC)
            for entry in listed(self._settings)
            if entry.since and entry.announced(now.date())
        ]
        return max([now + timedelta(days=self._settings.processor_notice_days), *said])


async def notice_of(session: AsyncSession, account_id: str, processors: str) -> ProcessorNotice | None:
    """What an account was told of this list."""
    return await session.get(ProcessorNotice, (account_id, processors))


async def check_told(settings: Settings, now: datetime) -> None:
    """Raises :class:`Undeclared` for a configured host of somebody an account has not accepted, before the time of its notice is over.

    Who is new to an account is told by ``since``: whoever handled data before the account accepted a list was on it.
    """
    entries = {host.lower(): entry for entry in listed(settings) for host in entry.hosts}
    used = [(setting, host, entries[host]) for setting, host in external(settings) if host in entries]
    if not used:
        return
    today, database = digest(settings), Database(settings)
    try:
        async with database.sessions() as session:
            for account_id in (await session.execute(select(Account.id))).scalars().all():
                before, notice = await accepted(session, account_id), await notice_of(session, account_id, today)
                if before is None or before.processors == today or (notice is not None and notice.starts_at <= now):
                    continue
                for setting, host, entry in used:
                    if entry.since and entry.since > before.at.date():
                        raise Undeclared(
                            _TOO_EARLY.format(
                                setting=setting, host=host, when=f"{notice.starts_at:%Y-%m-%d}" if notice else "that day"
                            )
                        )
    except (OperationalError, ProgrammingError):
        # No tables yet, so nobody to tell; a database that is away is said by whoever needs it next.
        return
    finally:
        await database.close()


async def object_to(unit: Unit, vault: Vault, account_id: str, actor: str, processors: str, reason: str) -> ProcessorNotice:
    """The account does not agree with the change it was told of. The operator is told. ``actor`` is who says so."""
    reason = reason.strip()
    if not 10 <= len(reason) <= REASON_MAX:
        raise invalid({"reason": "Say in one or two sentences why you object, in at most 2,000 characters."})
    row = await unit.session.get(ProcessorNotice, (account_id, processors), with_for_update=True)
    if row is None or row.answer == "accepted":
        raise Problem("processors.settled", "There is no open change of the list of sub-processors to object to.", status=409)
    row.answer, row.answered_at, row.staff = "objected", unit.now, actor
    row.reason = (await vault.account_box(account_id)).seal(reason, _aad(row))
    unit.enqueue(OBJECTED, NoticeMail(account_id, processors), about=account_id)
    return row


async def reason_of(vault: Vault, row: ProcessorNotice) -> str:
    """Why an account objected."""
    return (await vault.account_box(row.account_id)).open_text(row.reason, _aad(row)) if row.reason else ""


async def objections(session: AsyncSession) -> list[tuple[Account, ProcessorNotice]]:
    """All of them with their accounts, newest first, for the operator."""
    query = select(Account, ProcessorNotice).join(ProcessorNotice, ProcessorNotice.account_id == Account.id)
    found = await session.execute(query.where(ProcessorNotice.answer == "objected").order_by(ProcessorNotice.answered_at.desc()))
    return [(account, notice) for account, notice in found]


async def _must_hear(session: AsyncSession, account_id: str, today: str) -> bool:
    before, known = await accepted(session, account_id), await notice_of(session, account_id, today)
    if before is None or before.processors == today:
        asked = select(ProcessorNotice.account_id).where(ProcessorNotice.account_id == account_id, ProcessorNotice.answer == "")
        return (await session.execute(asked.limit(1))).first() is not None
    return known is None or known.answer == "accepted"


def _aad(row: ProcessorNotice) -> str:
    return f"processor_notice.reason|{row.account_id},{row.processors}"
