"""Everything of an account as one ZIP (Art. 20 and 28(3)(g) GDPR): each table as JSON lines with its sealed values opened, and files.

Written as a stream, row by row and chunk by chunk: straight into a sealed file, so that nothing of it is on the disk in clear. What
only opens doors (passwords, second factors, secrets of webhooks) is left out; it would be of use to nobody but a thief.
"""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.declare import Personal
from app.privacy.files import SealedReader, Shelf
from app.privacy.map import DataMap
from app.privacy.scope import Owners, Target, person_columns, said
from app.privacy.vault import Box, KeyDestroyed, SealBroken, Vault

FORMAT = "lectern.account-export/1"
ROWS = 500
SECRETS = ("password", "secret", "token", "cookie", "recovery", "totp", "key_hash")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the file."""

    format: str = FORMAT
    made_at: datetime
    account: str
    rows: dict[str, int]
    files: int


class AccountExport:
    """Writes the export of one account."""

    def __init__(self, session: AsyncSession, vault: Vault, data_map: DataMap, shelf: Shelf, account_id: str) -> None:
        self._session = session
        self._vault = vault
        self._map = data_map
        self._owners = Owners(data_map.metadata)
        self._shelf = shelf
        self._account = account_id

    async def write(self, to: IO[bytes], at: datetime) -> Manifest:
        """Write the ZIP to ``to``, which need not be able to seek."""
        webinars = self._map.metadata.tables["webinar"]
        query = select(webinars.c.id).where(webinars.c.account_id == self._account).order_by(webinars.c.made_at)
        ids = list((await self._session.execute(query)).scalars())
        rows: dict[str, int] = {}
        with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
            for table in reversed(self._owners.tables()):
                if number := await self._table(archive, table, ids):
                    rows[str(table.name)] = number
            files = sum([await self._files(archive, webinar_id) for webinar_id in ids])
            manifest = Manifest(made_at=at, account=self._account, rows=rows, files=files)
            archive.writestr("manifest.json", msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        return manifest

    async def _table(self, archive: zipfile.ZipFile, table: Table, webinars: Sequence[str]) -> int:
        targets = [Target("webinar", self._account, webinar_id) for webinar_id in webinars]
        if self._owners.rows(table, Target("webinar", self._account, "none")) is None:
            targets = [Target("account", self._account)]
        names = [column.name for column in table.columns if _may_go(table, column.name)]
        if not names:
            return 0
        number, file = 0, None
        # Closed also by a worker that is stopped half-way: an archive with an open file in it cannot be closed itself.
        with ExitStack() as stack:
            for target in targets:
                async for row in self._rows(table, target, names):
                    file = file or stack.enter_context(archive.open(f"tables/{table.name}.jsonl", "w"))
                    file.write(msgspec.json.encode(row, enc_hook=str) + b"\n")
                    number += 1
        return number

    async def _rows(self, table: Table, target: Target, names: Sequence[str]) -> AsyncIterator[dict[str, Any]]:
        condition = self._owners.rows(table, target)
        boxes = await self._boxes(target)
        if condition is None:
            return
        async for found in _pages(self._session, table, condition):
            row_id = ",".join(str(found[column.name]) for column in table.primary_key)
            persons = [str(found[column.name]) for column in person_columns(table)]
            mine = [boxes[person] for person in (*persons, "", "things") if person in boxes]
            yield {name: _opened(found[name], f"{table.name}.{name}|{row_id}", mine) for name in names}

    async def _boxes(self, target: Target) -> dict[str, Box]:
        if target.kind == "account":
            return {"": await self._vault.account_box(self._account)}
        try:
            return {**await self._vault.boxes(target.webinar_id), "things": await self._vault.things_box(target.webinar_id)}
        except KeyDestroyed:
            return {}

    async def _files(self, archive: zipfile.ZipFile, webinar_id: str) -> int:
        folder, count = self._shelf.things(webinar_id), 0
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            reader = _reader(path, await self._vault.things_box(webinar_id))
            if reader is None:
                continue
            # Stored, not packed: picture and sound would not get smaller.
            with reader, archive.open(zipfile.ZipInfo(f"files/{webinar_id}/{path.name}"), "w", force_zip64=True) as file:
                for chunk in reader.chunks():
                    file.write(chunk)
                    # The process has others to serve in between.
                    await asyncio.sleep(0)
            count += 1
        return count


async def _pages(session: AsyncSession, table: Table, condition: ColumnElement[bool]) -> AsyncIterator[Mapping[str, Any]]:
    query = select(table).where(condition).order_by(*table.primary_key)
    start = 0
    while True:
        found = (await session.execute(query.limit(ROWS).offset(start))).mappings().all()
        for row in found:
            yield dict(row)
        if len(found) < ROWS:
            return
        start += ROWS


def _may_go(table: Table, name: str) -> bool:
    word = said(table.c[name])
    if isinstance(word, Personal) and (word.category.startswith("user.authorization") or word.erase == "key"):
        return False
    return not any(part in name for part in SECRETS)


def _opened(value: object, aad: str, boxes: Sequence[Box]) -> object:
    if not isinstance(value, bytes):
        return value
    for box in boxes if value else ():
        try:
            return box.open(value, aad).decode()
        except (SealBroken, UnicodeDecodeError):
            continue
    # What does not open is a hash or somebody's who was erased: of no use outside.
    return None


def _reader(path: Path, box: Box) -> SealedReader | None:
    for kind in ("recording", "recording.list", "handout", "picture", "file"):
        for unfinished in (False, True):
            try:
                reader = SealedReader(path, box, f"{kind}|{path.name}", unfinished=unfinished)
            except (SealBroken, IsADirectoryError):
                continue
            try:
                reader.read(0, 1)
            except SealBroken:
                reader.close()
                continue
            if reader.size or not unfinished:
                return reader
            reader.close()
    return None
