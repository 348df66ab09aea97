"""The residue scan: looks for bytes that should be gone, in several forms, in every file, decompressing what is compressed.

Files that were deleted but are still held open by this process are read too.
"""

from __future__ import annotations

import asyncio
import base64
import bz2
import hashlib
import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import quote_from_bytes

import msgspec
import redis.asyncio

BLOCK = 1 << 20
DEPTH = 3
PACKED_MAX = 64 << 20
"""Bytes of one compressed piece that are read; guards against bombs."""
_PACKED = re.compile(rb"\x1f\x8b\x08|PK\x03\x04|\x78[\x01\x5e\x9c\xda]|BZh[1-9]1AY|\xfd7zXZ\x00")


class Finding(msgspec.Struct, frozen=True):
    """A value that is still there."""

    place: str
    form: str


class Looked(msgspec.Struct, frozen=True):
    """What one place was found to hold."""

    files: int
    bytes: int
    findings: tuple[Finding, ...]


class Place(Protocol):
    """Somewhere to look."""

    async def look(self, forms: dict[bytes, str]) -> Looked:
        """Look for the keys of ``forms``; the values name them."""
        ...


class Files:
    """Folders and everything in them, but for ``without``."""

    def __init__(self, folders: Sequence[Path], without: Sequence[Path] = ()) -> None:
        self._folders = folders
        self._without = [path.resolve() for path in without]

    async def look(self, forms: dict[bytes, str]) -> Looked:
        return await asyncio.to_thread(self._look, forms)

    def _look(self, forms: dict[bytes, str]) -> Looked:
        findings: set[Finding] = set()
        files = size = 0
        for path in self._paths():
            try:
                with path.open("rb") as file:
                    files += 1
                    for block in _blocks(file, max(map(len, forms), default=1)):
                        size += len(block)
                        findings |= {Finding(str(path), form) for form in search(block, forms)}
            except FileNotFoundError:
                continue
        return Looked(files, size, tuple(sorted(findings, key=lambda f: (f.place, f.form))))

    def _paths(self) -> Iterator[Path]:
        for folder in self._folders:
            for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
                if path.is_file() and not any(path.resolve().is_relative_to(no) for no in self._without):
                    yield path
        yield from _deleted_but_open()


class Redis:
    """Every key of a Redis: its name, and its value as the server would write it to disk."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def look(self, forms: dict[bytes, str]) -> Looked:
        findings: set[Finding] = set()
        count = size = 0
        async with redis.asyncio.Redis.from_url(self._url) as client:
            async for key in client.scan_iter(count=500):
                data = bytes(key) + b"\n" + (await client.dump(key) or b"")
                count, size = count + 1, size + len(data)
                findings |= {Finding("redis", form) for form in search(data, forms)}
        return Looked(count, size, tuple(findings))


def forms_of(values: Iterable[bytes], *, wide: bool = False) -> dict[bytes, str]:
    """Every form of every value. ``wide`` adds what a program might make of a text: case, reversal, plain hashes."""
    forms: dict[bytes, str] = {}
    for value in values:
        for name, form in _forms(value, wide):
            if len(form) >= 8:
                forms.setdefault(form, name)
    return forms


def search(data: bytes, forms: dict[bytes, str], depth: int = DEPTH) -> set[str]:
    """Names of the forms found in ``data`` or in compressed pieces of it."""
    found = {name for form, name in forms.items() if form in data}
    if depth:
        for piece in _unpacked(data):
            found |= {f"packed {name}" for name in search(piece, forms, depth - 1)}
    return found


async def scan(places: Sequence[Place], forms: dict[bytes, str]) -> Looked:
    """Look everywhere."""
    looked = [await place.look(forms) for place in places]
    return Looked(sum(p.files for p in looked), sum(p.bytes for p in looked), tuple(f for p in looked for f in p.findings))


def _forms(value: bytes, wide: bool) -> Iterator[tuple[str, bytes]]:
    yield "raw", value
    yield "hex", value.hex().encode()
    for start in range(3):
        # Cut what depends on the neighbours, so that the middle is found at each of the three alignments.
        packed = base64.b64encode(b"\0" * start + value).rstrip(b"=")
        middle = packed[(0, 2, 3)[start] : len(packed) - 1]
        yield "base64", middle
        yield "base64url", middle.replace(b"+", b"-").replace(b"/", b"_")
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return
    yield "utf-16le", text.encode("utf-16-le")
    yield "utf-16be", text.encode("utf-16-be")
    yield "url", quote_from_bytes(value).encode()
    yield "json", json.dumps(text)[1:-1].encode()
    if wide:
        yield from (("lower", text.lower().encode()), ("upper", text.upper().encode()), ("reversed", text[::-1].encode()))
        for kind in ("md5", "sha1", "sha256"):
            digest = hashlib.new(kind, value, usedforsecurity=False)
            yield from ((kind, digest.digest()), (f"{kind} hex", digest.hexdigest().encode()))


def _blocks(file: io.BufferedReader, longest: int) -> Iterator[bytes]:
    before = b""
    while block := file.read(BLOCK):
        yield before + block
        before = block[-longest:]


def _unpacked(data: bytes) -> Iterator[bytes]:
    for match in _PACKED.finditer(data):
        piece = data[match.start() :]
        magic = match.group()
        try:
            if magic.startswith(b"PK"):
                yield from _zip(data)
            elif magic.startswith(b"BZh"):
                yield bz2.BZ2Decompressor().decompress(piece, PACKED_MAX)
            elif magic.startswith(b"\xfd"):
                yield lzma.LZMADecompressor().decompress(piece, PACKED_MAX)
            else:
                yield zlib.decompressobj(wbits=47).decompress(piece, PACKED_MAX)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, zipfile.BadZipFile):
            continue


def _zip(data: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            if info.file_size <= PACKED_MAX and not info.flag_bits & 1:
                yield archive.read(info)


def _deleted_but_open() -> Iterator[Path]:
    own = Path("/proc/self/fd")
    for link in own.iterdir() if own.is_dir() else []:
        try:
            if str(link.readlink()).endswith("(deleted)") and link.is_file():
                yield link
        except OSError:
            continue
