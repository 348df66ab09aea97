"""The process that reads an uploaded video: ``python -m app.media.convert``, locked in by :mod:`app.media.sandbox`.

It has no key, no file and no network: the bytes of the upload come over its standard input, which is a socket, on demand, and what it
makes goes back the same way (:mod:`app.media.converting` is the other end). H.264 and AAC that browsers play are only packed anew; anything
else is decoded and encoded. Nothing of it is ever on a disk in clear.
"""

from __future__ import annotations

import importlib
import io
import pkgutil
import socket
import struct
import sys
from typing import Any

import av

from app.media import sandbox
from app.media.conversion import convert, steps
from app.media.examining import Refused, examine

BLOCK = 512 * 1024
ASK, HEADER, SEGMENT, PROGRESS, DONE, REFUSED = b"?", b"H", b"S", b"%", b".", b"!"
HEAD = struct.Struct(">cL")
WANTED = struct.Struct(">QL")
PIECE = struct.Struct(">sdd")
BEGIN = struct.Struct(">QL")
"""First word to this process: size of the upload in bytes, and seconds of processor time it may take."""
OPTIONS = {
    "protocol_whitelist": "pipe",
    "format_whitelist": "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf",
    "codec_whitelist": "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,mpeg4,mpeg2video,mpeg1video,mjpeg,prores,wmv1,wmv2,wmv3,vc1,"
    "msmpeg4v3,flv,aac,mp3,mp3float,mp2,mp2float,opus,libopus,vorbis,libvorbis,flac,ac3,eac3,alac,pcm_s16le,pcm_s16be,pcm_s24le,pcm_f32le,wmav2",
}
LOOKING = 0.1
"""Part of the work that the first look counts for."""
KINDS = {"video": b"v", "audio": b"a"}


class Line:
    """The socket to whoever gave the work."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def take(self, count: int) -> bytes:
        """Exactly ``count`` bytes; ends this process when the other end is gone."""
        data = bytearray()
        while len(data) < count:
            more = self._socket.recv(count - len(data))
            if not more:
                sys.exit(1)
            data += more
        return bytes(data)

    def tell(self, kind: bytes, data: bytes = b"") -> None:
        """One message."""
        self._socket.sendall(HEAD.pack(kind, len(data)) + data)

    # What becomes of the video goes the same way: implements :class:`app.media.conversion.Sink`.

    def header(self, kind: str, data: bytes) -> None:
        """A track's header."""
        self.tell(HEADER, KINDS[kind] + data)

    def segment(self, kind: str, data: bytes, start: float, seconds: float) -> None:
        """A segment of a track."""
        self.tell(SEGMENT, PIECE.pack(KINDS[kind], start, seconds) + data)

    def progress(self, part: float) -> None:
        """How much is converted, 0 to 1."""
        self.done(LOOKING + part * (1 - LOOKING))

    def done(self, part: float) -> None:
        """How much of all work is done, 0 to 1."""
        self.tell(PROGRESS, struct.pack(">d", part))


class Upload(io.RawIOBase):
    """The uploaded file, read from anywhere, a block at a time."""

    def __init__(self, line: Line, size: int) -> None:
        self._line = line
        self.size = size
        self._at = 0
        self._block = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence])
        return self._at

    def read(self, size: int = -1) -> bytes:
        number, inside = divmod(self._at, BLOCK)
        if self._at >= self.size or size == 0:
            return b""
        if self._block[0] != number:
            length = min(BLOCK, self.size - number * BLOCK)
            self._line.tell(ASK, WANTED.pack(number * BLOCK, length))
            self._block = (number, self._line.take(length))
        data = self._block[1][inside : inside + (size if size > 0 else BLOCK)]
        self._at += len(data)
        return data


def work(line: Line, upload: Upload) -> None:
    """Everything, from the first look to the last segment. Raises :class:`Refused`."""
    try:
        with _opened(upload) as source:
            plan = examine(source, steps(lambda part: line.done(part * LOOKING)), upload.size)
        upload.seek(0)
        with _opened(upload) as source:
            convert(source, plan, line)
    except MemoryError as error:
        raise Refused("video.heavy") from error
    except (av.FFmpegError, ValueError, OverflowError, ZeroDivisionError) as error:
        raise Refused("video.unreadable") from error


def load_all() -> None:
    """Load what PyAV would only load when it is needed: later no file opens any more."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.startswith("av.__"):
            importlib.import_module(module.name)


def _opened(upload: Upload) -> Any:
    return av.open(upload, options=OPTIONS, buffer_size=BLOCK, io_open=_nothing_else)


def _nothing_else(*_arguments: object) -> None:
    """A file that points at others gets none of them."""
    raise OSError("no other files")


def main() -> None:
    """Entry."""
    line = Line(socket.socket(fileno=sys.stdin.fileno()))
    size, seconds = BEGIN.unpack(line.take(BEGIN.size))
    av.logging.set_level(None)
    load_all()
    sandbox.shut(seconds)
    try:
        work(line, Upload(line, size))
    except Refused as refused:
        line.tell(REFUSED, refused.code.encode())
    else:
        line.tell(DONE)


if __name__ == "__main__":
    main()
