"""``python -m app archive`` and ``import``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from app.accounts.models import Account
from app.core.clock import Clock
from app.core.db import Database
from app.core.unit import Work
from app.privacy.audit import open_access
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.reports.operator import OPERATOR
from app.reports.portability.archive import Archive
from app.reports.portability.restore import read_in
from app.settings import Settings


async def write(settings: Settings, account_id: str, to: Path, reason: str) -> list[str]:
    """The archive of one account, after an entry in its audit log."""
    async with _work(settings) as work:
        async with work.read() as session:
            accounts = dict((await session.execute(select(Account.id, Account.name))).all())
        if account_id not in accounts:
            return ["There is no such account. There are:", *(f"  {known}  {name}" for known, name in accounts.items())]
        async with work.unit() as unit:
            await open_access(unit, account_id, OPERATOR, reason, timedelta(hours=1))
        partial = to.with_name(to.name + ".partial")
        partial.touch(0o600)
        with partial.open("wb") as file:
            async for block in Archive(work, Vault(settings), Shelf(settings.data_dir), account_id).stream():
                file.write(block)
        partial.replace(to)
    return [f"Written: {to}. It holds keys: keep it as confidential as all that is in it."]


async def read(settings: Settings, source: Path) -> list[str]:
    """Into this server. Raises :class:`app.reports.portability.restore.NotImported`."""
    async with _work(settings) as work:
        manifest = await read_in(work, Vault(settings), Shelf(settings.data_dir), source)
    rows = sum(part.rows for name, part in manifest.files.items() if name.startswith("tables/"))
    return [f"Read in: account {manifest.account}, {rows} rows. Everybody signs in with the password they had."]


@asynccontextmanager
async def _work(settings: Settings) -> AsyncIterator[Work]:
    database = Database(settings)
    try:
        yield Work(database, Clock())
    finally:
        await database.close()
