"""The same frame to thousands of sockets.

What the kernel takes at once is written straight to the socket; what it does not take goes through the transport, which waits for the
socket and keeps the order. A socket whose transport still holds bytes, one over TLS, and one that is behind get everything through
the transport. The loop over the sockets is compiled where ``bin/native`` could build it, and Python where not: the same bytes.

To look at each socket before each frame costs a tenth of writing it, because thousands of objects fit in no cache. So the numbers of
those that can simply be written to stand in one array, of those over TLS the ways into their transports in another list, and each door
says when that is over (:meth:`Roll.unsettle`).
"""

from __future__ import annotations

import ctypes
import os
from array import array
from collections.abc import Callable, Collection
from pathlib import Path

from app.live.connection import Connection

LIBRARY = Path(__file__).with_name("native") / "sweep.so"

Rest = list[tuple[int, int]]
"""Of sockets that did not take all: their place, and how many bytes they took (-1: broken)."""
Write = Callable[["array[int]", bytes], Rest]
"""To all these sockets; -1 stands for none."""
NOBODY: Collection[Connection] = ()


def write_in_python(fds: array[int], frame: bytes) -> Rest:
    """One ``write(2)`` for each."""
    rest: Rest = []
    size, write = len(frame), os.write
    for place, fd in enumerate(fds):
        if fd < 0:
            continue
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

    def write(fds: array[int], frame: bytes) -> Rest:
        rest = array("i", bytes(8 * len(fds)))
        left = sweep_them(fds.buffer_info()[0], len(fds), frame, len(frame), rest.buffer_info()[0])
        return [(rest[2 * at], rest[2 * at + 1]) for at in range(left)]

    return write


def fastest() -> Write:
    """Compiled where it was built."""
    return compiled() or write_in_python


class Roll:
    """Sockets that get the same, and which of them can simply be written to."""

    def __init__(self, write: Write | None = None) -> None:
        self._write = write or fastest()
        self._places: dict[Connection, int] = {}
        self._at: list[Connection] = []
        self._fds = array("i")
        """For each place the socket's number; -1 while its door must be asked first."""
        self._pours: dict[Connection, Callable[[bytes], None]] = {}
        """How to write to those who can simply be written to, but not past their transport."""
        self._unsettled: dict[Connection, None] = {}

    @property
    def connections(self) -> Collection[Connection]:
        """Who is on it, oldest first."""
        return self._places.keys()

    def add(self, connection: Connection) -> None:
        """From now on they get what all get."""
        place = self._places[connection] = len(self._at)
        self._at.append(connection)
        self._fds.append(-1)
        self._unsettled[connection] = None
        if connection.door is not None:
            connection.door.roll, connection.door.place = self, place

    def discard(self, connection: Connection) -> None:
        """They get no more; the last one takes their place."""
        place = self._places.pop(connection, None)
        if place is None:
            return
        if connection.door is not None:
            connection.door.roll = None
        self._unsettled.pop(connection, None)
        self._pours.pop(connection, None)
        last, fd = self._at.pop(), self._fds.pop()
        if last is not connection:
            self._places[last], self._at[place], self._fds[place] = place, last, fd
            if last.door is not None:
                last.door.place = place

    def unsettle(self, place: int) -> None:
        """Whoever sits there must be asked before the next frame: something waits to be written, or it is on its way out."""
        if self._fds[place] >= 0:
            self._fds[place] = -1
            self._unsettled[self._at[place]] = None
        elif self._pours.pop(self._at[place], None) is not None:
            self._unsettled[self._at[place]] = None

    def tell(self, frame: bytes, payload: bytes, without: Collection[Connection] = NOBODY) -> None:
        """The same frame to all but those ``without``."""
        for connection in without:
            self.unsettle(self._places[connection])
        self._tell_unsettled(frame, payload, without)
        # A copy: who cannot take it all is unsettled by that very write.
        for pour in list(self._pours.values()):
            pour(frame)
        for place, took in self._write(self._fds, frame):
            door = self._at[place].door
            if door is not None:
                # A broken socket is the transport's to notice, by the same write.
                door.write(frame[took:] if took > 0 else frame)

    def _tell_unsettled(self, frame: bytes, payload: bytes, without: Collection[Connection]) -> None:
        """Write to those who had to be asked, or find that from now on they need not be."""
        settled: list[Connection] = []
        for connection in self._unsettled:
            if connection in without:
                continue
            door = connection.door
            if door is None or door.blocked or connection.closing:
                connection.write_frame(frame, payload)
            elif door.fd < 0:
                self._pours[connection] = door.pour
                settled.append(connection)
            elif door.buffered():
                door.pour(frame)
            else:
                self._fds[self._places[connection]] = door.fd
                settled.append(connection)
        for connection in settled:
            del self._unsettled[connection]
