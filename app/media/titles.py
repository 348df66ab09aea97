"""Captions of a live program as tracks of the stream: WebVTT segments that begin and end with those of the picture."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from app.media import subtitles
from app.media.back import Back
from app.media.subtitles import Cue
from app.media.track import Part, Track

SHOWN = 5.0
"""Seconds a line is shown. Always as many: a line that reaches into the next segment has to be the same there."""


class Titles:
    """All languages of one program."""

    def __init__(self, run: str) -> None:
        self.tracks: dict[str, Track] = {}
        """By code; those of which something can be fetched or soon can."""
        self.back: Back | None = None
        self._run = run
        self._zero: float | None = None
        self._begun = 0.0
        self._lines: dict[str, deque[Cue]] = {}

    def say(self, lang: str, text: str, at: float) -> None:
        """A line. One that comes late begins with the segment that grows now: the one before is out already."""
        lines = self._lines.setdefault(lang, deque())
        if at + SHOWN > self._begun:
            start = max(at, self._begun)
            lines.append(Cue(start, start + SHOWN, text))

    def turn(self, picture: Track, at: float, when: datetime) -> None:
        """The picture's newest segment begins here."""
        newest = picture.segments[-1]
        self._zero = at if self._zero is None else self._zero
        for lang, lines in self._lines.items():
            track = self.tracks.get(lang)
            if track is None:
                kind = f"captions_{lang.lower().replace('-', '_')}"
                track = self.tracks[lang] = Track(kind, self._run, newest.number, picture.breaks - newest.discontinuity)
                track.text = True
            self._end(track, lines, at)
            track.back = self.back
            track.next_number = newest.number
            track.open_segment(0, when, discontinuity=newest.discontinuity)
        self._begun = at

    def _end(self, track: Track, lines: deque[Cue], at: float) -> None:
        if not track.segments:
            return
        zero = self._zero or 0.0
        while lines and lines[0].end <= self._begun:
            lines.popleft()
        said = [Cue(one.start - zero, one.end - zero, one.text) for one in lines if one.start < at]
        track.add(Part(subtitles.write(said, zero).encode(), at - self._begun, True))

    def close(self) -> None:
        """Forget all."""
        self._lines.clear()
        for track in self.tracks.values():
            track.close()
