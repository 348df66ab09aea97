"""The sliding window of one track in memory: segments, their parts, and whoever waits for the next one. Never on disk."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

WINDOW = 30.0
"""Seconds of finished segments that stay reachable."""
PART = 0.3
PART_TARGET = 0.35
SEGMENT_TARGET = 3
"""EXT-X-TARGETDURATION: key frames are asked for every two seconds and come a little late sometimes."""


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

    @property
    def duration(self) -> float:
        """Seconds."""
        return sum(part.duration for part in self.parts)

    @property
    def data(self) -> bytes:
        """The whole segment."""
        return b"".join(part.data for part in self.parts)


class Track:
    """Segments of one track, the newest perhaps still growing."""

    def __init__(self, kind: str, run: str, first: int) -> None:
        self.kind = kind
        self.run = run
        self.next_number = first
        self.segments: deque[Segment] = deque()
        self.inits: dict[int, bytes] = {}
        self.codec = ""
        self.size: tuple[int, int] | None = None
        self.breaks_before = 0
        """EXT-X-DISCONTINUITY-SEQUENCE of the first segment kept. Small: hls.js keeps arrays that are as long as this number."""
        self.closed = False
        self._changed = asyncio.Event()

    def open_segment(self, init: int, at: datetime, *, discontinuity: bool) -> Segment:
        """Finish the growing segment and begin the next."""
        self.finish()
        segment = Segment(self.next_number, init, at, discontinuity)
        self.next_number += 1
        self.segments.append(segment)
        self._trim()
        return segment

    def finish(self) -> None:
        """The growing segment is complete."""
        if self.segments and not self.segments[-1].done:
            if self.segments[-1].parts:
                self.segments[-1].done = True
            else:
                self.segments.pop()
                self.next_number -= 1
            self._wake()

    def add(self, part: Part) -> None:
        """A part of the growing segment is ready."""
        self.segments[-1].parts.append(part)
        self._wake()

    def _trim(self) -> None:
        kept = sum(segment.duration for segment in self.segments)
        while len(self.segments) > 6 and kept - self.segments[0].duration > WINDOW:
            old = self.segments.popleft()
            kept -= old.duration
            self.breaks_before += old.discontinuity
        needed = {segment.init for segment in self.segments}
        for number in [number for number in self.inits if number < min(needed, default=0)]:
            del self.inits[number]

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
        self._changed.set()
        self._changed = asyncio.Event()
