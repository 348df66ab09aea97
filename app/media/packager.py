"""Packs one broadcast: a video and an audio track on one timeline, cut into parts and segments, for crew and audience."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.core.ids import new_id
from app.media import fmp4, h264
from app.media.fmp4 import Sample
from app.media.rtc.assembly import Frame
from app.media.sound import BITRATE, RATE, Sound
from app.media.track import PART, SEGMENT_TARGET, Part, Track

VIDEO_SCALE = 90000
EPOCH = 1_767_225_600
"""Segment numbers count from 2026, at most one a second."""
START = 10.0
"""Seconds the timeline begins at: the AAC encoder's priming would make times before zero."""
SHORTEST = 1.0
"""Seconds a segment lasts at least; key frames that come sooner do not cut."""
LONGEST = SEGMENT_TARGET + 0.2
BEHIND = 0.35
"""Seconds sound may lag behind the clock before silence takes its place."""


@dataclass(slots=True)
class Views:
    """From which segment of each track the audience may see; None: nothing."""

    video: int | None = None
    audio: int | None = None
    wanted: bool = False


@dataclass(slots=True)
class Cutter:
    """The growing part of one track."""

    track: Track
    scale: int
    samples: list[Sample] = field(default_factory=list)
    fragments: int = 0
    init: int = 0

    def length(self) -> float:
        """Seconds in the growing part."""
        return sum(sample.duration for sample in self.samples) / self.scale

    def flush(self) -> None:
        """End the growing part now."""
        if self.samples:
            self.fragments += 1
            data = fmp4.fragment(self.fragments, self.samples)
            self.track.add(Part(data, self.length(), self.samples[0].key))
            self.samples = []


