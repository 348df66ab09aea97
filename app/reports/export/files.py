"""Large exports as background jobs: a sealed file with progress, gone after its download or seven days, or with any erasure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from sqlalchemy import select, update

from app.consent.models import ConsentEvent, PersonMark
from app.core.errors import Problem, not_found
from app.core.ids import new_id
from app.core.jobs import JobLater
from app.core.permissions import Role, permissions_of
from app.core.unit import Unit, Work
from app.privacy.files import SealedReader, SealedWriter, Shelf
from app.privacy.vault import SealBroken, Vault
from app.reports.export import formats
from app.reports.export.all import KINDS, count
from app.reports.export.formats import Cell
from app.reports.export.sets import Source, Wanted
from app.reports.models import ExportFile
from app.rooms.models import Webinar

MAKE, SWEEP = "export.make", "export.sweep"
EVERY = {SWEEP: timedelta(hours=1)}
KEPT = timedelta(days=7)
BEAT = timedelta(minutes=2)
AT_ONCE = 5000
"""Rows up to which a file is sent while it is made."""
TOLD_EVERY = 2000
CHANGED = "Something was withdrawn, restricted or changed after this file was made. Make it anew."


class MakeJob(msgspec.Struct, frozen=True):
    """Payload of the job."""

    export: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants."""

    webinar: Webinar
    kind: str
    form: str
    named: bool
    lang: str
    role: Role
    persons: frozenset[str] | None = None
    """Of registrants: these only. Such a file is sent while it is made, however large."""

    @property
    def name(self) -> str:
        """Name of the file."""
        return f"{self.webinar.slug}-{self.kind}{'' if self.named else '-without-names'}.{self.form}"


