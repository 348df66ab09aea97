"""The process that makes the smaller picture of one live stream: ``python -m app.media.ladder_worker``, locked in by
:mod:`app.media.sandbox`. :mod:`app.media.ladder` is the other end.

Pictures come over its standard input and go back over its standard output; times and segments stay as they are. It makes as many
pictures as there is time for: what is late is left out, never a segment's first one.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import msgspec

from app.media import sandbox
from app.media.transcode import CLOCK, open_encoder

LENGTH = 4
"""Bytes before each message that say how long it is."""
LARGEST = 16_000_000
HURRY = 12
"""Messages that may wait; beyond that only what decoding needs is done with a picture."""
HEIGHT, WIDTH = 480, 854
BITRATE = 700_000
LONG = 10**6
"""Seconds of processor time it may take: days of a live stream."""


class Turn(msgspec.Struct, frozen=True, tag="turn", array_like=True):
    """A new segment begins with the next picture."""

    number: int


class Picture(msgspec.Struct, frozen=True, tag="picture", array_like=True):
    """An H.264 access unit with start codes, in ticks of 90 kHz when it is shown."""

    at: int
    key: bool
    data: bytes


Message = Turn | Picture
_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def packed(message: Message) -> bytes:
    """With its length before it."""
    data = _encode(message)
    return len(data).to_bytes(LENGTH) + data


def unpacked(data: bytes) -> Message:
    """Without its length. Raises ``msgspec.MsgspecError``."""
    return _decoder.decode(data)


def smaller(width: int, height: int) -> tuple[int, int]:
    """The size it gets: within 854×480, the same shape, never larger, even."""
    scale = min(1.0, WIDTH / width, HEIGHT / height)
    return max(2, int(width * scale) & ~1), max(2, int(height * scale) & ~1)


class Converter:
    """Pictures in, smaller ones out, in the order they are shown."""

    def __init__(self) -> None:
        self._decoder: Any = None
        self._encoder: av.VideoCodecContext | None = None
        self._size = (0, 0)
        self._turn: Turn | None = None
        self._fresh = False

    def take(self, message: Message, *, hurry: bool = False) -> Iterator[Message]:
        """What comes of a message."""
        if isinstance(message, Turn):
            self._turn = message
            return
        if message.key:
            if self._decoder is not None:
                yield from self._made(None, hurry)
            self._decoder = av.CodecContext.create("h264", "r")
            self._decoder.thread_count = 1
        if self._turn is not None:
            yield self._turn
            self._turn, self._fresh = None, True
        if self._decoder is not None:
            packet: av.Packet[Any] = av.Packet(message.data)
            packet.pts, packet.time_base = message.at, CLOCK
            yield from self._made(packet, hurry)

    def _made(self, packet: Any, hurry: bool) -> Iterator[Picture]:
        try:
            pictures = self._decoder.decode(packet)
        except av.FFmpegError:
            self._decoder = None
            return
        for picture in pictures:
            if picture.pts is not None and (self._fresh or not hurry):
                yield from self._smaller(picture)

    def _smaller(self, picture: av.VideoFrame) -> Iterator[Picture]:
        size = smaller(picture.width, picture.height)
        at = picture.pts or 0
        if self._encoder is None or size != self._size:
            self._encoder, self._size, self._fresh = open_encoder(size, bitrate=BITRATE), size, True
        small = picture.reformat(width=size[0], height=size[1], format="yuv420p", interpolation="FAST_BILINEAR", threads=1)
        small.pts, small.time_base = at, CLOCK
        small.pict_type = av.video.frame.PictureType.I if self._fresh else av.video.frame.PictureType.NONE
        self._fresh = False
        for packet in self._encoder.encode(small):
            yield Picture(packet.pts if packet.pts is not None else at, packet.is_keyframe, bytes(packet))


class Inbox:
    """Messages that have come and wait. A thread reads them, so that it is known how many."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._waiting: deque[Message | None] = deque()
        self._there = threading.Semaphore(0)
        threading.Thread(target=self._read, daemon=True).start()

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self) -> Message | None:
        """The next one; None at the end."""
        self._there.acquire()
        return self._waiting.popleft()

    def _read(self) -> None:
        while len(head := self._source.read(LENGTH)) == LENGTH and (length := int.from_bytes(head)) <= LARGEST:
            self._waiting.append(unpacked(self._source.read(length)))
            self._there.release()
        self._waiting.append(None)
        self._there.release()


def main() -> None:
    """Work until the other end is gone."""
    inbox, sink = Inbox(sys.stdin.buffer), sys.stdout.buffer
    converter = Converter()
    # What is loaded late is loaded now: afterwards no file can be opened.
    open_encoder((64, 64)).encode(av.VideoFrame(64, 64, "yuv420p"))
    sandbox.shut(LONG)
    try:
        while (message := inbox.take()) is not None:
            for made in converter.take(message, hurry=len(inbox) > HURRY):
                sink.write(packed(made))
            sink.flush()
    except BrokenPipeError:
        pass  # Nobody wants it any more.
    except Exception:  # noqa: BLE001  whatever it was: said, and the other end begins another
        traceback.print_exc()
    # At once: the thread that reads holds what an orderly end would wait for.
    os._exit(0)


if __name__ == "__main__":
    main()
