"""Feeds a program from a sealed video, at its own pace: the picture as it is, the sound decoded, so that open microphones mix with it.

Where it is follows from the clock alone. A media process that begins in the middle goes on where the others are.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections import deque
from dataclasses import dataclass
from typing import Any

import av

from app.media import h264
from app.media.directory import Playing
from app.media.packager import Feed, Program
from app.media.sound import BYTES, RATE
from app.media.tape import Piece, Tape

log = logging.getLogger("lectern.media")

STEP = 0.04
AHEAD = 0.06
"""Seconds that sound is given before its time: the mix waits for whoever speaks."""
LOADED = 1.5
"""Seconds that are open before they are needed."""
PATIENCE = 0.3
"""Seconds a segment may be late and still be shown from its beginning."""


@dataclass(slots=True)
class Moment:
    """A frame or a bit of sound, and its place on the timeline."""

    at: float
    data: bytes
    key: bool = True
    offset: float = 0.0


class Player:
    """One video on its way into a program."""

    def __init__(self, program: Program, tape: Tape, playing: Playing) -> None:
        self.feed: Feed = program.feed("video")
        self.playing = playing
        self._program = program
        self._tape = tape
        self._video = deque(tape.segments("video", playing.start, playing.end))
        self._audio = deque(tape.segments("audio", playing.start, playing.end))
        first = self._video[0].start if self._video else 0.0
        self._shift = playing.at - first
        last = self._video[-1] if self._video else None
        self.until = last.start + last.seconds + self._shift if last is not None else playing.at
        """Where its last frame ends, on the timeline."""
        self._sound = Sound()
        self._reorder: float | None = None
        """Seconds from the first frame's decoding to its showing, in files whose pictures are stored in another order."""
        self._task = asyncio.create_task(self._run())

    @property
    def shows(self) -> bool:
        """True from its first moment to its last."""
        return self.playing.at - AHEAD <= self._program.now() < self.until

    async def stop(self) -> None:
        """No more of it. Its last picture stays until another can be seen."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._program.hush(self.feed)

    async def _run(self) -> None:
        try:
            await self._play()
        except (OSError, ValueError, av.FFmpegError):
            log.exception("a video could not be played to its end")

    async def _play(self) -> None:
        now = self._program.now()
        for pieces in (self._video, self._audio):
            while pieces and pieces[0].start + self._shift < now - PATIENCE:
                pieces.popleft()
        pictures: deque[Moment] = deque()
        sounds: deque[Moment] = deque()
        while self._video or self._audio or pictures or sounds:
            now = self._program.now()
            if self._video and (not pictures or pictures[-1].at < now + LOADED):
                pictures += await asyncio.to_thread(self._pictures, self._video.popleft())
            if self._audio and (not sounds or sounds[-1].at < now + LOADED):
                sounds += await asyncio.to_thread(self._sounds, self._audio.popleft())
            while pictures and pictures[0].at <= now:
                one = pictures.popleft()
                self._program.play(self.feed, one.data, one.at, key=one.key, offset=one.offset)
            while sounds and sounds[0].at <= now + AHEAD:
                one = sounds.popleft()
                self._program.pcm(self.feed, one.data, one.at)
            await asyncio.sleep(STEP)

    def _pictures(self, piece: Piece) -> list[Moment]:
        """Frames of a segment. Blocks."""
        found = []
        with self._opened(piece) as source:
            for packet in source.demux():
                if packet.size and packet.dts is not None:
                    at, shown = float(packet.dts * packet.time_base), float(packet.pts * packet.time_base)
                    # Decoded that much later, the first frame is shown where the picture before it ends, without a hole.
                    self._reorder = shown - at if self._reorder is None else self._reorder
                    at += self._reorder
                    found.append(Moment(at + self._shift, h264.annex_b(bytes(packet)), bool(packet.is_keyframe), shown - at))
        return found

    def _sounds(self, piece: Piece) -> list[Moment]:
        """Sound of a segment, decoded. Blocks."""
        with self._opened(piece) as source:
            return [Moment(at + self._shift, pcm) for at, pcm in self._sound.of(source, piece.init)]

    def _opened(self, piece: Piece) -> Any:
        header = self._tape.header(piece.kind, piece.init) or b""
        return av.open(io.BytesIO(header + self._tape.data(piece)), format="mp4")


class Sound:
    """Decodes one segment after the other as one sound, without a click between them."""

    def __init__(self) -> None:
        self._decoder: Any = None
        self._init = 0
        self._resampler: Any = None

    def of(self, source: Any, init: int) -> list[tuple[float, bytes]]:
        """Times and samples of a segment."""
        stream = source.streams.audio[0]
        if self._decoder is None or init != self._init:
            self._init = init
            self._decoder = av.CodecContext.create(stream.codec_context.name, "r")
            self._decoder.extradata = stream.codec_context.extradata
            self._resampler = av.AudioResampler(format="s16", layout="stereo", rate=RATE)
        found = []
        for packet in source.demux():
            if packet.size and packet.pts is not None:
                at = float(packet.pts * packet.time_base)
                pcm = b"".join(
                    bytes(part.planes[0])[: part.samples * BYTES]
                    for frame in self._decoder.decode(av.Packet(bytes(packet)))
                    for part in self._resampler.resample(frame)
                )
                if pcm:
                    found.append((at, pcm))
        return found
