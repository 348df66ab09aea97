"""Writing an account's archive, streamed: nothing of it is ever a file on this server."""

from __future__ import annotations

import asyncio
import hashlib
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

import msgspec
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Base
from app.core.unit import Work
from app.privacy.files import Shelf
from app.privacy.scope import person_columns, personal_columns
from app.privacy.vault import Box, KeyDestroyed, SealBroken, Vault
from app.reports.portability.form import KEYS, MANIFEST, Key, Manifest, Part, encode, schema_of, scopes, tables
from app.rooms.models import Webinar

CHUNK = 500
BLOCK = 1 << 20
VERSION = "0.1.0"
SECRET = frozenset({"password", "totp", "secret", "old_secret", "private_key", "email_key", "hash"})
"""Never in the readable part: what signs in, and indexes."""


class Archive:
    """One archive being written."""

    def __init__(self, work: Work, vault: Vault, shelf: Shelf, account_id: str) -> None:
        self._work = work
        self._vault = vault
        self._shelf = shelf
        self._account = account_id
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(cast("IO[bytes]", self._sink), "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        self._parts: dict[str, Part] = {}

    async def stream(self) -> AsyncIterator[bytes]:
        """The bytes of the ZIP, as they come to be. One reading transaction: everything is of one moment."""
        async with self._work.read() as session:
            webinars = list((await session.execute(select(Webinar.id).where(Webinar.account_id == self._account))).scalars())
            for table, condition in tables(Base.metadata, self._account):
                async for block in self._table(session, table, condition):
                    yield block
            schema = await schema_of(await session.connection())
        async for block in self._keys(sorted(webinars)):
            yield block
        for webinar_id in sorted(webinars):
            folder = self._shelf.things(webinar_id)
            for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
                if path.is_file():
                    async for block in self._file(f"files/{webinar_id}/{path.relative_to(folder)}", path):
                        yield block
        manifest = Manifest(
            version=VERSION, schema=schema, account=self._account, made_at=self._work.clock.now(), files=self._parts
        )
        self._zip.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        self._zip.close()
        yield self._sink.taken()

    async def _table(self, session: AsyncSession, table: Table, condition: Any) -> AsyncIterator[bytes]:
        """As stored, then to read: a ZIP takes one file at a time, so the rows are read twice, of one moment."""
        keys = list(table.primary_key)
        for folder in ("tables", "readable"):
            digest, count, name = hashlib.sha256(), 0, f"{folder}/{table.name}.ndjson"
            with self._zip.open(name, "w", force_zip64=True) as out:
                result = await session.stream(select(table).where(condition).order_by(*keys).execution_options(yield_per=CHUNK))
                async for rows in result.mappings().partitions(CHUNK):
                    for row in rows:
                        known = {str(name): value for name, value in row.items()}
                        line = encode(known if folder == "tables" else await self._readable(table, known))
                        digest.update(line)
                        out.write(line)
                        count += 1
                    yield self._sink.taken()
            self._parts[name] = Part(digest.hexdigest(), count)

    async def _readable(self, table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
        words = personal_columns(table)
        row_id = ",".join(str(row[column.name]) for column in table.primary_key)
        shown: dict[str, Any] = {}
        boxes: Sequence[Box] | None = None
        for name, value in row.items():
            if name in SECRET or (isinstance(value, bytes) and not (name in words and words[name].sealed)):
                continue
            if not isinstance(value, bytes):
                shown[name] = value
                continue
            boxes = await self._boxes(table, row) if boxes is None else boxes
            shown[name] = _opened(boxes, value, f"{table.name}.{name}|{row_id}")
        return shown

    async def _boxes(self, table: Table, row: Mapping[str, Any]) -> list[Box]:
        found: list[Box] = []
        webinar_id = row.get("webinar_id") or await self._webinar_of(table, row)
        for person in [row[column.name] for column in person_columns(table)]:
            if webinar_id and person:
                boxes = await self._vault.boxes_of(webinar_id, [person])
                found += filter(None, boxes.values())
        if webinar_id:
            found += [await self._vault.box(webinar_id), await self._vault.things_box(webinar_id)]
        try:
            found.append(await self._vault.account_box(self._account))
        except KeyDestroyed:
            return found
        return found

    async def _webinar_of(self, table: Table, row: Mapping[str, Any]) -> str:
        """The webinar of a row that names it only through its parent."""
        for key in table.foreign_keys:
            parent = key.column.table
            if "webinar_id" in parent.c and row.get(key.parent.name):
                async with self._work.read() as session:
                    query = select(parent.c.webinar_id).where(key.column == row[key.parent.name])
                    return str((await session.execute(query)).scalar_one_or_none() or "")
        return ""

    async def _keys(self, webinars: Sequence[str]) -> AsyncIterator[bytes]:
        digest, count = hashlib.sha256(), 0
        with self._zip.open(KEYS, "w") as out:
            for scope in scopes(self._account, webinars):
                for person, value in sorted((await self._vault.carried(scope)).items()):
                    line = msgspec.json.encode(Key(scope, person, value)) + b"\n"
                    digest.update(line)
                    out.write(line)
                    count += 1
        self._parts[KEYS] = Part(digest.hexdigest(), count)
        yield self._sink.taken()

    async def _file(self, name: str, path: Path) -> AsyncIterator[bytes]:
        digest = hashlib.sha256()
        with self._zip.open(zipfile.ZipInfo(name), "w", force_zip64=True) as out, path.open("rb") as file:
            while block := await asyncio.to_thread(file.read, BLOCK):
                digest.update(block)
                out.write(block)
                yield self._sink.taken()
        self._parts[name] = Part(digest.hexdigest())


class _Sink:
    """Takes what the ZIP writes until it is sent; cannot seek, so the ZIP is written in one direction."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Nothing to do."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self._held)
        self._held.clear()
        return data


def _opened(boxes: Sequence[Box], value: bytes, aad: str) -> str | None:
    for box in boxes if value else ():
        try:
            return box.open(value, aad).decode(errors="replace")
        except SealBroken:
            continue
    return None if value else ""
