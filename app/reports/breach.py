"""Breaches of personal data (Art. 33 GDPR): what was in reach, counted by the data map; telling accounts; who has read it.

The processor tells the controller without undue delay (Art. 33(2)); ours is a day. The controller's own 72 hours (Art. 33(1)) begin when
it is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Table, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.breach_models import Breach, BreachNotice
from app.accounts.models import Account, Staff
from app.accounts.staff import Current
from app.core.errors import Problem, invalid, not_found
from app.core.ids import new_id
from app.core.outbox import happened
from app.core.permissions import Role
from app.core.unit import Unit
from app.privacy.scope import Owners, Target, person_columns, personal_columns
from app.rooms.models import Webinar

OURS = timedelta(hours=24)
THEIRS = timedelta(hours=72)
MAIL = "mail.breach"


class BreachMail(msgspec.Struct, frozen=True):
    """What the job is told."""

    notice: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator knows. Empty scopes mean everything."""

    nature: str
    found_at: datetime
    since: datetime | None = None
    until: datetime | None = None
    consequences: str = ""
    measures: str = ""
    keys_exposed: bool = False
    accounts: Sequence[str] = ()
    webinars: Sequence[str] = ()
    stores: Sequence[str] = ()


class Reach(msgspec.Struct, frozen=True):
    """What of one account was in reach: values per category, and about how many people and records."""

    categories: dict[str, int]
    persons: int
    records: int


async def declare(unit: Unit, owners: Owners, facts: Facts) -> Breach:
    """Write it down with what was in reach. Tells nobody yet."""
    if len(facts.nature.strip()) < 10:
        raise invalid({"nature": "Say in a sentence what happened."})
    places = {str(table.name) for table in owners.tables()}
    if unknown := set(facts.stores) - places:
        raise Problem("breach.store", "There is no store {name}. See: python -m app register", params={"name": min(unknown)})
    row = Breach(
        id=new_id(),
        state="assessed",
        found_at=facts.found_at,
        since=facts.since,
        until=facts.until,
        nature=facts.nature.strip(),
        consequences=facts.consequences.strip(),
        measures=facts.measures.strip(),
        keys_exposed=facts.keys_exposed,
        webinars=list(facts.webinars),
        stores=list(facts.stores),
        scope={},
        made_at=unit.now,
    )
    row.scope = {
        account: msgspec.to_builtins(reach)
        for account in await _accounts(unit.session, facts)
        if (reach := await _reach(unit.session, owners, account, facts)).records
    }
    unit.session.add(row)
    return row


async def add(unit: Unit, breach_id: str, *, consequences: str = "", measures: str = "") -> Breach:
    """What was learnt since; told in phases (Art. 33(4)): accounts that were told are told again, and earlier receipts stay."""
    row = await one(unit.session, breach_id)
    row.consequences = consequences.strip() or row.consequences
    row.measures = measures.strip() or row.measures
    if row.state == "notified":
        await _tell(unit, row)
    return row


async def notify(unit: Unit, breach_id: str) -> list[BreachNotice]:
    """Tell the owners and administrators of every account in reach: a banner on each of their pages, a mail, a webhook."""
    row = await one(unit.session, breach_id)
    if row.state != "assessed":
        raise Problem("breach.told", "The accounts have been told already.", status=409)
    notices = await _tell(unit, row)
    row.state, row.notified_at = "notified", unit.now
    return notices


async def close(unit: Unit, breach_id: str) -> None:
    """Nothing more is to be done about it. It stays in the register."""
    row = await one(unit.session, breach_id)
    row.state, row.closed_at = "closed", unit.now


