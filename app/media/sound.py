"""Opus of everybody with an open microphone in, one unbroken AAC track out: mixed, and encoded once.

What is lost is bridged, and every microphone follows its sender's clock, so sound stays with the picture for hours.
"""

from __future__ import annotations

import operator
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
BEHIND = int(0.35 * RATE)
"""Samples the mix waits for a microphone that says nothing."""
LIVELY = int(1.0 * RATE)
"""A microphone that was silent on the line for longer is not waited for at all."""
LONGEST = 2 * RATE
"""A hole longer than this is no loss but a new beginning."""

FULL, QUIET = 256, 40
"""Loudness of the floor in a language's sound, of 256: alone, and under an interpreter."""
GAIN_STEP = 24
SPOKEN = 400
"""Loudness, of 32767, from which an interpreter counts as speaking."""
RELEASE = int(1.2 * RATE)
FLOOR = ""
Mixed = dict[str, list[Sample]]
"""Frames by language; :data:`FLOOR` is what is said on stage."""


class Voice:
    """One microphone: decoded, put where it belongs, kept until it is mixed. Times are samples on the program's timeline."""

    def __init__(self) -> None:
        self._decoder = av.CodecContext.create("libopus", "r")
        self._decoder.format, self._decoder.layout, self._decoder.sample_rate = "s16", "stereo", RATE
        self._pcm = bytearray()
        self._start: int | None = None
        self._last = b""
        self.said = 0
        """Up to where the newest packet reached."""
        self.peak = 0
        """Loudness of the newest packet, 0 to 32767; falls slowly."""

    @property
    def end(self) -> int | None:
        """Up to where there is sound; None before the first packet."""
        return None if self._start is None else self._start + len(self._pcm) // BYTES

    def take(self, packet: bytes, at: int) -> None:
        """One Opus packet that belongs at ``at``."""
        try:
            pcm = b"".join(bytes(frame.planes[0])[: frame.samples * BYTES] for frame in self._decoder.decode(av.Packet(packet)))
        except av.FFmpegError:
            return
        self.put(pcm, at)

    def put(self, pcm: bytes, at: int) -> None:
        """Decoded sound that belongs at ``at``."""
        end = self.end
        if end is None:
            self._start = end = at
        drift = at - end
        if drift < -HOLE:
            return
        if drift > LONGEST:
            self._pcm.clear()
            self._start = at
        elif drift > HOLE:
            self._bridge(drift)
        elif drift > SLACK:
            pcm += pcm[-BYTES:]
        elif drift < -SLACK:
            pcm = pcm[:-BYTES]
        self._last = pcm
        self._pcm += pcm
        self.said = at + len(pcm) // BYTES
        loud = max(map(abs, array("h", pcm)[::64]), default=0)
        self.peak = max(loud, self.peak * 15 // 16)

    def _bridge(self, hole: int) -> None:
        """What was lost: the last sound fading, then silence."""
        lacks = hole * BYTES
        for step in range(1, LOST_MOST + 1):
            if self._last and lacks >= len(self._last):
                self._pcm += _quieter(self._last, step)
                lacks -= len(self._last)
        self._pcm += bytes(lacks)

    def read(self, count: int, at: int) -> bytes:
        """``count`` samples from ``at`` on, silence where there are none; what is older is forgotten."""
        if self._start is None:
            return b""
        skip = at - self._start
        if skip > 0:
            del self._pcm[: skip * BYTES]
            self._start = at
        before = min(max(0, -skip), count)
        wanted = (count - before) * BYTES
        got = bytes(self._pcm[:wanted])
        del self._pcm[:wanted]
        if before < count:
            self._start = at + count
        return (bytes(before * BYTES) + got).ljust(count * BYTES, b"\0") if got else b""


class Channel:
    """A language: its interpreters over the floor, which becomes quieter while they speak."""

    def __init__(self, aac: Aac) -> None:
        self.voices: dict[str, Voice] = {}
        self.aac = aac
        self._gain = FULL
        self._speaks_until = 0

    def mix(self, floor: bytes, count: int, at: int) -> list[Sample]:
        """The next ``count`` samples, over those of the floor."""
        spoken = [pcm for voice in self.voices.values() if (pcm := voice.read(count, at))]
        if any(voice.peak > SPOKEN for voice in self.voices.values()) and spoken:
            self._speaks_until = at + RELEASE
        wanted = QUIET if at < self._speaks_until else FULL
        self._gain += max(-GAIN_STEP, min(GAIN_STEP, wanted - self._gain))
        gain = self._gain
        under = floor if gain == FULL else array("h", [value * gain >> 8 for value in array("h", floor)]).tobytes()
        return list(self.aac.feed(sum_of([under, *spoken])))


class Mixer:
    """All open microphones into one AAC track that never stops, and one more for each language."""

    def __init__(self, start: int) -> None:
        self.at = start
        """Up to where the mix is done."""
        self.voices: dict[str, Voice] = {}
        self.channels: dict[str, Channel] = {}
        self._aac = Aac(start)

    def open(self, language: str) -> None:
        """Begin a language, its frames in step with those of the floor."""
        inside = self._aac.fed % FRAME
        aac = Aac(self.at - inside)
        list(aac.feed(bytes(inside * BYTES)))
        self.channels[language] = Channel(aac)

    @property
    def config(self) -> bytes:
        """AudioSpecificConfig of the track."""
        return self._aac.config

    def take(self, who: str, packet: bytes, at: int) -> None:
        """An Opus packet of ``who``."""
        voice = self.voices.get(who)
        if voice is None:
            voice = self.voices[who] = Voice()
        voice.take(packet, at)

    def drop(self, who: str) -> None:
        """Close a microphone."""
        self.voices.pop(who, None)

    def mix(self, now: int) -> Mixed:
        """Mix as far as all who speak have got, or as far as is overdue; gives the AAC frames that are ready."""
        everybody = [*self.voices.values(), *(voice for one in self.channels.values() for voice in one.voices.values())]
        ends = [voice.end or 0 for voice in everybody if voice.said > now - LIVELY]
        until = max(min(ends, default=0), now - BEHIND)
        return self.go(until)

    def go(self, until: int) -> Mixed:
        """Mix up to ``until``, whoever has got there or not."""
        mixed: Mixed = {FLOOR: [], **{language: [] for language in self.channels}}
        while self.at < until:
            count = min(until - self.at, RATE)
            heard = [pcm for voice in self.voices.values() if (pcm := voice.read(count, self.at))]
            floor = sum_of(heard) if heard else bytes(count * BYTES)
            mixed[FLOOR] += self._aac.feed(floor)
            for language, channel in self.channels.items():
                mixed[language] += channel.mix(floor, count, self.at)
            self.at += count
        return mixed


class Aac:
    """The encoder."""

    def __init__(self, start: int) -> None:
        self._to_float = av.AudioResampler(format="fltp", layout="stereo", rate=RATE, frame_size=FRAME)
        self._encoder = av.CodecContext.create("aac", "w")
        self._encoder.format, self._encoder.layout, self._encoder.sample_rate = "fltp", "stereo", RATE
        self._encoder.time_base = Fraction(1, RATE)
        self._encoder.bit_rate = BITRATE
        self._encoder.options = {"aac_coder": "fast"}
        self._encoder.open()
        self.config = bytes(self._encoder.extradata or b"")
        self.fed = 0
        """Samples taken so far."""
        self._out = start - PRIMING

    def feed(self, pcm: bytes) -> Iterator[Sample]:
        """Sound that follows on the last."""
        count = len(pcm) // BYTES
        if not count:
            return
        frame = av.AudioFrame(format="s16", layout="stereo", samples=count)
        frame.planes[0].update(pcm.ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.fed, Fraction(1, RATE)
        self.fed += count
        for converted in self._to_float.resample(frame):
            for packet in self._encoder.encode(converted):
                yield Sample(bytes(packet), self._out, FRAME, key=True)
                self._out += FRAME


def sum_of(heard: list[bytes]) -> bytes:
    """Several sounds of the same length at once."""
    total = heard[0]
    for other in heard[1:]:
        pairs = map(operator.add, array("h", total), array("h", other))
        try:
            total = array("h", pairs).tobytes()
        except OverflowError:
            pairs = map(operator.add, array("h", total), array("h", other))
            total = array("h", (max(-32768, min(32767, value)) for value in pairs)).tobytes()
    return total


def _quieter(pcm: bytes, step: int) -> bytes:
    return array("h", (value >> (2 * step) for value in array("h", pcm))).tobytes()