class Program:
    """Everything an audience can fetch of one webinar."""

    def __init__(self) -> None:
        run = new_id()[:8].replace("-", "a").replace("_", "b")
        # Numbers grow over restarts of this process too, so a player that comes back is never ahead of the playlist.
        first = int(time.time()) - EPOCH
        self.video = Cutter(Track("video", run, first), VIDEO_SCALE)
        self.audio = Cutter(Track("audio", run, first), RATE)
        self.audience = Views()
        self.bytes = 0
        self._born = time.monotonic()
        self._born_at = datetime.now(UTC)
        self._sound: Sound | None = None
        self._parameters: h264.Parameters | None = None
        self._held: Sample | None = None
        self._offset: float | None = None
        self._break = False
        self._break_sound = False
        self._has_video = True
        self._jump = False

    def now(self) -> float:
        """Timeline position of this moment, in seconds."""
        return START + time.monotonic() - self._born

    # The source.

    def new_source(self, *, has_video: bool) -> None:
        """Another connection sends from now on: picture and sound go on after a discontinuity."""
        self._offset = None
        self._has_video = has_video
        self._break = bool(self.video.track.segments or self.audio.track.segments)
        if self._sound is not None:
            self._sound.new_decoder()

    def place(self, wall: float) -> float:
        """Timeline seconds for a time on the sender's clock."""
        if self._offset is None:
            # Whatever came first is now; both tracks keep this offset for as long as this source sends.
            self._offset = self.now() - wall
        return wall + self._offset

    def go_live(self) -> None:
        """The audience may see from the next key frame on."""
        self.audience = Views(wanted=True)
        if not self._has_video:
            self._cut_sound(discontinuity=False)

    def go_dark(self) -> None:
        """The audience sees nothing of what was or comes."""
        self.audience = Views()

    def close(self) -> None:
        """Forget all."""
        self.go_dark()
        self.video.track.close()
        self.audio.track.close()

    # Picture.

    def picture(self, frame: Frame, wall: float) -> None:
        """One H.264 access unit."""
        if self._parameters is None and not frame.key:
            return
        at = round(self.place(wall) * VIDEO_SCALE)
        if self._held is not None:
            at = max(at, self._held.time + 90)
        self._close_held(at)
        if frame.key:
            self._key(frame, at)
        elif self._segment_length(self.video) > LONGEST:
            self._open_video(at, discontinuity=False)
        self._held = Sample(h264.sample(frame.data), at, 0, frame.key)

    def _close_held(self, until: int) -> None:
        held = self._held
        if held is None:
            return
        held.duration = until - held.time
        cutter = self.video
        if cutter.samples and cutter.length() + held.duration / VIDEO_SCALE > PART + 0.02:
            cutter.flush()
        cutter.samples.append(held)
        self.bytes += len(held.data)
        if cutter.length() >= PART - 0.02:
            cutter.flush()
        self._held = None

    def _key(self, frame: Frame, at: int) -> None:
        parameters = h264.parameters(frame.data) or self._parameters
        if parameters is None:
            return
        changed = parameters != self._parameters
        first = self._parameters is None
        live = self.audience.wanted
        if changed:
            self._parameters = parameters
            self.video.init += 1
            track = self.video.track
            track.inits[self.video.init] = fmp4.video_init(parameters, VIDEO_SCALE)
            track.codec, track.size = parameters.codec, (parameters.width, parameters.height)
        if changed or live or self._break or self._segment_length(self.video) >= SHORTEST:
            gap = self._break or (changed and not first)
            if gap or live:
                self._jump = self._break
                self._cut_sound(discontinuity=gap)
            self._open_video(at, discontinuity=gap)
        else:
            self.video.flush()

    def _open_video(self, at: int, *, discontinuity: bool) -> None:
        self.video.flush()
        when = self._date(at / VIDEO_SCALE)
        segment = self.video.track.open_segment(self.video.init, when, discontinuity=discontinuity)
        self._break = False
        if self.audience.wanted:
            self.audience = Views(video=segment.number, audio=self.audio.track.next_number)

    def _cut_sound(self, *, discontinuity: bool) -> None:
        self.audio.flush()
        self.audio.track.finish()
        self._break_sound = self._break_sound or (discontinuity and bool(self.audio.track.segments))

    # Sound.

    def sound(self, packet: bytes, wall: float) -> None:
        """One Opus packet."""
        if self._break and self._has_video:
            return  # A new sender's sound begins with their picture, so both tracks break at the same place.
        at = round(self.place(wall) * RATE)
        if self._break:
            self._break, self._jump = False, True
            self._cut_sound(discontinuity=True)
        encoder = self._encoder(at)
        if self._jump:
            self._jump = False
            encoder.jump(at)
        self._mux(encoder.take(packet, at))

    def tick(self) -> None:
        """Called a few times a second: nothing waits for a sender who says nothing."""
        if self._break or (self._parameters is None and self._sound is None):
            return
        behind = round((self.now() - BEHIND) * RATE)
        encoder = self._encoder(behind)
        if self._jump:
            self._jump = False
            encoder.jump(behind)
        if encoder.at < behind:
            self._mux(encoder.fill(behind + round(PART * RATE / 2)))

    def _encoder(self, start: int) -> Sound:
        if self._sound is None:
            self._sound = Sound(start)
            self.audio.init += 1
            self.audio.track.inits[self.audio.init] = fmp4.audio_init(self._sound.config, RATE, 2, BITRATE)
            self.audio.track.codec = "mp4a.40.2"
        return self._sound

    def _mux(self, samples: list[Sample]) -> None:
        cutter = self.audio
        for sample in samples:
            open_ = cutter.track.segments and not cutter.track.segments[-1].done
            if not open_ or self._segment_length(cutter) >= 2.0 - 0.02:
                cutter.flush()
                cutter.track.finish()
                if self.audience.wanted and not self._has_video:
                    self.audience = Views(audio=cutter.track.next_number)
                when = self._date(sample.time / RATE)
                cutter.track.open_segment(cutter.init, when, discontinuity=self._break_sound)
                self._break_sound = False
            cutter.samples.append(sample)
            if cutter.length() >= PART - 0.02:
                cutter.flush()

    def _segment_length(self, cutter: Cutter) -> float:
        segments = cutter.track.segments
        if not segments or segments[-1].done:
            return 0.0
        return segments[-1].duration + cutter.length()

    def _date(self, at: float) -> datetime:
        return self._born_at + timedelta(seconds=at - START)