async def opened(unit: Unit, who: Current, breach_id: str) -> tuple[Breach, BreachNotice | None, datetime]:
    """A breach as an account sees it; opening it is the receipt. Also when the account was first told."""
    told = select(func.min(BreachNotice.told_at)).where(
        BreachNotice.breach_id == breach_id, BreachNotice.account_id == who.account_id
    )
    first = (await unit.session.execute(told)).scalar_one()
    if first is None:
        raise not_found()
    mine = (BreachNotice.breach_id == breach_id, BreachNotice.staff_id == who.staff_id)
    await unit.session.execute(update(BreachNotice).where(*mine, BreachNotice.read_at.is_(None)).values(read_at=unit.now))
    newest = select(BreachNotice).where(*mine).order_by(BreachNotice.told_at.desc()).limit(1)
    return await one(unit.session, breach_id), (await unit.session.execute(newest)).scalar_one_or_none(), first


async def of_account(session: AsyncSession, account_id: str) -> list[Breach]:
    """All an account was told of, newest first."""
    told = select(BreachNotice.breach_id).where(BreachNotice.account_id == account_id)
    return list((await session.execute(select(Breach).where(Breach.id.in_(told)).order_by(Breach.made_at.desc()))).scalars())


async def receipts(session: AsyncSession, breach_id: str) -> list[BreachNotice]:
    """Who was told, and when they opened it."""
    return list((await session.execute(select(BreachNotice).where(BreachNotice.breach_id == breach_id))).scalars())


async def one(session: AsyncSession, breach_id: str) -> Breach:
    """By its id."""
    row = await session.get(Breach, breach_id)
    if row is None:
        raise Problem("breach.unknown", "There is no breach with this id.", status=404)
    return row


async def _tell(unit: Unit, row: Breach) -> list[BreachNotice]:
    notices = []
    for account_id in row.scope:
        heads = select(Staff.id).where(Staff.account_id == account_id, Staff.role.in_((Role.OWNER, Role.ADMIN)))
        for staff_id in (await unit.session.execute(heads)).scalars():
            notice = BreachNotice(id=new_id(), breach_id=row.id, account_id=account_id, staff_id=staff_id, told_at=unit.now)
            notices.append(notice)
            unit.enqueue(MAIL, BreachMail(notice.id), about=account_id)
        happened(unit, "account.breach", account_id=account_id, breach=row.id)
    unit.session.add_all(notices)
    return notices


async def _accounts(session: AsyncSession, facts: Facts) -> list[str]:
    if facts.accounts or not facts.webinars:
        query = select(Account.id).order_by(Account.made_at)
        if facts.accounts:
            query = query.where(Account.id.in_(facts.accounts))
    else:
        query = select(Webinar.account_id).where(Webinar.id.in_(facts.webinars)).distinct()
    return list((await session.execute(query)).scalars())


async def _reach(session: AsyncSession, owners: Owners, account_id: str, facts: Facts) -> Reach:
    categories: Counter[str] = Counter()
    persons: set[str] = set()
    records = 0
    for target in await _targets(session, account_id, facts):
        for table in _tables(owners, facts.stores):
            condition = owners.rows(table, target)
            words = personal_columns(table)
            if condition is None or not words:
                continue
            numbers = await session.execute(select(func.count(), *(func.count(table.c[name]) for name in words)).where(condition))
            rows, *counted = numbers.one()
            records += rows
            for word, number in zip(words.values(), counted, strict=True):
                categories[word.category] += number
            for column in person_columns(table):
                found = (await session.execute(select(column).where(condition).distinct())).scalars()
                persons |= {str(person) for person in found if person}
    return Reach({name: number for name, number in sorted(categories.items()) if number}, len(persons), records)


async def _targets(session: AsyncSession, account_id: str, facts: Facts) -> list[Target]:
    """The whole account, or those of its webinars that are meant: chosen, or there before the time in question was over."""
    if not facts.webinars and facts.until is None:
        return [Target("account", account_id)]
    query = select(Webinar.id).where(Webinar.account_id == account_id)
    if facts.webinars:
        query = query.where(Webinar.id.in_(facts.webinars))
    if facts.until is not None:
        query = query.where(Webinar.made_at <= facts.until)
    return [Target("webinar", account_id, webinar_id) for webinar_id in (await session.execute(query)).scalars()]


def _tables(owners: Owners, stores: Sequence[str]) -> Iterable[Table]:
    return [table for table in owners.tables() if not stores or table.name in stores]
