"""What late joiners may go back to: segments that left the memory's window, sealed in files without a name.

The key is made for one program and is only ever in memory, and a file has no name in any folder from its first moment: when the
program ends, or the process is killed, the system frees the place, and what may be left on the disk's surface nobody can read.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

log = logging.getLogger("lectern.media")

BLOCK = 32 * 1024 * 1024
"""Bytes after which another file is begun; the place of one is freed when its last segment is out of reach."""

MOST_WAITING = 32
"""Segments that may wait for a slow disk; more are lost for going back, so that memory stays bounded."""


class Block:
    """One file without a name."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.file: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed with its last segment
        self.size = 0

    def __del__(self) -> None:
        """Nothing refers to it any more."""
        if hasattr(self, "file"):
            self.file.close()


class Kept:
    """One segment; its bytes are in memory until they are on disk."""

    __slots__ = ("_back", "_block", "_data", "_offset", "lost", "size")

    def __init__(self, back: Back, data: bytes) -> None:
        self._back = back
        self._data: bytes | None = data
        self._block: Block | None = None
        self._offset = 0
        self.size = len(data)
        self.lost = False
        """True when there was no room for it, or when it had to give way."""

    def read(self) -> bytes | None:
        """The bytes; None when they are lost. Reads a file: call from a thread."""
        data, block = self._data, self._block
        if data is not None or block is None:
            return data
        sealed = os.pread(block.file.fileno(), self.size + 28, self._offset)
        return self._back.cipher.decrypt(sealed[:12], sealed[12:], None)

    def write(self) -> None:
        """Put it on disk. Runs in the one thread that writes."""
        if self.lost or self._data is None:
            return
        try:
            self._block, self._offset = self._back.append(self._data)
        except OSError as error:
            # A full disk shortens how far one can go back; what is live goes on.
            self._back.failed(error)
            self.lost = True
        self._data = None
        if self.lost:
            self._block = None

    def drop(self) -> None:
        """Out of reach; the file's place is free when nothing else is in it."""
        self.lost = True
        self._block = self._data = None


class Back:
    """All of one program: how far back, in seconds, and how many bytes at most."""

    def __init__(self, folder: Path, seconds: float, most: int) -> None:
        self.seconds = seconds
        self.cipher = AESGCM(AESGCM.generate_key(bit_length=256))
        self._folder = folder
        self._most = most
        self._kept: deque[Kept] = deque()
        self._size = 0
        self._block: Block | None = None
        self._told = False
        self._waiting: set[Kept] = set()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="back")

    def put(self, data: bytes) -> Kept:
        """Keep a segment; the oldest give way when there is too much."""
        kept = Kept(self, data)
        self._kept.append(kept)
        self._size += kept.size
        while self._kept and (self._kept[0].lost or self._size > self._most):
            oldest = self._kept.popleft()
            self._size -= oldest.size
            oldest.drop()
        if len(self._waiting) < MOST_WAITING:
            self._waiting.add(kept)
            self._writer.submit(self._write, kept)
        else:
            kept.drop()
        return kept

    def failed(self, error: OSError) -> None:
        """Said once."""
        if not self._told:
            self._told = True
            log.warning("nothing more can be kept for going back: %s", error.strerror)

    def _write(self, kept: Kept) -> None:
        kept.write()
        self._waiting.discard(kept)

    def append(self, data: bytes) -> tuple[Block, int]:
        """Seal and write. Raises :class:`OSError`."""
        nonce = os.urandom(12)
        sealed = nonce + self.cipher.encrypt(nonce, data, None)
        if self._block is None or self._block.size > BLOCK:
            self._block = Block(self._folder)
        block, offset = self._block, self._block.size
        if os.pwrite(block.file.fileno(), sealed, offset) != len(sealed):
            raise OSError(28, "No space left on device")
        block.size += len(sealed)
        return block, offset

    def close(self) -> None:
        """Free everything."""
        self._writer.shutdown(wait=False, cancel_futures=True)
        while self._kept:
            self._kept.pop().drop()
        self._size, self._block = 0, None


@dataclass(frozen=True)
class BackRoom:
    """Where it is kept, and how many bytes of one program at most."""

    folder: Path
    most: int

    def open(self, seconds: float) -> Back:
        """For one program."""
        return Back(self.folder, seconds, self.most)
