"""What the operator of the server can do from the command line with accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from app.accounts import processors
from app.accounts.models import Account
from app.core.clock import Clock
from app.core.db import Base, Database
from app.core.errors import Problem
from app.core.unit import Work
from app.privacy import plan
from app.privacy.account_export import AccountExport
from app.privacy.audit import may_access, open_access, verify
from app.privacy.erase.ask import By
from app.privacy.files import Shelf
from app.privacy.map import DataMap, Entry
from app.privacy.vault import Vault
from app.registration.label import declared
from app.settings import Settings

OPERATOR = "operator"
ACCESS = timedelta(hours=1)


async def check_logs(settings: Settings) -> list[tuple[str, int | None]]:
    """Every account with the first entry of its audit log that was changed, or None."""
    database = Database(settings)
    try:
        async with database.sessions() as session:
            accounts = (await session.execute(select(Account.id).order_by(Account.made_at))).scalars().all()
            return [(account_id, await verify(session, account_id)) for account_id in accounts]
    finally:
        await database.close()


async def declared_by(settings: Settings, account_id: str, webinar_id: str = "") -> list[Entry]:
    """The questions that an account added to its forms, or to one."""
    database = Database(settings)
    try:
        async with database.sessions() as session:
            return await declared(session, account_id, webinar_id or None)
    finally:
        await database.close()


async def objections(settings: Settings) -> list[str]:
    """Accounts that object to a change of the list of sub-processors, with their reasons; what to print."""
    database, vault = Database(settings), Vault(settings)
    try:
        async with database.sessions() as session:
            found = await processors.objections(session)
            lines = [
                f"{account.name} ({account.id}), {row.answered_at:%Y-%m-%d}, change of {row.starts_at:%Y-%m-%d}: {await processors.reason_of(vault, row)}"
                for account, row in found
            ]
    finally:
        await database.close()
    return lines or ["No account objects."]


async def end_plan(settings: Settings, account_id: str, ends: datetime | None, choice: str) -> str:
    """Set the end of an account's plan, or take it back; what to print."""
    async with _work(settings, account_id) as work, work.unit() as unit:
        by = By(account_id, "", OPERATOR)
        if ends is None:
            await plan.keep(unit, by)
            return "The account is kept."
        row = await plan.set_end(unit, by, ends.replace(tzinfo=UTC), choice)
        return f"Everything of the account is erased on {row.ends_at.date()}. Its team is told by mail and on every page."


async def export_account(settings: Settings, account_id: str, to: Path, reason: str) -> tuple[int, int]:
    """Write the account's export in clear, under an access of one hour that the account sees; numbers of rows and files."""
    async with _work(settings, account_id) as work:
        async with work.unit() as unit:
            await open_access(unit, account_id, OPERATOR, reason, ACCESS)
        async with work.unit() as unit:
            if not await may_access(unit, account_id, OPERATOR):
                raise Problem("access.over", "The access has ended. Open a new one.", status=403)
        partial = to.with_name(to.name + ".partial")
        async with work.read() as session:
            with partial.open("wb") as file:
                partial.chmod(0o600)
                export = AccountExport(session, Vault(settings), DataMap(Base.metadata), Shelf(settings.data_dir), account_id)
                manifest = await export.write(file, work.clock.now())
        partial.replace(to)
    return sum(manifest.rows.values()), manifest.files


@asynccontextmanager
async def _work(settings: Settings, account_id: str) -> AsyncIterator[Work]:
    """The door to the database, for one account that exists."""
    database = Database(settings)
    work = Work(database, Clock())
    try:
        async with work.read() as session:
            if await session.get(Account, account_id) is None:
                raise Problem("account.unknown", "There is no account with this id.", status=404)
        yield work
    finally:
        await database.close()
