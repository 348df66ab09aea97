"""The erasure ledger: every erasure, appended and fsynced to a file outside the database and its backups, hash-chained.

A database restored from an older backup lacks marks for the newest entries and must see them through again before it serves
anyone. The ledger's head is anchored in a second file, so a lost or cut ledger is noticed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from app.privacy.scope import Target

START = "0" * 64


class LedgerBroken(Exception):
    """The ledger was lost, cut or changed. Nobody may be served until the operator has put it back."""


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure, by random ids."""

    n: int
    id: str
    at: datetime
    target: Target
    role: str
    hash: str = ""


class _Head(msgspec.Struct, frozen=True):
    n: int
    hash: str


class Ledger:
    """The file and its anchor. Calls are short and synchronous; several processes of a machine may append."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "ledger.jsonl"
        self._anchor = folder / "ledger.head"
        self._lock = folder / "ledger.lock"

    def append(self, erasure_id: str, at: datetime, target: Target, role: str) -> LedgerEntry:
        """Add an entry; on disk when this returns. An erasure already in the ledger is not added again."""
        with self._locked():
            entries = self._read()
            for known in entries:
                if known.id == erasure_id:
                    return known
            before = entries[-1].hash if entries else START
            entry = LedgerEntry(n=len(entries) + 1, id=erasure_id, at=at, target=target, role=role)
            entry = msgspec.structs.replace(entry, hash=_hash(before, entry))
            _write(self._path, msgspec.json.encode(entry) + b"\n", os.O_APPEND)
            self._set_head(entry)
            return entry

    def entries(self) -> list[LedgerEntry]:
        """All entries, their chain and end checked. Raises :class:`LedgerBroken`."""
        with self._locked():
            return self._read()

    def missing(self, marks: Collection[tuple[str, int]]) -> list[LedgerEntry]:
        """Entries that a database with these ``marks`` has not seen through. Raises :class:`LedgerBroken`."""
        entries = self.entries()
        known = {entry.id: entry.n for entry in entries}
        for entry_id, n in marks:
            if known.get(entry_id) != n:
                raise LedgerBroken(
                    f"The database knows erasure {n}, but the ledger does not. Put the newest ledger back: {self._path}"
                )
        marked = {entry_id for entry_id, _ in marks}
        return [entry for entry in entries if entry.id not in marked]

    def _read(self) -> list[LedgerEntry]:
        data = self._path.read_bytes() if self._path.exists() else b""
        head = msgspec.json.decode(self._anchor.read_bytes(), type=_Head) if self._anchor.exists() else _Head(0, START)
        entries: list[LedgerEntry] = []
        before = START
        lines = data.split(b"\n")
        for line in lines[:-1]:
            entry = self._parse(line, len(entries) + 1, before)
            entries.append(entry)
            before = entry.hash
        if len(entries) == head.n + 1 and not lines[-1]:
            # The process died between the entry and its anchor.
            self._set_head(entries[-1])
        elif len(entries) < head.n or (entries and entries[head.n - 1].hash != head.hash) or len(entries) > head.n:
            raise LedgerBroken(f"The erasure ledger was cut or changed. Put it back: {self._path}")
        elif lines[-1]:
            # An entry that never got to its end; what it announced had not begun.
            _cut(self._path, len(data) - len(lines[-1]))
        return entries

    def _parse(self, line: bytes, n: int, before: str) -> LedgerEntry:
        try:
            entry = msgspec.json.decode(line, type=LedgerEntry)
        except msgspec.MsgspecError as error:
            raise LedgerBroken(f"Line {n} of the erasure ledger cannot be read: {self._path}") from error
        if entry.n != n or entry.hash != _hash(before, entry):
            raise LedgerBroken(f"Line {n} of the erasure ledger was changed: {self._path}")
        return entry

    def _set_head(self, entry: LedgerEntry) -> None:
        fresh = self._anchor.with_suffix(".new")
        _write(fresh, msgspec.json.encode(_Head(entry.n, entry.hash)), os.O_TRUNC)
        fresh.replace(self._anchor)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _hash(before: str, entry: LedgerEntry) -> str:
    body = msgspec.json.encode(msgspec.structs.replace(entry, hash=""))
    return hashlib.sha256(before.encode() + body).hexdigest()


def _write(path: Path, data: bytes, how: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _cut(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())
