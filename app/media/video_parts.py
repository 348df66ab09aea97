"""The bytes of a video under way: parts of the same size, each a sealed file of its own, so that an upload goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

from app.core.ids import new_id
from app.privacy.files import SealedReader, SealedWriter
from app.privacy.vault import Box, SealBroken

PART = 4 * 1024 * 1024
"""Bytes of each part but the last."""


class VideoParts:
    """Parts of one upload. Opens files: call from a thread."""

    def __init__(self, folder: Path, box: Box, video_id: str, size: int) -> None:
        self.size = size
        self.count = -(-size // PART)
        self._folder, self._box, self._id = folder, box, video_id
        self._open: tuple[int, SealedReader] | None = None

    def length(self, number: int) -> int:
        """Bytes of a part."""
        return min(PART, self.size - number * PART)

    def have(self) -> int:
        """How many parts are there, from the first without a gap."""
        return next((number for number in range(self.count) if not self._path(number).exists()), self.count)

    def begin(self, number: int) -> PartWriter:
        """Write a part; it is there when all of it has come."""
        return PartWriter(self._path(number), self._box, self._name(number))

    def write(self, number: int, data: bytes) -> None:
        """A part that has come whole."""
        writer = self.begin(number)
        writer.write(data)
        writer.keep()

    def read(self, start: int, length: int) -> bytes:
        """``length`` bytes from ``start``, over the borders of parts. Raises :class:`SealBroken` or :class:`OSError`."""
        data = b""
        while len(data) < length:
            number, inside = divmod(start + len(data), PART)
            part = self._part(number).read(inside, length - len(data))
            if not part:
                raise SealBroken(self._name(number))
            data += part
        return data

    def close(self) -> None:
        """Give the open part back."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _part(self, number: int) -> SealedReader:
        if self._open is None or self._open[0] != number:
            self.close()
            self._open = (number, SealedReader(self._path(number), self._box, self._name(number)))
        return self._open[1]

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._id}.{number}"

    def _name(self, number: int) -> str:
        return f"video|{self._id}|{number}"


class PartWriter:
    """One part under a name of its own, until it is whole."""

    def __init__(self, path: Path, box: Box, name: str) -> None:
        self._path = path
        self._new = path.with_name(f"{path.name}.{new_id()}")
        self._file = SealedWriter(self._new, box, name)

    def write(self, data: bytes) -> int:
        """More of it."""
        return self._file.write(data)

    def keep(self) -> None:
        """It is whole."""
        self._file.close()
        self._new.replace(self._path)

    def drop(self) -> None:
        """It broke off."""
        self._file.drop()
        self._new.unlink(missing_ok=True)


def remove(folder: Path, video_id: str) -> None:
    """All parts, whole or not."""
    for path in folder.glob(f"{video_id}.*") if folder.is_dir() else []:
        path.unlink(missing_ok=True)
