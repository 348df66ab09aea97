"""From the packets of an uploaded video to the segments of a recording: copied where they fit, encoded where not."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Protocol

import av

from app.media import fmp4, h264
from app.media.examining import Plan, scaled
from app.media.fmp4 import Sample
from app.media.sound import BITRATE, BYTES, HOLE, RATE, Aac

BASE = 10.0
"""Where an uploaded video begins on the timeline of recordings, in seconds since 2026: room before it for what is decoded early."""
VIDEO_SCALE = 90000
SHORTEST = 1.0
SOUND_LENGTH = 2.0
KEYS = 2
"""Seconds between key frames of what is encoded."""
QUIET_STEP = RATE


class Sink(Protocol):
    """Where segments go."""

    def header(self, kind: str, data: bytes) -> None:
        """A track's header, before its first segment."""
        ...

    def segment(self, kind: str, data: bytes, start: float, seconds: float) -> None:
        """A segment; times in seconds since 2026."""
        ...

    def progress(self, part: float) -> None:
        """How much is done, 0 to 1."""
        ...


class Cut:
    """One track, cut into segments."""

    def __init__(self, kind: str, scale: int, sink: Sink) -> None:
        self.kind = kind
        self.scale = scale
        self._sink = sink
        self._samples: list[Sample] = []
        self._held: Sample | None = None
        self._number = 0

    def add(self, sample: Sample) -> None:
        """The next frame. How long the last one was is known by when this one comes."""
        held = self._held
        if held is not None:
            sample.time = max(sample.time, held.time + 1)
            held.duration = sample.time - held.time
            self._samples.append(held)
        least = SHORTEST if self.kind == "video" else SOUND_LENGTH
        if sample.key and self._samples and sample.time - self._samples[0].time >= least * self.scale:
            self._flush()
        self._held = sample

    def end(self, duration: int) -> None:
        """The last frame lasts ``duration`` ticks."""
        if self._held is not None:
            self._held.duration = duration
            self._samples.append(self._held)
            self._held = None
        if self._samples:
            self._flush()

    def _flush(self) -> None:
        self._number += 1
        first, last = self._samples[0], self._samples[-1]
        start, seconds = first.time / self.scale, (last.time + last.duration - first.time) / self.scale
        self._sink.segment(self.kind, fmp4.fragment(self._number, self._samples), start, seconds)
        self._samples = []


def decoded(packet: Any) -> list[Any]:
    """Frames of a packet; none of a damaged one."""
    try:
        return list(packet.decode())
    except av.InvalidDataError:
        return []


class CopiedVideo:
    """H.264 as it is."""

    def __init__(self, stream: Any, plan: Plan, sink: Sink) -> None:
        self._filter = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        self._plan = plan
        self._sink = sink
        self._cut = Cut("video", VIDEO_SCALE, sink)
        self._begun = False
        self._length = VIDEO_SCALE // 30

    def take(self, packet: Any) -> None:
        """A packet of the file."""
        # The filter takes the packet over, and leaves an empty one.
        base, key = packet.time_base, bool(packet.is_keyframe)
        for part in self._filter.filter(packet):
            data = bytes(part)
            if not self._begun:
                found = h264.parameters(data)
                if found is None:
                    return
                self._begun = True
                self._sink.header("video", fmp4.video_init(found, VIDEO_SCALE))
            at = round((float((part.dts or 0) * base) - self._plan.zero + BASE) * VIDEO_SCALE)
            self._length = round(float((part.duration or 0) * base) * VIDEO_SCALE) or self._length
            offset = round(float(((part.pts or 0) - (part.dts or 0)) * base) * VIDEO_SCALE)
            self._cut.add(Sample(h264.sample(data), at, 0, key, offset))

    def end(self) -> None:
        """No more."""
        self._cut.end(self._length)


class EncodedVideo:
    """Any other picture: decoded, upright, at an even pace, H.264."""

    def __init__(self, stream: Any, plan: Plan, sink: Sink) -> None:
        coded = stream.codec_context
        coded.thread_count = 1
        self._plan = plan
        self._sink = sink
        self._coded = coded
        self._size = scaled(coded.width, coded.height, coded.sample_aspect_ratio or None, plan.rotation)
        self._base = stream.time_base
        self._graph: Any = None
        self._encoder = _encoder(self._size, plan.rate)
        self._cut = Cut("video", VIDEO_SCALE, sink)
        self._begun = False
        self._shape: tuple[int, int, str] | None = None

    def take(self, packet: Any) -> None:
        """A packet of the file; a damaged one is left out."""
        for frame in decoded(packet):
            self._frame(frame)

    def end(self) -> None:
        """No more."""
        for frame in self._coded.decode(None):
            self._frame(frame)
        if self._graph is not None:
            self._graph.vpush(None)
            self._pull()
        self._put(self._encoder.encode(None))
        self._cut.end(VIDEO_SCALE // self._plan.rate)

    def _frame(self, frame: Any) -> None:
        if frame.pts is None:
            return
        shape = (frame.width, frame.height, frame.format.name)
        if self._graph is None or shape != self._shape:
            # A picture that changes its size in the middle is scaled to the first one's.
            self._graph, self._shape = self._built(frame), shape
        frame.pts = max(0, round((float(frame.pts * self._base) - self._plan.zero) / self._base))
        frame.time_base = self._base
        self._graph.vpush(frame)
        self._pull()

    def _pull(self) -> None:
        while True:
            try:
                picture = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            # What kind of picture it was in the file is of no interest here.
            picture.pict_type = av.video.frame.PictureType.NONE
            self._put(self._encoder.encode(picture))

    def _built(self, frame: Any) -> Any:
        graph = av.filter.Graph()
        graph.threads = 1
        width, height = self._size
        steps = {90: ["transpose=cclock"], 180: ["hflip", "vflip"], 270: ["transpose=clock"]}.get(self._plan.rotation, [])
        steps += [f"scale={width}:{height}", "setsar=1", f"fps={self._plan.rate}:start_time=0", "format=yuv420p"]
        nodes = [graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=self._base)]
        nodes += [graph.add(name, arguments or None) for name, _, arguments in (step.partition("=") for step in steps)]
        graph.link_nodes(*nodes, graph.add("buffersink")).configure()
        return graph

    def _put(self, packets: list[Any]) -> None:
        for packet in packets:
            data = bytes(packet)
            if not self._begun:
                found = h264.parameters(data)
                if found is None:
                    return
                self._begun = True
                self._sink.header("video", fmp4.video_init(found, VIDEO_SCALE))
            at = round((float(packet.pts * packet.time_base) + BASE) * VIDEO_SCALE)
            self._cut.add(Sample(h264.sample(data), at, 0, bool(packet.is_keyframe)))