class Exports:
    """Makes, keeps and gives export files."""

    def __init__(self, work: Work, vault: Vault, shelf: Shelf) -> None:
        self._work = work
        self._vault = vault
        self._shelf = shelf
        self.source = Source(work, vault)

    async def size(self, asked: Asked) -> int:
        """About how many rows it has."""
        return await count(self.source, asked.kind, asked.webinar.id)

    async def stream(self, asked: Asked) -> AsyncIterator[bytes]:
        """The file while it is made."""
        table = await KINDS[asked.kind].table(self.source, _wanted(asked))
        async for piece in formats.write(asked.form, table.columns, table.rows):
            yield piece

    async def ask(self, unit: Unit, asked: Asked) -> ExportFile:
        """A job that makes the file."""
        row = ExportFile(
            id=new_id(),
            webinar_id=asked.webinar.id,
            kind=asked.kind,
            form=asked.form,
            named=asked.named,
            lang=asked.lang,
            role=asked.role,
            state="waiting",
            rows_done=0,
            rows_total=await count(self.source, asked.kind, asked.webinar.id),
            size=0,
            made_at=unit.now,
            beat_at=unit.now - BEAT,
        )
        unit.session.add(row)
        unit.enqueue(MAKE, MakeJob(row.id), about=asked.webinar.id, key=f"{MAKE}:{row.id}")
        return row

    async def of_webinar(self, webinar_id: str) -> list[ExportFile]:
        """Files asked for, newest first."""
        query = select(ExportFile).where(ExportFile.webinar_id == webinar_id).order_by(ExportFile.made_at.desc())
        async with self._work.read() as session:
            return list((await session.execute(query)).scalars())

    async def one(self, webinar_id: str, export_id: str) -> ExportFile:
        """One file of a webinar. Raises 404."""
        async with self._work.read() as session:
            row = await session.get(ExportFile, export_id)
        if row is None or row.webinar_id != webinar_id:
            raise not_found()
        return row

    async def give(self, row: ExportFile, role: Role) -> AsyncIterator[bytes]:
        """The content of a ready file; it is gone when the last byte was taken. Raises when it may not or cannot be given."""
        if not permissions_of(Role(row.role)) <= permissions_of(role):
            raise Problem("not.allowed", "This file may hold more than your role may see. Make one of your own.", status=403)
        if row.state != "ready":
            raise Problem("export.waiting", "This file is not ready yet.", status=409)
        if await self._changed(row.webinar_id, row.made_at):
            await self.drop(row)
            raise Problem("export.outdated", CHANGED, status=410)
        try:
            reader = SealedReader(self._path(row), await self._vault.box(row.webinar_id), f"export|{row.id}")
        except (OSError, SealBroken) as error:
            await self.drop(row)
            raise Problem("export.gone", "This file is gone. Make it anew.", status=410) from error
        return self._taken(row, reader)

    async def drop(self, row: ExportFile) -> None:
        """Remove file and row."""
        await asyncio.to_thread(self._path(row).unlink, missing_ok=True)
        async with self._work.unit() as unit:
            if (known := await unit.session.get(ExportFile, row.id)) is not None:
                await unit.session.delete(known)

    async def make(self, payload: bytes) -> None:
        """Job handler of :data:`MAKE`."""
        row = await self._claimed(msgspec.json.decode(payload, type=MakeJob).export)
        if row is None:
            return
        async with self._work.read() as session:
            webinar = await session.get_one(Webinar, row.webinar_id)
        asked = Asked(webinar=webinar, kind=row.kind, form=row.form, named=row.named, lang=row.lang, role=Role(row.role))
        path = self._path(row)
        await asyncio.to_thread(path.unlink, missing_ok=True)
        try:
            with SealedWriter(path, await self._vault.box(row.webinar_id), f"export|{row.id}") as writer:
                size = await self._write(row, asked, writer)
        except Exception:
            await self._set(row.id, state="failed", beat=-BEAT)
            raise
        await self._set(row.id, state="ready", size=size, rows_done=row.rows_total)

    async def sweep(self, _payload: bytes) -> None:
        """Job handler of :data:`SWEEP`: what was not fetched in seven days goes."""
        async with self._work.read() as session:
            query = select(ExportFile).where(ExportFile.made_at < self._work.clock.now() - KEPT)
            old = list((await session.execute(query)).scalars())
        for row in old:
            await self.drop(row)

    async def _write(self, row: ExportFile, asked: Asked, writer: SealedWriter) -> int:
        table = await KINDS[asked.kind].table(self.source, _wanted(asked))
        size = 0
        async for piece in formats.write(asked.form, table.columns, self._counted(row.id, table.rows)):
            size += len(piece)
            await asyncio.to_thread(writer.write, piece)
        return size

    async def _counted(self, export_id: str, rows: AsyncIterator[Sequence[Cell]]) -> AsyncIterator[Sequence[Cell]]:
        done = 0
        async for row in rows:
            yield row
            done += 1
            if done % TOLD_EVERY == 0:
                await self._set(export_id, rows_done=done)

    async def _claimed(self, export_id: str) -> ExportFile | None:
        """The row, marked as being written; None when there is nothing to do. Another worker at it is waited for."""
        async with self._work.unit() as unit:
            row = await unit.session.get(ExportFile, export_id)
            if row is None or row.state == "ready":
                return None
            if unit.now - row.beat_at < BEAT:
                raise JobLater(BEAT.total_seconds())
            row.state, row.beat_at, row.rows_done = "waiting", unit.now, 0
            return row

    async def _set(self, export_id: str, *, beat: timedelta = timedelta(0), **values: object) -> None:
        async with self._work.unit() as unit:
            query = update(ExportFile).where(ExportFile.id == export_id)
            await unit.session.execute(query.values(beat_at=unit.now + beat, **values))

    async def _taken(self, row: ExportFile, reader: SealedReader) -> AsyncIterator[bytes]:
        with reader:
            for piece in reader.chunks():
                yield piece
        await self.drop(row)

    async def _changed(self, webinar_id: str, since: datetime) -> bool:
        """Whether anybody withdrew, restricted or objected since: then a file that waits is not true any more."""
        withdrawn = select(ConsentEvent.id).where(
            ConsentEvent.webinar_id == webinar_id, ConsentEvent.state == "withdrawn", ConsentEvent.at >= since
        )
        marked = select(PersonMark.id).where(PersonMark.webinar_id == webinar_id, PersonMark.at >= since)
        async with self._work.read() as session:
            return any([(await session.execute(query.limit(1))).first() is not None for query in (withdrawn, marked)])

    def _path(self, row: ExportFile) -> Path:
        return self._shelf.people(row.webinar_id) / row.id


def _wanted(asked: Asked) -> Wanted:
    permissions = permissions_of(asked.role)
    return Wanted(webinar=asked.webinar, named=asked.named, lang=asked.lang, permissions=permissions, persons=asked.persons)
