"""A recording on disk: finished segments one after another in a sealed file, as they were broadcast, and their list beside it.

Record: ``kind (1) · header number (2) · flags (1) · start (8, seconds since 2026) · seconds (4) · length (4) · bytes``; kinds are a
header or a segment of picture or sound. Nothing is encoded again, and nothing is ever on disk in clear.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec

from app.media.track import Segment, Track
from app.privacy.files import SealedReader, SealedWriter
from app.privacy.vault import Box

HEAD = struct.Struct(">cHBdfL")
INIT, PART = {"video": b"V", "audio": b"A"}, {"video": b"v", "audio": b"a"}
BREAK = 1


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """A header or a segment, and where its bytes lie."""

    kind: str
    """``video`` or ``audio``."""
    header: bool
    init: int
    breaks: bool
    start: float
    seconds: float
    offset: int
    length: int


class TapeWriter:
    """Writes one recording."""

    def __init__(self, folder: Path, box: Box, recording_id: str) -> None:
        self.id = recording_id
        self._file = SealedWriter(folder / recording_id, box, f"recording|{recording_id}")
        self._list = (folder / f"{recording_id}-list", box, f"recording.list|{recording_id}")
        self._pieces: list[Piece] = []
        self._at = 0
        self._inits: dict[str, bytes] = {}
        self._numbers: dict[str, int] = {}
        self._closed = False

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._at

    @property
    def seconds(self) -> float:
        """Length so far."""
        pieces = [piece for piece in self._pieces if not piece.header and piece.kind == "video"]
        return pieces[-1].start + pieces[-1].seconds - pieces[0].start if pieces else 0.0

    def add(self, track: Track, segment: Segment, start: float) -> None:
        """A segment of a track, with its header when that is another than the last."""
        if self._closed or not segment.parts:
            return
        header = track.inits.get(segment.init)
        if header is not None:
            self.header(track.kind, header, start)
        self.segment(track.kind, segment.data, start, segment.duration, breaks=segment.discontinuity)

    def header(self, kind: str, data: bytes, start: float = 0.0) -> None:
        """What the segments that follow need; the same again is left out."""
        if self._inits.get(kind) == data:
            return
        self._inits[kind] = data
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        self._put(Piece(kind, True, self._numbers[kind], False, start, 0.0, 0, len(data)), data)

    def segment(self, kind: str, data: bytes, start: float, seconds: float, *, breaks: bool = False) -> None:
        """The next segment of a track."""
        self._put(Piece(kind, False, self._numbers.get(kind, 0), breaks, start, seconds, 0, len(data)), data)

    def close(self) -> None:
        """The end."""
        if self._closed:
            return
        self._closed = True
        self._file.close()
        with SealedWriter(*self._list) as file:
            file.write(msgspec.msgpack.encode(self._pieces))

    def drop(self) -> None:
        """Give it up: without its list it counts as unfinished."""
        self._closed = True
        self._file.drop()

    def _put(self, piece: Piece, data: bytes) -> None:
        kind = (INIT if piece.header else PART)[piece.kind]
        flags = BREAK if piece.breaks else 0
        self._file.write(HEAD.pack(kind, piece.init, flags, piece.start, piece.seconds, len(data)) + data)
        self._pieces.append(msgspec.structs.replace(piece, offset=self._at + HEAD.size))
        self._at += HEAD.size + len(data)


class Tape:
    """Reads one recording. Opens files: call from a thread."""

    def __init__(self, folder: Path, box: Box, recording_id: str) -> None:
        self._path, self._box, self._name = folder / recording_id, box, f"recording|{recording_id}"
        listed = folder / f"{recording_id}-list"
        self.finished = listed.exists()
        if self.finished:
            with SealedReader(listed, box, f"recording.list|{recording_id}") as file:
                self.pieces = msgspec.msgpack.decode(file.read(0, file.size), type=list[Piece])
        else:
            # The process that wrote it was killed: what reached the disk is read instead.
            self.pieces = list(self._found())

    def segments(self, kind: str, start: float = 0.0, end: float | None = None) -> list[Piece]:
        """Segments that reach into ``start`` to ``end``, in seconds of the recording."""
        found = [piece for piece in self.pieces if piece.kind == kind and not piece.header]
        zero = self.zero
        last = float("inf") if end is None else end
        return [one for one in found if one.start + one.seconds - zero > start + 0.01 and one.start - zero < last - 0.01]

    @property
    def zero(self) -> float:
        """When it begins, on the timeline of the broadcast."""
        return next((piece.start for piece in self.pieces if not piece.header and piece.kind == "video"), 0.0)

    @property
    def seconds(self) -> float:
        """How long it is."""
        found = self.segments("video")
        return found[-1].start + found[-1].seconds - found[0].start if found else 0.0

    def header(self, kind: str, number: int) -> bytes | None:
        """A header's bytes."""
        piece = next((one for one in self.pieces if one.kind == kind and one.header and one.init == number), None)
        return self.data(piece) if piece is not None else None

    def data(self, piece: Piece) -> bytes:
        """A piece's bytes."""
        with self._open() as file:
            return file.read(piece.offset, piece.length)

    def all(self, pieces: list[Piece]) -> Iterator[bytes]:
        """Bytes of many pieces, the file opened once."""
        with self._open() as file:
            for piece in pieces:
                yield file.read(piece.offset, piece.length)

    def _open(self) -> SealedReader:
        return SealedReader(self._path, self._box, self._name, unfinished=not self.finished)

    def _found(self) -> Iterator[Piece]:
        kinds = {code: kind for kind, code in INIT.items()} | {code: kind for kind, code in PART.items()}
        with self._open() as file:
            at = 0
            while at + HEAD.size <= file.size:
                code, init, flags, start, seconds, length = HEAD.unpack(file.read(at, HEAD.size))
                at += HEAD.size
                if code not in kinds or at + length > file.size:
                    return
                yield Piece(kinds[code], code.isupper(), init, bool(flags & BREAK), start, seconds, at, length)
                at += length
