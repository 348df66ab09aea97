"""The sliding window of one track: segments, their parts, and whoever waits for the next one.

The newest half minute is in memory. What lies further back is there only where late joiners may go back; see
:mod:`app.media.back`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from app.core.ids import new_id
from app.media.back import Back, Kept

WINDOW = 30.0
"""Seconds of finished segments that stay in memory."""
PART = 0.3
PART_TARGET = 0.35
SEGMENT_TARGET = 3
"""EXT-X-TARGETDURATION: key frames are asked for every two seconds and come a little late sometimes."""


def new_run() -> str:
    """A name for the tracks of one run, so that no cache answers with another run's bytes."""
    return new_id()[:8].replace("-", "a").replace("_", "b")


@dataclass(slots=True)
class Part:
    """A piece of a segment, playable as soon as it is listed."""

    data: bytes
    duration: float
    independent: bool


@dataclass(slots=True)
class Segment:
    """Parts from one key frame to the next; ``init`` numbers the header it needs."""

    number: int
    init: int
    at: datetime
    discontinuity: bool
    parts: list[Part] = field(default_factory=list)
    done: bool = False
    duration: float = field(init=False, default=0.0)
    """Seconds. Counted once, because a list of hours is looked through again and again."""
    kept: Kept | None = None
    """Where its bytes are once they are not in memory any more."""
    lines: list[str] | None = None
    """Its lines in a playlist, when they change no more."""

    def __post_init__(self) -> None:
        """With parts from the beginning."""
        self.duration = sum(part.duration for part in self.parts)

    @property
    def data(self) -> bytes:
        """The whole segment, from memory."""
        return b"".join(part.data for part in self.parts)


class Track:
    """Segments of one track, the newest perhaps still growing."""

    def __init__(self, kind: str, run: str, first: int, breaks: int = 0) -> None:
        self.kind = kind
        self.run = run
        self.next_number = first
        self.segments: deque[Segment] = deque()
        self.inits: dict[int, bytes] = {}
        self.codec = ""
        self.text = False
        """Captions: whole segments of WebVTT, without headers and parts."""
        self.size: tuple[int, int] | None = None
        self.breaks_before = breaks
        """EXT-X-DISCONTINUITY-SEQUENCE of the first segment kept. Small: hls.js keeps arrays that are as long as this number."""
        self.breaks = breaks
        """Number of the newest discontinuity."""
        self.version = 0
        """Grows with every change of what is listed."""
        self.back: Back | None = None
        """Where older segments go; None: nowhere."""
        self.closed = False
        self.on_done: Callable[[Track, Segment], None] | None = None
        """Hears of each segment that is complete."""
        self._changed = asyncio.Event()

    def open_segment(self, init: int, at: datetime, *, discontinuity: bool) -> Segment:
        """Finish the growing segment and begin the next."""
        self.finish()
        segment = Segment(self.next_number, init, at, discontinuity)
        self.next_number += 1
        self.segments.append(segment)
        self.breaks += discontinuity
        self._trim()
        return segment

    def finish(self) -> None:
        """The growing segment is complete."""
        if self.segments and not self.segments[-1].done:
            if self.segments[-1].parts:
                self.segments[-1].done = True
                if self.on_done is not None:
                    self.on_done(self, self.segments[-1])
            else:
                self.breaks -= self.segments.pop().discontinuity
                self.next_number -= 1
            self._wake()

    def add(self, part: Part) -> None:
        """A part of the growing segment is ready."""
        self.segments[-1].parts.append(part)
        self.segments[-1].duration += part.duration
        self._wake()

    def _trim(self) -> None:
        if self.back is not None:
            self._put_back(self.back)
        kept = sum(segment.duration for segment in self.segments)
        window = WINDOW if self.back is None else max(WINDOW, self.back.seconds)
        while len(self.segments) > 6 and (kept - self.segments[0].duration > window or self._lost(self.segments[0])):
            old = self.segments.popleft()
            if old.kept is not None:
                old.kept.drop()
            kept -= old.duration
            self.breaks_before += old.discontinuity
        needed = {segment.init for segment in self.segments}
        for number in [number for number in self.inits if number < min(needed, default=0)]:
            del self.inits[number]

    def _put_back(self, back: Back) -> None:
        """Hand what left the memory's window on, so that memory holds no more than that window."""
        behind = 0.0
        for segment in reversed(self.segments):
            behind += segment.duration
            if segment.kept is not None:
                return
            if behind - segment.duration > WINDOW and segment.done:
                segment.kept = back.put(segment.data)
                segment.parts = []

    def _lost(self, oldest: Segment) -> bool:
        """There was no room for it any more."""
        return oldest.kept is not None and oldest.kept.lost

    def find(self, number: int) -> Segment | None:
        """The segment with this number, if it is still kept."""
        if not self.segments:
            return None
        index = number - self.segments[0].number
        return self.segments[index] if 0 <= index < len(self.segments) else None

    def has(self, number: int, part: int | None) -> bool:
        """True when the segment (or its part) is listed; a finished segment covers parts beyond its end."""
        if not self.segments or number < self.segments[0].number:
            return True
        segment = self.find(number)
        if segment is None:
            return False
        return segment.done or (part is not None and part < len(segment.parts))

    async def wait_for(self, number: int, part: int | None, within: float) -> bool:
        """Wait until :meth:`has` is true or the track is closed."""
        try:
            async with asyncio.timeout(within):
                while not self.has(number, part) and not self.closed:
                    await self._changed.wait()
        except TimeoutError:
            return False
        return not self.closed

    def close(self) -> None:
        """Drop everything; who waits is told."""
        self.closed = True
        self.segments.clear()
        self.inits.clear()
        self._wake()

    def _wake(self) -> None:
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()
