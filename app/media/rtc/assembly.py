"""Puts RTP packets in order again and joins them to whole frames, without decoding.

A frame is given out when its last packet (marker bit, RFC 6184 section 5.1) is there and nothing before it is missing. A
frame that ends without the marker was cut short by its sender, which happens before key frames: it is dropped and a key
frame asked for. What is lost for good is skipped up to the next key frame, so a decoder never sees a damaged picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.media.rtc.nack import later

PATIENCE = 0.6
"""Seconds a hole may hold up what follows before it is skipped."""


@dataclass(slots=True)
class Fragment:
    """Payload of one RTP packet, codec headers already removed."""

    seq: int
    timestamp: int
    marker: bool
    data: bytes
    at: float


@dataclass(slots=True)
class Frame:
    """One access unit as its sender encoded it; ``timestamp`` is the 32-bit RTP one."""

    timestamp: int
    data: bytes
    key: bool
    at: float


class FrameAssembler:
    """Fragments of a video stream in, whole frames out."""

    def __init__(self, is_key: Callable[[bytes], bool]) -> None:
        self.wants_key = False
        self.truncated = 0
        self.dropped = 0
        self._is_key = is_key
        self._next: int | None = None
        self._waiting: dict[int, Fragment] = {}
        self._parts: list[Fragment] = []
        self._broken = True

    def add(self, fragment: Fragment) -> list[Frame]:
        """Take one fragment; give the frames that are complete now."""
        if self._next is None:
            self._next = fragment.seq
        if fragment.seq != self._next and not later(fragment.seq, self._next):
            return []
        self._waiting[fragment.seq] = fragment
        frames = self._drain()
        if self._waiting and self._stuck(fragment.at):
            self._skip_hole()
            frames += self._drain()
        return frames

    @property
    def oldest_needed(self) -> int | None:
        """Sequence number before which nothing is of use."""
        return self._next

    def _stuck(self, now: float) -> bool:
        return len(self._waiting) > 512 or now - min(fragment.at for fragment in self._waiting.values()) > PATIENCE

    def _skip_hole(self) -> None:
        start = self._next or 0
        self._next = min(self._waiting, key=lambda seq: (seq - start) & 0xFFFF)
        self._parts.clear()
        self._break()

    def _break(self) -> None:
        self.dropped += 1
        self._broken = self.wants_key = True

    def _drain(self) -> list[Frame]:
        frames = []
        while self._next is not None and (fragment := self._waiting.pop(self._next, None)) is not None:
            self._next = (self._next + 1) & 0xFFFF
            if self._parts and self._parts[-1].timestamp != fragment.timestamp:
                self.truncated += 1
                self._parts.clear()
                self._break()
            if not fragment.data:  # padding that probes the bandwidth
                continue
            self._parts.append(fragment)
            if fragment.marker and (frame := self._finish()) is not None:
                frames.append(frame)
        return frames

    def _finish(self) -> Frame | None:
        data = b"".join(part.data for part in self._parts)
        last = self._parts[-1]
        self._parts.clear()
        key = self._is_key(data)
        if key:
            self._broken = self.wants_key = False
        elif self._broken:
            self.wants_key = True
            return None
        return Frame(last.timestamp, data, key, last.at)


class PacketOrder:
    """Sound: every packet is a frame. Waits ``PATIENCE_SOUND`` packets for one that comes late, then goes on without."""

    PATIENCE_SOUND = 4

    def __init__(self) -> None:
        self.dropped = 0
        self._next: int | None = None
        self._waiting: dict[int, Fragment] = {}

    def add(self, fragment: Fragment) -> list[Frame]:
        """Take one packet; give those that are in order now."""
        if self._next is None:
            self._next = fragment.seq
        if fragment.seq != self._next and not later(fragment.seq, self._next):
            return []
        self._waiting[fragment.seq] = fragment
        frames = self._drain()
        if len(self._waiting) >= self.PATIENCE_SOUND:
            start = self._next
            self._next = min(self._waiting, key=lambda seq: (seq - start) & 0xFFFF)
            self.dropped += (self._next - start) & 0xFFFF
            frames += self._drain()
        return frames

    def _drain(self) -> list[Frame]:
        frames = []
        while self._next is not None and (fragment := self._waiting.pop(self._next, None)) is not None:
            self._next = (self._next + 1) & 0xFFFF
            if fragment.data:
                frames.append(Frame(fragment.timestamp, fragment.data, True, fragment.at))
        return frames
