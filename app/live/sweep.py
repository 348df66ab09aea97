"""The same frame to thousands of sockets.

What the kernel takes at once is written straight to the socket; what it does not take goes through the transport, which waits for the
socket and keeps the order. A socket whose transport still holds bytes, one over TLS, and one that is behind get everything through
the transport. The loop over the sockets is compiled where ``bin/native`` could build it, and Python where not: the same bytes.
"""

from __future__ import annotations

import ctypes
import os
from array import array
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from app.live.connection import Connection
from app.live.wire import LiveProtocol

LIBRARY = Path(__file__).with_name("native") / "sweep.so"

Rest = list[tuple[int, int]]
"""Of sockets that did not take all: their place, and how many bytes they took (-1: broken)."""
Write = Callable[[Sequence[int], bytes], Rest]


def write_in_python(fds: Sequence[int], frame: bytes) -> Rest:
    """One ``write(2)`` for each."""
    rest: Rest = []
    size, write = len(frame), os.write
    for place, fd in enumerate(fds):
        try:
            took = write(fd, frame)
        except BlockingIOError:
            took = 0
        except OSError:
            took = -1
        if took != size:
            rest.append((place, took))
    return rest


def compiled() -> Write | None:
    """The loop of ``sweep.c``; None where it was not built."""
    try:
        library = ctypes.CDLL(str(LIBRARY))
    except OSError:
        return None
    sweep_them = library.lectern_sweep
    sweep_them.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]
    sweep_them.restype = ctypes.c_int

    def write(fds: Sequence[int], frame: bytes) -> Rest:
        sockets = array("i", fds)
        rest = array("i", bytes(8 * len(sockets)))
        left = sweep_them(sockets.buffer_info()[0], len(sockets), frame, len(frame), rest.buffer_info()[0])
        return [(rest[2 * at], rest[2 * at + 1]) for at in range(left)]

    return write


class Sweep:
    """Writes frames to many; ``write`` is chosen once."""

    def __init__(self, write: Write | None = None) -> None:
        self._write = write or compiled() or write_in_python

    def __call__(self, sockets: Collection[Connection], frame: bytes, payload: bytes) -> None:
        """The same frame to all; only who is behind or on the way out needs a second look."""
        fds: list[int] = []
        doors: list[LiveProtocol] = []
        behind: list[Connection] = []
        for connection in sockets:
            door = connection.door
            if door is None or door.blocked or connection.closing:
                behind.append(connection)
            elif door.fd < 0 or door.buffered():
                door.write(frame)
            else:
                fds.append(door.fd)
                doors.append(door)
        if fds:
            for place, took in self._write(fds, frame):
                # A broken socket is the transport's to notice, by the same write.
                doors[place].write(frame[took:] if took > 0 else frame)
        for connection in behind:
            connection.write_frame(frame, payload)
