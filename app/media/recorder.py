"""Keeps what the audience sees while recording is on: whole segments from the first key frame after it went on, nothing before."""

from __future__ import annotations

from typing import Protocol

from app.media.packager import Program
from app.media.timeline import place_of
from app.media.track import Segment, Track


class Keeper(Protocol):
    """Where a recording goes."""

    @property
    def seconds(self) -> float:
        """Length so far."""
        ...

    @property
    def size(self) -> int:
        """Bytes so far."""
        ...

    def add(self, track: Track, segment: Segment, start: float) -> None:
        """Keep a segment."""
        ...

    def close(self) -> None:
        """The end."""
        ...


class Recorder:
    """Listens to a program's tracks from now until :meth:`stop`."""

    def __init__(self, program: Program, keeper: Keeper) -> None:
        self.keeper = keeper
        self._program = program
        self._from: dict[str, int] = {}
        for cutter in (program.video, program.audio):
            cutter.track.on_done = self._done
        program.on_fresh = self._fresh
        program.fresh()

    def stop(self) -> None:
        """Keep what has been broadcast up to now, and no more."""
        self._program.on_fresh = None
        for cutter in (self._program.video, self._program.audio):
            track = cutter.track
            track.on_done = None
            cutter.flush()
            if track.segments and not track.segments[-1].done:
                self._done(track, track.segments[-1])
        self.keeper.close()

    def _fresh(self) -> None:
        """The key frame that was asked for is here: both tracks are kept from the segments that begin with it."""
        self._program.on_fresh = None
        self._from = {cutter.track.kind: cutter.track.next_number for cutter in (self._program.video, self._program.audio)}

    def _done(self, track: Track, segment: Segment) -> None:
        if segment.number >= self._from.get(track.kind, segment.number + 1):
            self.keeper.add(track, segment, place_of(segment.at))
