"""The growing part of a track: frames are gathered until a part is long enough."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.media import fmp4
from app.media.fmp4 import Sample
from app.media.track import PART, Part, Track


@dataclass(slots=True)
class Cutter:
    """Of one track; ``scale`` ticks are a second."""

    track: Track
    scale: int
    samples: list[Sample] = field(default_factory=list)
    fragments: int = 0
    init: int = 0

    def length(self) -> float:
        """Seconds in the growing part."""
        return sum(sample.duration for sample in self.samples) / self.scale

    def segment_length(self) -> float:
        """Seconds in the growing segment."""
        segments = self.track.segments
        return 0.0 if not segments or segments[-1].done else segments[-1].duration + self.length()

    def put(self, sample: Sample) -> None:
        """A frame whose duration is known; the part ends before it would be too long, and when it is long enough."""
        if self.samples and self.length() + sample.duration / self.scale > PART + 0.02:
            self.flush()
        self.samples.append(sample)
        if self.length() >= PART - 0.02:
            self.flush()

    def flush(self) -> None:
        """End the growing part now."""
        if self.samples:
            self.fragments += 1
            data = fmp4.fragment(self.fragments, self.samples)
            self.track.add(Part(data, self.length(), self.samples[0].key))
            self.samples = []
