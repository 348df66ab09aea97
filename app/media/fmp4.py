"""Writes CMAF: headers and fragments of fragmented MP4 (ISO/IEC 14496-12, -14, -15; ISO/IEC 23000-19).

Written here and not by a library, because a part must end exactly when we say, and one moof per part is all there is to it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from app.media.h264 import Parameters

MATRIX = struct.pack(">9L", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
KEY_FLAGS = 0x02000000
DELTA_FLAGS = 0x01010000


@dataclass(slots=True)
class Sample:
    """One frame; times in ticks of the track's scale."""

    data: bytes
    time: int
    duration: int
    key: bool
    offset: int = 0
    """From when it is decoded to when it is shown; not nought where pictures are sent out of order."""


def box(kind: bytes, *content: bytes) -> bytes:
    """One box."""
    body = b"".join(content)
    return struct.pack(">L", len(body) + 8) + kind + body


def full(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    """One box with version and flags."""
    return box(kind, struct.pack(">L", version << 24 | flags), *content)


def video_init(parameters: Parameters, timescale: int) -> bytes:
    """Header section of an H.264 track."""
    entry = box(
        b"avc1",
        struct.pack(">6xH16xHHLLLH", 1, parameters.width, parameters.height, 0x480000, 0x480000, 0, 1),
        bytes(32),
        struct.pack(">Hh", 24, -1),
        box(b"avcC", _avcc(parameters)),
        box(b"pasp", struct.pack(">LL", 1, 1)),
    )
    header = full(b"vmhd", 0, 1, bytes(8))
    return _init(timescale, b"vide", header, entry, (parameters.width, parameters.height))


def audio_init(config: bytes, rate: int, channels: int, bitrate: int) -> bytes:
    """Header section of an AAC track; ``config`` is its AudioSpecificConfig."""
    decoder = struct.pack(">BB3xLL", 0x40, 0x15, bitrate, bitrate) + _descriptor(5, config)
    es = _descriptor(3, struct.pack(">HB", 1, 0) + _descriptor(4, decoder) + _descriptor(6, b"\x02"))
    entry = box(
        b"mp4a",
        struct.pack(">6xH8xHHHHL", 1, channels, 16, 0, 0, rate << 16),
        full(b"esds", 0, 0, es),
    )
    return _init(rate, b"soun", full(b"smhd", 0, 0, bytes(4)), entry, (0, 0))


def fragment(number: int, samples: Sequence[Sample]) -> bytes:
    """One part: moof and mdat."""
    head = struct.pack(">LL", len(samples), 0)
    flags = 0xF01 if any(s.offset for s in samples) else 0x701
    rows = b"".join(_row(s, flags) for s in samples)
    # Version 1 has signed offsets (ISO/IEC 14496-12 section 8.8.8).
    trun = bytearray(full(b"trun", int(any(s.offset < 0 for s in samples)), flags, head, rows))
    track = [
        full(b"tfhd", 0, 0x020000, struct.pack(">L", 1)),
        full(b"tfdt", 1, 0, struct.pack(">Q", samples[0].time)),
    ]
    size = len(box(b"moof", full(b"mfhd", 0, 0, bytes(4)), box(b"traf", *track, bytes(trun))))
    trun[16:20] = struct.pack(">L", size + 8)
    moof = box(b"moof", full(b"mfhd", 0, 0, struct.pack(">L", number)), box(b"traf", *track, bytes(trun)))
    return moof + box(b"mdat", *(s.data for s in samples))


def _row(sample: Sample, flags: int) -> bytes:
    row = struct.pack(">LLL", sample.duration, len(sample.data), KEY_FLAGS if sample.key else DELTA_FLAGS)
    return row + struct.pack(">l", sample.offset) if flags & 0x800 else row


def _init(timescale: int, handler: bytes, media_header: bytes, entry: bytes, size: tuple[int, int]) -> bytes:
    stbl = box(
        b"stbl",
        full(b"stsd", 0, 0, struct.pack(">L", 1), entry),
        full(b"stts", 0, 0, bytes(4)),
        full(b"stsc", 0, 0, bytes(4)),
        full(b"stsz", 0, 0, bytes(8)),
        full(b"stco", 0, 0, bytes(4)),
    )
    data = box(b"dinf", full(b"dref", 0, 0, struct.pack(">L", 1), full(b"url ", 0, 1)))
    mdia = box(
        b"mdia",
        full(b"mdhd", 0, 0, struct.pack(">LLLLHH", 0, 0, timescale, 0, 0x55C4, 0)),
        full(b"hdlr", 0, 0, struct.pack(">L4s12x", 0, handler), b"Lectern\x00"),
        box(b"minf", media_header, data, stbl),
    )
    volume = 0x0100 if handler == b"soun" else 0
    tkhd = struct.pack(">LLLLL8xHHHH", 0, 0, 1, 0, 0, 0, 0, volume, 0) + MATRIX + struct.pack(">LL", size[0] << 16, size[1] << 16)
    mvhd = struct.pack(">LLLLLH10x", 0, 0, timescale, 0, 0x10000, 0x0100) + MATRIX + bytes(24) + struct.pack(">L", 2)
    moov = box(
        b"moov",
        full(b"mvhd", 0, 0, mvhd),
        box(b"trak", full(b"tkhd", 0, 7, tkhd), mdia),
        box(b"mvex", full(b"trex", 0, 0, struct.pack(">LLLLL", 1, 1, 0, 0, 0))),
    )
    return box(b"ftyp", b"iso6", struct.pack(">L", 0), b"iso6cmfcmp41") + moov


def _avcc(p: Parameters) -> bytes:
    head = bytes([1, *p.sps[1:4], 0xFF, 0xE1])
    body = head + struct.pack(">H", len(p.sps)) + p.sps + b"\x01" + struct.pack(">H", len(p.pps)) + p.pps
    return body + (b"\xfd\xf8\xf8\x00" if p.sps[1] in (100, 110, 122, 144) else b"")


def _descriptor(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x80, 0x80, 0x80, len(content)]) + content
