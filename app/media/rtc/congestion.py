"""Transport-wide congestion control feedback: tells the sender when each packet arrived, so that it finds its own rate.

Format: draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1. Browsers adapt far better to this than to REMB.
"""

from __future__ import annotations

import struct

URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
RTPFB = 205
FMT = 15
TICK = 0.00025
"""Receive deltas count in 250 µs."""
REFERENCE = 0.064
"""Reference times count in 64 ms."""
MOST_PACKETS = 1000
_LOST, _SMALL, _LARGE = 0, 1, 2


class ArrivalLog:
    """Arrival times by transport sequence number, packed into feedback every 50 ms or so."""

    def __init__(self, ssrc: int) -> None:
        self.ssrc = ssrc
        self.media_ssrc = 0
        self._next: int | None = None
        self._arrivals: dict[int, float] = {}
        self._count = 0

    def arrived(self, seq: int, at: float, media_ssrc: int) -> None:
        """Note packet ``seq`` (16 bits) received at ``at`` seconds."""
        self.media_ssrc = media_ssrc
        number = self._unwrap(seq)
        if self._next is None:
            self._next = number
        if number >= self._next:
            self._arrivals.setdefault(number, at)

    def _unwrap(self, seq: int) -> int:
        newest = max(self._arrivals, default=self._next if self._next is not None else seq)
        return newest + ((seq - newest + 0x8000) & 0xFFFF) - 0x8000

    def feedback(self) -> bytes | None:
        """One RTCP packet about everything since the last one; None when nothing arrived."""
        if self._next is None or not self._arrivals:
            return None
        first, last = self._next, max(self._arrivals)
        if last - first >= MOST_PACKETS:
            first = min(self._arrivals)
            last = min(last, first + MOST_PACKETS - 1)
        arrivals = {seq: self._arrivals[seq] for seq in range(first, last + 1) if seq in self._arrivals}
        self._next = last + 1
        self._arrivals = {seq: at for seq, at in self._arrivals.items() if seq > last}
        body = self._body(first, last, arrivals)
        self._count = (self._count + 1) & 0xFF
        return struct.pack("!BBH", 0x80 | FMT, RTPFB, len(body) // 4 + 2) + struct.pack("!LL", self.ssrc, self.media_ssrc) + body

    def _body(self, first: int, last: int, arrivals: dict[int, float]) -> bytes:
        reference = int(min(arrivals.values()) / REFERENCE)
        previous = reference * int(REFERENCE / TICK)
        symbols: list[int] = []
        deltas = b""
        for seq in range(first, last + 1):
            if seq not in arrivals:
                symbols.append(_LOST)
                continue
            ticks = round(arrivals[seq] / TICK)
            delta = max(-0x8000, min(0x7FFF, ticks - previous))
            previous += delta
            small = 0 <= delta <= 0xFF
            symbols.append(_SMALL if small else _LARGE)
            deltas += struct.pack("!B" if small else "!h", delta)
        head = struct.pack("!HH", first & 0xFFFF, len(symbols)) + (reference & 0xFFFFFF).to_bytes(3) + bytes([self._count])
        body = head + _chunks(symbols) + deltas
        return body + bytes(-len(body) % 4)


def _chunks(symbols: list[int]) -> bytes:
    """Run-length chunks for runs of seven or more, else vectors of seven two-bit symbols."""
    out = b""
    at = 0
    while at < len(symbols):
        run = at
        while run < len(symbols) and symbols[run] == symbols[at] and run - at < 0x1FFF:
            run += 1
        if run - at >= 7 or run == len(symbols):
            out += struct.pack("!H", (symbols[at] << 13) | (run - at))
            at = run
        else:
            vector = 0xC000
            for place, symbol in enumerate(symbols[at : at + 7]):
                vector |= symbol << (12 - 2 * place)
            out += struct.pack("!H", vector)
            at += 7
    return out