class CopiedSound:
    """AAC as it is."""

    def __init__(self, stream: Any, plan: Plan, sink: Sink) -> None:
        coded = stream.codec_context
        self._plan = plan
        self._cut = Cut("audio", coded.sample_rate, sink)
        sink.header("audio", fmp4.audio_init(bytes(coded.extradata), coded.sample_rate, coded.channels, BITRATE))

    def take(self, packet: Any) -> None:
        """A packet of the file."""
        at = float((packet.pts if packet.pts is not None else packet.dts) * packet.time_base) - self._plan.zero
        if -0.05 <= at <= self._plan.seconds:
            self._cut.add(Sample(bytes(packet), round((at + BASE) * self._cut.scale), 0, key=True))

    def end(self) -> None:
        """No more."""
        self._cut.end(1024)


class EncodedSound:
    """Any other sound, or none: AAC without a gap, silence where there is nothing, as long as the picture."""

    def __init__(self, stream: Any, plan: Plan, sink: Sink) -> None:
        self._plan = plan
        self._coded = stream.codec_context if stream is not None else None
        self._base = stream.time_base if stream is not None else None
        if self._coded is not None:
            self._coded.thread_count = 1
        self._resampler = av.AudioResampler(format="s16", layout="stereo", rate=RATE)
        self._aac = Aac(round(BASE * RATE))
        self._cut = Cut("audio", RATE, sink)
        sink.header("audio", fmp4.audio_init(self._aac.config, RATE, 2, BITRATE))

    def take(self, packet: Any) -> None:
        """A packet of the file; a damaged one is left out."""
        for frame in decoded(packet):
            self._frame(frame)

    def end(self) -> None:
        """No more."""
        if self._coded is not None:
            for frame in self._coded.decode(None):
                self._frame(frame)
        self._quiet(round(self._plan.seconds * RATE))
        self._cut.end(1024)

    def _frame(self, frame: Any) -> None:
        if frame.pts is None:
            return
        at = round((float(frame.pts * self._base) - self._plan.zero) * RATE)
        frame.pts = None
        for converted in self._resampler.resample(frame):
            pcm = bytes(converted.planes[0])[: converted.samples * BYTES]
            if at - self._aac.fed > HOLE:
                self._quiet(at)
            elif at + HOLE < self._aac.fed:
                pcm = pcm[(self._aac.fed - at) * BYTES :]
            self._feed(pcm)
            at += converted.samples

    def _quiet(self, until: int) -> None:
        while self._aac.fed < until:
            self._feed(bytes(min(until - self._aac.fed, QUIET_STEP) * BYTES))

    def _feed(self, pcm: bytes) -> None:
        for sample in self._aac.feed(pcm):
            self._cut.add(sample)


def convert(source: Any, plan: Plan, sink: Sink) -> None:
    """All of it, from the first packet to the last."""
    video = source.streams[plan.video]
    audio = source.streams[plan.audio] if plan.audio is not None else None
    picture = (CopiedVideo if plan.copy_video else EncodedVideo)(video, plan, sink)
    sound = (CopiedSound if plan.copy_audio else EncodedSound)(audio, plan, sink)
    told = steps(sink.progress)
    for packet in source.demux([one for one in (video, audio) if one is not None]):
        if not packet.size:
            continue
        if packet.stream_index == plan.video:
            at = packet.pts
            picture.take(packet)
            if at is not None:
                told((float(at * video.time_base) - plan.zero) / plan.seconds)
        else:
            sound.take(packet)
    picture.end()
    sound.end()


def steps(told: Callable[[float], None]) -> Callable[[float], None]:
    """Tell each hundredth once."""
    last = [-1]

    def tell(part: float) -> None:
        if int(part * 100) > last[0]:
            last[0] = int(part * 100)
            told(min(1.0, part))

    return tell


def _encoder(size: tuple[int, int], rate: int) -> Any:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.time_base, encoder.framerate = "yuv420p", Fraction(1, rate), Fraction(rate)
    encoder.thread_count = 1
    keys = str(rate * KEYS)
    encoder.options = {
        "preset": "veryfast",
        "crf": "23",
        "maxrate": "2500k",
        "bufsize": "5000k",
        "bf": "0",
        "g": keys,
        "keyint_min": keys,
        "sc_threshold": "0",
        "forced-idr": "1",
    }
    return encoder
