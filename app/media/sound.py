"""Opus in, one unbroken AAC track out: fills what is lost, and follows the sender's clock so sound stays with the picture."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from fractions import Fraction

import av

from app.media.fmp4 import Sample

RATE = 48000
CHANNELS = 2
BITRATE = 96000
FRAME = 1024
"""Samples in one AAC frame."""
PRIMING = 1024
"""Samples the encoder puts before the first one."""
SLACK = int(0.005 * RATE)
HOLE = int(0.06 * RATE)
BYTES = 2 * CHANNELS
LOST_MOST = 3
"""Opus packets of 20 ms replaced by fading repeats; after that comes silence."""


class Sound:
    """The encoder of one broadcast's sound. Times are samples since the start of its timeline."""

    def __init__(self, start: int) -> None:
        self.config = b""
        self._decoder = av.CodecContext.create("libopus", "r")
        self._decoder.format, self._decoder.layout, self._decoder.sample_rate = "s16", "stereo", RATE
        self._to_float = av.AudioResampler(format="fltp", layout="stereo", rate=RATE, frame_size=FRAME)
        self._encoder = av.CodecContext.create("aac", "w")
        self._encoder.format, self._encoder.layout, self._encoder.sample_rate = "fltp", "stereo", RATE
        self._encoder.time_base = Fraction(1, RATE)
        self._encoder.bit_rate = BITRATE
        self._encoder.options = {"aac_coder": "fast"}
        self._encoder.open()
        self.config = bytes(self._encoder.extradata or b"")
        self._at = start
        self._fed = 0
        self._out = start - PRIMING
        self._last = b""

    @property
    def at(self) -> int:
        """Timeline position up to which sound was taken."""
        return self._at

    def new_decoder(self) -> None:
        """Another sender: forget what the last one said."""
        self._decoder = av.CodecContext.create("libopus", "r")
        self._decoder.format, self._decoder.layout, self._decoder.sample_rate = "s16", "stereo", RATE
        self._last = b""

    def jump(self, at: int) -> None:
        """Leave a gap up to ``at``: a new sender begins there, after a discontinuity."""
        if at > self._at:
            self._out += at - self._at
            self._at = at
        self._last = b""

    def take(self, packet: bytes, at: int) -> list[Sample]:
        """One Opus packet that belongs at ``at``; gives the AAC frames that are ready."""
        try:
            pcm = b"".join(bytes(frame.planes[0])[: frame.samples * BYTES] for frame in self._decoder.decode(av.Packet(packet)))
        except av.FFmpegError:
            return []
        drift = at - self._at
        if drift < -HOLE:
            return []
        if drift > HOLE:
            samples = self.fill(at)
        else:
            samples = []
            if drift > SLACK:
                pcm += pcm[-BYTES:]
            elif drift < -SLACK:
                pcm = pcm[:-BYTES]
        self._last = pcm
        return samples + list(self._feed(pcm))

    def fill(self, until: int) -> list[Sample]:
        """Go on to ``until`` without a sender: the last sound fading, then silence."""
        samples: list[Sample] = []
        for step in range(1, LOST_MOST + 1):
            if self._last and until - self._at >= len(self._last) // BYTES:
                samples += self._feed(_quieter(self._last, step))
        self._last = b""
        while (lack := until - self._at) > 0:
            samples += self._feed(bytes(min(lack, RATE) * BYTES))
        return samples

    def _feed(self, pcm: bytes) -> Iterator[Sample]:
        count = len(pcm) // BYTES
        if not count:
            return
        frame = av.AudioFrame(format="s16", layout="stereo", samples=count)
        frame.planes[0].update(pcm.ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._fed, Fraction(1, RATE)
        self._at += count
        self._fed += count
        for converted in self._to_float.resample(frame):
            for packet in self._encoder.encode(converted):
                yield Sample(bytes(packet), self._out, FRAME, key=True)
                self._out += FRAME


def _quieter(pcm: bytes, step: int) -> bytes:
    return array("h", (value >> (2 * step) for value in array("h", pcm))).tobytes()
