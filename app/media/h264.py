"""Reads as much of H.264 as passing it on needs: NAL units, key frames, and the picture size from the parameter set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

IDR, SEI, SPS, PPS, AUD, FILLER = 5, 6, 7, 8, 9, 12
_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128}


def nal_units(data: bytes) -> Iterator[bytes]:
    """NAL units of an Annex B byte stream, without start codes."""
    start = data.find(b"\x00\x00\x01")
    while start >= 0:
        start += 3
        end = data.find(b"\x00\x00\x01", start)
        unit = data[start:] if end < 0 else data[start:end]
        unit = unit.rstrip(b"\x00")
        if unit:
            yield unit
        start = end


def is_key_frame(data: bytes) -> bool:
    """True when an access unit holds an IDR picture."""
    return any(unit[0] & 0x1F == IDR for unit in nal_units(data))


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a decoder must know before the first picture."""

    sps: bytes
    pps: bytes
    width: int
    height: int

    @property
    def codec(self) -> str:
        """Name for a playlist (RFC 6381)."""
        return f"avc1.{self.sps[1:4].hex()}"


def parameters(data: bytes) -> Parameters | None:
    """Parameters an access unit carries; None when it carries none that can be read."""
    sps = pps = None
    for unit in nal_units(data):
        kind = unit[0] & 0x1F
        if kind == SPS:
            sps = unit
        elif kind == PPS:
            pps = unit
    if sps is None or pps is None or len(sps) < 5:
        return None
    try:
        width, height = _size(sps)
    except IndexError:
        return None
    return Parameters(sps, pps, width, height)


def sample(data: bytes) -> bytes:
    """An access unit as ISO/IEC 14496-15 stores it: lengths instead of start codes.

    Parameter sets stay in, although the header has them too: players that miss a new header after a cut go on by these.
    """
    keep = [unit for unit in nal_units(data) if unit[0] & 0x1F not in (AUD, FILLER)]
    return b"".join(len(unit).to_bytes(4) + unit for unit in keep)


def annex_b(data: bytes) -> bytes:
    """The other way: an access unit as ISO/IEC 14496-15 stores it, with start codes instead of lengths."""
    found, at = bytearray(), 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        found += b"\0\0\0\1" + data[at + 4 : at + 4 + length]
        at += 4 + length
    return bytes(found)


class _Bits:
    def __init__(self, unit: bytes) -> None:
        self.data = unit[1:].replace(b"\x00\x00\x03", b"\x00\x00")
        self.at = 0

    def bits(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | (self.data[self.at >> 3] >> (7 - (self.at & 7))) & 1
            self.at += 1
        return value

    def ue(self) -> int:
        zeros = 0
        while not self.bits(1):
            zeros += 1
            if zeros > 32:
                raise IndexError
        return (1 << zeros) - 1 + self.bits(zeros)

    def se(self) -> int:
        value = self.ue()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def _size(sps: bytes) -> tuple[int, int]:
    """Picture size after cropping (ITU-T H.264 section 7.3.2.1.1)."""
    r = _Bits(sps)
    profile = r.bits(8)
    r.bits(16)
    r.ue()
    chroma = _high_profile(r) if profile in _HIGH_PROFILES else 1
    r.ue()
    _picture_order(r)
    r.ue()
    r.bits(1)
    width, height = (r.ue() + 1) * 16, (r.ue() + 1) * 16
    frames_only = r.bits(1)
    if not frames_only:
        height *= 2
        r.bits(1)
    r.bits(1)
    if r.bits(1):
        left, right, top, bottom = r.ue(), r.ue(), r.ue(), r.ue()
        across = 2 if chroma in (1, 2) else 1
        down = (2 if chroma == 1 else 1) * (2 - frames_only)
        width -= (left + right) * across
        height -= (top + bottom) * down
    return width, height


def _high_profile(r: _Bits) -> int:
    chroma = r.ue()
    if chroma == 3:
        r.bits(1)
    r.ue()
    r.ue()
    r.bits(1)
    if r.bits(1):
        for i in range(8 if chroma != 3 else 12):
            if r.bits(1):
                _scaling_list(r, 16 if i < 6 else 64)
    return chroma


def _scaling_list(r: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + r.se()) % 256
        last = following or last


def _picture_order(r: _Bits) -> None:
    kind = r.ue()
    if kind == 0:
        r.ue()
    elif kind == 1:
        r.bits(1)
        r.se()
        r.se()
        for _ in range(r.ue()):
            r.se()
