"""Finds forms of values in bytes, also in compressed pieces of them. Run as a program it reads whole folders.

The program is a process of its own for two reasons. Closing a file drops every lock (POSIX ``fcntl``) that a process holds on it,
so a server that read SQLite's files itself would take its own database's locks away; and going through the bytes would hold up
the rooms. It uses the standard library only, so that it starts at once (``python -I -S``).
"""

from __future__ import annotations

import base64
import bz2
import io
import json
import lzma
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

BLOCK = 1 << 20
DEPTH = 3
PACKED_MAX = 64 << 20
"""Bytes of one compressed piece that are read; guards against bombs."""
WORD = 8
STRIDES = range(1, 17)
ONE_FORM = 0.012
"""Cost of searching for one form by itself, as a part of looking up every word; measured."""
_PACKED = tuple(
    map(re.compile, (rb"\x1f\x8b\x08", rb"PK\x03\x04", rb"\x78[\x01\x5e\x9c\xda]", rb"BZh[1-9]1AY", rb"\xfd7zXZ\x00"))
)
"""How compressed pieces begin. One after the other: a pattern with a fixed beginning is found at the speed of ``memchr``."""


class Sought:
    """Forms looked for together: however many there are, the bytes are gone through once.

    Every n-th word of the data is looked up among all words that the long forms hold at any offset. A form of at least ``n`` words
    and seven bytes that is there has one of them, wherever it begins, so none can be missed; only where a word is known is every
    form searched for. Shorter forms are searched for one by one. ``n`` is the one that costs least for these forms.
    """

    def __init__(self, forms: Mapping[bytes, str]) -> None:
        self.longest = max(map(len, forms), default=1)
        lengths = [len(form) for form in forms]
        self._stride = min(STRIDES, key=lambda n: 1 / n + ONE_FORM * sum(length < _enough(n) for length in lengths))
        self._short = [(form, name) for form, name in forms.items() if len(form) < _enough(self._stride)]
        self._long = [(form, name) for form, name in forms.items() if len(form) >= _enough(self._stride)]
        starts = range(WORD * self._stride)
        self._words = frozenset(int.from_bytes(form[at : at + WORD], sys.byteorder) for form, _ in self._long for at in starts)

    def named_in(self, data: bytes) -> set[str]:
        """Names of the forms found."""
        found = {name for form, name in self._short if form in data}
        words = memoryview(data)[: len(data) // WORD * WORD].cast("Q")[:: self._stride]
        if not self._words.isdisjoint(words):
            found |= {name for form, name in self._long if form in data}
        return found


def _enough(stride: int) -> int:
    """Bytes from which on a form holds one of the words that are looked at."""
    return WORD * stride + WORD - 1


def look(folders: Sequence[Path], forms: Mapping[bytes, str], process: int) -> tuple[int, int, set[tuple[str, str]]]:
    """Read everything in ``folders`` and what ``process`` holds open though deleted.

    Returns how many files and bytes there were, and which form was found in which file.
    """
    sought, found = Sought(forms), set()
    files = size = 0
    for path in _paths(folders, process):
        try:
            with path.open("rb") as file:
                files += 1
                for block in _blocks(file, sought.longest):
                    size += len(block)
                    found |= {(str(path), form) for form in named_in(block, sought)}
        except FileNotFoundError:
            continue
    return files, size, found


def named_in(data: bytes, sought: Sought, depth: int = DEPTH) -> set[str]:
    """Names of the forms found in ``data`` or in compressed pieces of it."""
    found = sought.named_in(data)
    if depth:
        for piece in _unpacked(data):
            found |= {f"packed {name}" for name in named_in(piece, sought, depth - 1)}
    return found


def _paths(folders: Sequence[Path], process: int) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            if path.is_file():
                yield path
    yield from _deleted_but_open(process)


def _blocks(file: io.BufferedReader, longest: int) -> Iterator[bytes]:
    before = b""
    while block := file.read(BLOCK):
        yield before + block
        before = block[-longest:]


def _unpacked(data: bytes) -> Iterator[bytes]:
    view = memoryview(data)
    for match in (match for pattern in _PACKED for match in pattern.finditer(data)):
        piece = view[match.start() :]
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


def _deleted_but_open(process: int) -> Iterator[Path]:
    own = Path(f"/proc/{process}/fd")
    for link in own.iterdir() if own.is_dir() else []:
        try:
            if str(link.readlink()).endswith("(deleted)") and link.is_file():
                yield link
        except OSError:
            continue


def main() -> None:
    """Take an order as JSON from standard input and answer in JSON; the forms are base64, for they are any bytes."""
    order = json.load(sys.stdin)
    forms = {base64.b64decode(form): name for form, name in order["forms"]}
    files, size, found = look([Path(folder) for folder in order["folders"]], forms, order["process"])
    json.dump({"files": files, "bytes": size, "findings": sorted(found)}, sys.stdout)


if __name__ == "__main__":
    main()
