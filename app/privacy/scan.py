"""The residue scan: looks for bytes that should be gone, in several forms, in every file, decompressing what is compressed.

Files that were deleted but are still held open by this process are read too. How bytes are gone through: :mod:`app.privacy.search`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import quote_from_bytes

import msgspec

from app.privacy import search
from app.privacy.search import Sought, named_in

_SEARCH = (sys.executable, "-I", "-S", search.__file__)


class Finding(msgspec.Struct, frozen=True, array_like=True):
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
    """Folders and everything in them, and what this process holds open though it was deleted."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    async def look(self, forms: dict[bytes, str]) -> Looked:
        order = {
            "forms": [(base64.b64encode(form).decode(), name) for form, name in forms.items()],
            "folders": [str(folder.absolute()) for folder in self._folders],
            "process": os.getpid(),
        }
        # Nothing of our settings goes along: there are secrets among them.
        child = await asyncio.create_subprocess_exec(*_SEARCH, stdin=PIPE, stdout=PIPE, env={})
        try:
            answer, _ = await child.communicate(json.dumps(order).encode())
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode:
            raise OSError(f"the search ended with {child.returncode}")
        return msgspec.json.decode(answer, type=Looked)


class Redis:
    """Every key of a Redis: its name, and its value as the server would write it to disk."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def look(self, forms: dict[bytes, str]) -> Looked:
        findings: set[Finding] = set()
        sought = Sought(forms)
        count = size = 0
        import redis.asyncio

        async with redis.asyncio.Redis.from_url(self._url) as client:
            async for key in client.scan_iter(count=500):
                data = bytes(key) + b"\n" + (await client.dump(key) or b"")
                count, size = count + 1, size + len(data)
                findings |= {Finding("redis", form) for form in named_in(data, sought)}
        return Looked(count, size, tuple(findings))


def forms_of(values: Iterable[bytes], *, wide: bool = False) -> dict[bytes, str]:
    """Every form of every value. ``wide`` adds what a program might make of a text: case, reversal, plain hashes."""
    forms: dict[bytes, str] = {}
    for value in values:
        for name, form in _forms(value, wide):
            if len(form) >= 8:
                forms.setdefault(form, name)
    return forms


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
