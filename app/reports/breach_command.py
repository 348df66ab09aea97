"""``python -m app breach``: the operator's side of a breach, as lines to read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.accounts.breach_models import Breach
from app.accounts.models import Account, Staff
from app.core.clock import Clock
from app.core.db import Base, Database
from app.core.unit import Unit, Work
from app.privacy.scope import Owners
from app.reports import breach
from app.reports.breach import OURS, Facts
from app.settings import Settings


async def declare(settings: Settings, given: Mapping[str, Any]) -> list[str]:
    """Write it down."""
    async with _unit(settings) as unit:
        # Every table must be known before the data map is asked.
        facts = Facts(**{**given, "found_at": given.get("found_at") or unit.now})
        row = await breach.declare(unit, Owners(Base.metadata), facts)
    lines = [f"Written down: {row.id}", *_numbers(row.scope)]
    return [*lines, f"Tell the accounts before {_time(row.found_at + OURS)}: python -m app breach notify {row.id}"]


async def listed(settings: Settings) -> list[str]:
    """The register."""
    async with _unit(settings) as unit:
        rows = (await unit.session.execute(select(Breach).order_by(Breach.made_at))).scalars().all()
    lines = [f"{row.id}  {row.state:<8}  known {_time(row.found_at)}  {row.nature[:80]}" for row in rows]
    return lines or ["No breach is known."]


async def shown(settings: Settings, breach_id: str) -> list[str]:
    """Everything about one, with the receipts."""
    async with _unit(settings) as unit:
        row = await breach.one(unit.session, breach_id)
        notices = await breach.receipts(unit.session, breach_id)
        lines = [
            f"Nature: {row.nature}",
            f"Known since {_time(row.found_at)}; state {row.state}; accounts to be told before {_time(row.found_at + OURS)}",
            f"Told: {_time(row.notified_at)}. Keys exposed: {'yes' if row.keys_exposed else 'no'}",
            f"Likely consequences: {row.consequences or 'not known yet'}",
            f"Measures: {row.measures or 'not known yet'}",
            f"Contact: {settings.operator_name} {settings.operator_contact}",
            *_numbers(row.scope),
        ]
        for notice in notices:
            account = await unit.session.get(Account, notice.account_id)
            member = await unit.session.get(Staff, notice.staff_id)
            who = f"{member.email} of {account.name}" if member and account else notice.staff_id
            lines.append(f"  {who}: mailed {_time(notice.mailed_at)}, read {_time(notice.read_at)}")
    return lines


async def notify(settings: Settings, breach_id: str) -> list[str]:
    """Tell the accounts."""
    async with _unit(settings) as unit:
        notices = await breach.notify(unit, breach_id)
    lines = [f"{len(notices)} owners and administrators see it on every page from now on."]
    if not settings.smtp_url:
        lines.append(
            "This server sends no mails: tell them yourself as well. Addresses and text: python -m app breach show " + breach_id
        )
    return lines


async def add(settings: Settings, breach_id: str, consequences: str, measures: str) -> list[str]:
    """What was learnt since."""
    async with _unit(settings) as unit:
        await breach.add(unit, breach_id, consequences=consequences, measures=measures)
    return ["Added. Whoever was told sees it again."]


async def close(settings: Settings, breach_id: str) -> list[str]:
    """Close it."""
    async with _unit(settings) as unit:
        await breach.close(unit, breach_id)
    return ["Closed. It stays in the register."]


@asynccontextmanager
async def _unit(settings: Settings) -> AsyncIterator[Unit]:
    database = Database(settings)
    try:
        async with Work(database, Clock()).unit() as unit:
            yield unit
    finally:
        await database.close()


def _numbers(scope: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = [f"In reach: {len(scope)} accounts"]
    for account, reach in scope.items():
        categories = ", ".join(f"{name} {number}" for name, number in reach["categories"].items())
        lines.append(f"  {account}: about {reach['persons']} people, {reach['records']} records ({categories})")
    return lines


def _time(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else "not yet"
