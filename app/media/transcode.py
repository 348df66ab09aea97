"""Re-encodes a VP8 picture to H.264 for browsers that have nothing else; a bounded number at once, each in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import av

from app.core.errors import Problem
from app.media.rtc.assembly import Frame

MOST_WAITING = 30
"""Frames that may wait for the encoder; beyond that it is too slow and skips to the next key frame."""
BITRATE = 2_500_000
KEY_EVERY = 2 * 90000
CLOCK = Fraction(1, 90000)


class Pool:
    """How many pictures may be re-encoded at once."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0
        self._threads = ThreadPoolExecutor(max_workers=size, thread_name_prefix="transcode")

    def open(self, sink: Callable[[Frame, int], None], want_key: Callable[[], None]) -> Transcoder:
        """A place in the pool; raises :class:`Problem` 503 when none is free."""
        if self.used >= self.size:
            text = "This browser does not send H.264, and all places for converting its picture are taken."
            raise Problem("transcode.full", text, status=503, retry_after=30)
        self.used += 1
        return Transcoder(self, self._threads, sink, want_key)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Transcoder:
    """One picture's decoder and encoder, fed in order."""

    def __init__(
        self, pool: Pool, threads: ThreadPoolExecutor, sink: Callable[[Frame, int], None], want_key: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._threads = threads
        self._sink = sink
        self._want_key = want_key
        self._queue: asyncio.Queue[tuple[Frame, int]] = asyncio.Queue()
        self._skipping = False
        self._decoder = av.CodecContext.create("vp8", "r")
        self._encoder: av.VideoCodecContext | None = None
        self._size = (0, 0)
        self._last_key = 0
        self._task: asyncio.Task[None] | None = asyncio.create_task(self._run())

    def put(self, frame: Frame, rtp: int) -> None:
        """A VP8 frame and its unrolled RTP time."""
        if self._queue.qsize() > MOST_WAITING:
            self._skipping = True
            self._want_key()
        if self._skipping and not (frame.key and self._queue.qsize() < MOST_WAITING // 2):
            return
        self._skipping = False
        self._queue.put_nowait((frame, rtp))

    def close(self) -> None:
        """Give the place back."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._pool.used -= 1

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            frame, rtp = await self._queue.get()
            for data, key, at in await loop.run_in_executor(self._threads, self._convert, frame, rtp):
                self._sink(Frame(at & 0xFFFFFFFF, data, key, frame.at), at)

    def _convert(self, frame: Frame, rtp: int) -> list[tuple[bytes, bool, int]]:
        packet = av.Packet(frame.data)
        packet.pts, packet.time_base = rtp, CLOCK
        try:
            pictures = self._decoder.decode(packet)
        except av.FFmpegError:
            self._want_key()
            return []
        return [coded for picture in pictures for coded in self._encode(picture)]

    def _encode(self, picture: av.VideoFrame) -> list[tuple[bytes, bool, int]]:
        size = (picture.width & ~1, picture.height & ~1)
        at = picture.pts or 0
        if self._encoder is None or size != self._size:
            self._encoder, self._size = open_encoder(size), size
            self._last_key = at - KEY_EVERY
        if picture.width != size[0] or picture.height != size[1]:
            picture = picture.reformat(width=size[0], height=size[1])
        key = at - self._last_key >= KEY_EVERY
        if key:
            self._last_key = at
        picture.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
        return [(bytes(packet), packet.is_keyframe, packet.pts or at) for packet in self._encoder.encode(picture)]


def open_encoder(size: tuple[int, int], *, bitrate: int = BITRATE, threads: int = 1) -> av.VideoCodecContext:
    """A libx264 encoder without delay, with parameters before each key frame; time in 90 kHz."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.time_base, encoder.framerate = "yuv420p", CLOCK, Fraction(30)
    encoder.bit_rate, encoder.thread_count = bitrate, threads
    encoder.profile = "Baseline"
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "g": "600", "forced-idr": "1"}
    return encoder
