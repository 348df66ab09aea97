"""Sealed files: recordings, uploads and exports, written and read as streams, chunk by chunk, from any place.

A file is ``magic (4) · salt (16) · chunks``; each chunk is AES-256-GCM over 64 KiB with a nonce of its number and whether it is the
last, under a key derived for this file alone (the STREAM construction). A chunk that was changed, moved, left out or cut off at the
end does not open. The size of what was written follows from the size of the file, so a player can ask for any range.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import MetaData, select

from app.core.unit import Unit, Work
from app.privacy.scope import Target
from app.privacy.vault import Box, SealBroken

MAGIC = b"LCT1"
SALT = 16
HEAD = len(MAGIC) + SALT
CHUNK = 64 * 1024
TAG = 16


class SealedWriter:
    """Writes one file; ``name`` (``recording|ID``) is bound to it, so that a file put in another's place does not open."""

    def __init__(self, path: Path, box: Box, name: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        salt = os.urandom(SALT)
        self._cipher = AESGCM(box.file_key(salt, name))
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._file.write(MAGIC + salt)
        self._waiting = bytearray()
        self._number = 0

    def write(self, data: bytes) -> int:
        """Add ``data``, as a file does; whole chunks go to the disk."""
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(data)

    def flush(self) -> None:
        """Hand the whole chunks to the system; what is less than a chunk waits for more."""
        self._file.flush()

    def close(self) -> None:
        """Write the end, on disk when this returns. Without it the file counts as unfinished."""
        if self._file.closed:
            return
        self._put(bytes(self._waiting), last=True)
        self._waiting.clear()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def drop(self) -> None:
        """Give the file back without its end: it stays unfinished."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            # Not the end that was meant: the file stays unfinished and says so when it is read.
            self.drop()

    def _put(self, data: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), data, None))
        self._number += 1


class SealedReader:
    """Reads one file from any place. ``unfinished`` reads what a writer left that was killed; otherwise a missing end is an error.

    Raises :class:`~app.privacy.vault.SealBroken` for a file that was changed, cut, or belongs elsewhere.
    """

    def __init__(self, path: Path, box: Box, name: str, *, unfinished: bool = False) -> None:
        self._name = name
        self._finished = not unfinished
        self._file = path.open("rb")
        try:
            self._open(box)
        except SealBroken:
            self._file.close()
            raise

    def read(self, start: int, length: int) -> bytes:
        """``length`` bytes from ``start``; fewer at the end."""
        parts, at, end = [], start, min(start + length, self.size)
        while at < end:
            number, inside = divmod(at, CHUNK)
            part = self._chunk(number)[inside : inside + end - at]
            parts.append(part)
            at += len(part)
        return b"".join(parts)

    def chunks(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The file in pieces, at flat memory."""
        at, end = start, self.size if length is None else min(start + length, self.size)
        while at < end:
            # Up to the next border, so that no chunk is opened twice.
            part = self.read(at, min(CHUNK - at % CHUNK, end - at))
            yield part
            at += len(part)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _open(self, box: Box) -> None:
        head = self._file.read(HEAD)
        if len(head) != HEAD or head[: len(MAGIC)] != MAGIC:
            raise SealBroken(self._name)
        self._cipher = AESGCM(box.file_key(head[len(MAGIC) :], self._name))
        body = os.fstat(self._file.fileno()).st_size - HEAD
        whole, rest = divmod(body, CHUNK + TAG)
        self._count = whole + (rest > 0 and self._finished)
        self.size = body - self._count * TAG if self._finished else whole * CHUNK
        if self._finished:
            # The end is looked at first, so that a cut file is refused before anything of it is shown.
            self._chunk(self._count - 1)

    def _chunk(self, number: int) -> bytes:
        if number < 0:
            raise SealBroken(self._name)
        self._file.seek(HEAD + number * (CHUNK + TAG))
        last = self._finished and number == self._count - 1
        try:
            return self._cipher.decrypt(_nonce(number, last=last), self._file.read(CHUNK + TAG), None)
        except (InvalidTag, ValueError) as error:
            raise SealBroken(self._name) from error


class Shelf:
    """Where sealed files lie: ``things`` of a webinar, and what is about its ``people`` (exports)."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "files"

    def things(self, webinar_id: str) -> Path:
        """Recordings, handouts, pictures: sealed by the things box, gone with webinar or account."""
        return self._root / webinar_id / "things"

    def people(self, webinar_id: str) -> Path:
        """Exports: sealed by the webinar's box, gone with any erasure in the webinar, because they may hold whoever goes."""
        return self._root / webinar_id / "people"

    def account(self, account_id: str) -> Path:
        """The file with everything of an account, sealed by the account's box, gone with it."""
        return self._root / "accounts" / account_id

    def webinar(self, webinar_id: str) -> Path:
        """Everything of a webinar."""
        return self._root / webinar_id


class ShelfEraser:
    """Removes sealed files with what they belong to. Implements :class:`app.privacy.erase.eraser.Eraser`."""

    name = "files"

    def __init__(self, shelf: Shelf, metadata: MetaData) -> None:
        self._shelf = shelf
        self._metadata = metadata

    def ask(self, unit: Unit, target: Target) -> None:
        """Files wait for the job."""

    async def begin(self, work: Work, target: Target) -> None:
        """Nothing to shut."""

    async def erase(self, work: Work, target: Target) -> Mapping[str, int]:
        """Files and folders; how many files."""
        if target.kind == "account":
            webinars = self._metadata.tables["webinar"]
            async with work.read() as session:
                query = select(webinars.c.id).where(webinars.c.account_id == target.account_id)
                folders = [self._shelf.webinar(found) for found in (await session.execute(query)).scalars()]
            folders.append(self._shelf.account(target.account_id))
        elif target.kind == "webinar":
            folders = [self._shelf.webinar(target.webinar_id)]
        else:
            folders = [self._shelf.people(target.webinar_id)]
        return {"files": sum(_remove(folder) for folder in folders)}


def _remove(folder: Path) -> int:
    count = 0
    for path in sorted(folder.rglob("*"), reverse=True) if folder.is_dir() else []:
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
            count += 1
    if folder.is_dir():
        folder.rmdir()
    return count


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")
