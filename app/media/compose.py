"""Several pictures in one: side by side, a small one over a large one, a grid. The one place where a live picture is encoded anew.

One thread and one encoder for each webinar, only while such a layout is on. It makes as many pictures as there is time for: what
is late is left out, so it never falls behind and nothing waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

import av

from app.media.rtc.assembly import Frame
from app.media.transcode import open_encoder

SIZE = (1280, 720)
RATE = 25
KEY_EVERY = 2.0
MOST = 6
MOST_WAITING = 60
"""Frames of one sender that may wait to be decoded; beyond that they are left out up to the next key frame."""
MARGIN = 24
GROUND = (bytes([27]), bytes([128]), bytes([129]))
"""The ground in Y, U and V: nearly black, a little warm."""

Cell = tuple[int, int, int, int]
"""Left, top, width, height."""


def cells(layout: str, count: int) -> list[Cell]:
    """Where ``count`` pictures are, the most important first."""
    width, height = SIZE
    if layout == "corner":
        small = (width // 4, height // 4)
        return [(0, 0, width, height), (width - small[0] - MARGIN, height - small[1] - MARGIN, *small)][:count]
    if layout == "side":
        return [(0, 0, width // 2, height), (width // 2, 0, width // 2, height)][:count]
    if not count:
        return []
    columns = 1 if count < 2 else 2 if count < 5 else 3
    rows = -(-count // columns)
    wide, high = width // columns & ~1, height // rows & ~1
    return [(n % columns * wide, n // columns * high, wide, high) for n in range(count)]


def fitted(cell: Cell, size: tuple[int, int]) -> Cell:
    """The largest place in a cell for a picture of this shape; all numbers even, as colours have half the size."""
    left, top, width, height = cell
    scale = min(width / size[0], height / size[1])
    inner = (int(size[0] * scale) & ~1, int(size[1] * scale) & ~1)
    return (left + (width - inner[0]) // 2 & ~1, top + (height - inner[1]) // 2 & ~1, *inner)


class Source:
    """One sender's picture: encoded frames in from the loop, the newest decoded one out in the thread."""

    def __init__(self, want_key: Callable[[], None]) -> None:
        self._waiting: deque[Frame] = deque()
        self._want_key = want_key
        self._decoder: av.VideoCodecContext | None = None
        self._newest: av.VideoFrame | None = None
        self._scaled: tuple[av.VideoFrame, Cell, av.VideoFrame] | None = None

    def put(self, frame: Frame) -> None:
        """An H.264 access unit."""
        if len(self._waiting) > MOST_WAITING:
            self._waiting.clear()
            self._decoder = None
        if frame.key:
            self._waiting.clear()
        self._waiting.append(frame)

    def look(self) -> None:
        """Decode what came."""
        while self._waiting:
            frame = self._waiting.popleft()
            if frame.key:
                self._decoder = av.CodecContext.create("h264", "r")
                self._decoder.thread_count = 1
            if self._decoder is None:
                self._want_key()
                continue
            try:
                for picture in self._decoder.decode(av.Packet(frame.data)):
                    self._newest = picture
            except av.FFmpegError:
                self._decoder = None

    def fit(self, cell: Cell) -> tuple[Cell, av.VideoFrame] | None:
        """The picture as it fits into a cell, and where in it."""
        newest = self._newest
        if newest is None:
            return None
        if self._scaled is None or self._scaled[0] is not newest or self._scaled[1] != cell:
            place = fitted(cell, (newest.width, newest.height))
            scaled = newest.reformat(width=place[2], height=place[3], format="yuv420p")
            self._scaled = (newest, cell, scaled)
        return fitted(cell, (newest.width, newest.height)), self._scaled[2]


class Composer:
    """One webinar's layout."""

    def __init__(self, sink: Callable[[Frame], None], want_key: Callable[[str], None]) -> None:
        self.dropped = 0
        """Pictures left out because there was no time for them."""
        self._sink = sink
        self._want_key = want_key
        self._loop = asyncio.get_running_loop()
        self._sources: dict[str, Source] = {}
        self._plan: tuple[str, tuple[str, ...]] = ("single", ())
        self._key = True
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="compose", daemon=True)
        self._thread.start()

    def arrange(self, layout: str, order: Sequence[str]) -> None:
        """Who is seen, the most important first."""
        shown = tuple(order)[:MOST]
        for who in shown:
            if who not in self._sources:
                self._sources[who] = Source(partial(self._tell, self._want_key, who))
                self._want_key(who)
        for who in self._sources.keys() - set(shown):
            del self._sources[who]
        self._plan = (layout, shown)

    def put(self, who: str, frame: Frame) -> None:
        """A frame of somebody who is seen; others are passed over."""
        source = self._sources.get(who)
        if source is not None:
            source.put(frame)

    def ask_for_key(self) -> None:
        """Have the next picture be a key frame."""
        self._key = True

    def close(self) -> None:
        """End the thread."""
        self._stop.set()

    def _tell(self, deed: Callable[..., None], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # The loop is closed: the process ends.
            self._loop.call_soon_threadsafe(deed, *args)

    def _run(self) -> None:
        encoder = open_encoder(SIZE)
        begun = due = time.monotonic()
        last_key = -KEY_EVERY
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            now = time.monotonic()
            picture = self._picture()
            picture.pts = round((now - begun) * 90000)
            key = self._key or now - last_key >= KEY_EVERY
            if key:
                self._key, last_key = False, now
            picture.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
            for packet in encoder.encode(picture):
                self._tell(self._sink, Frame(0, bytes(packet), packet.is_keyframe, now))
            due += 1 / RATE
            late = time.monotonic() - due
            if late > 0:
                skipped = int(late * RATE) + 1
                self.dropped += skipped
                due += skipped / RATE

    def _picture(self) -> av.VideoFrame:
        layout, order = self._plan
        canvas = av.VideoFrame(*SIZE, "yuv420p")
        for plane, tone in zip(canvas.planes, GROUND, strict=True):
            plane.update(tone * plane.buffer_size)
        for who, cell in zip(order, cells(layout, len(order)), strict=False):
            source = self._sources.get(who)
            if source is None:
                continue
            source.look()
            if (fit := source.fit(cell)) is not None:
                _paste(canvas, *fit)
        return canvas


def _paste(canvas: av.VideoFrame, cell: Cell, picture: av.VideoFrame) -> None:
    """Copy the rows of a picture to its place."""
    left, top, _, _ = cell
    for number, (into, source) in enumerate(zip(canvas.planes, picture.planes, strict=True)):
        half = number > 0
        x, y = (left >> half), (top >> half)
        target, rows = memoryview(into), memoryview(source)
        width, step, stride = source.width, source.line_size, into.line_size
        for row in range(source.height):
            at = (y + row) * stride + x
            target[at : at + width] = rows[row * step : row * step + width]
