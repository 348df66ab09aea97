"""Which RTP packets are missing and when to ask for them again (RFC 4585 section 6.2.1)."""

from __future__ import annotations

ASK_AFTER = 0.01
"""Seconds a gap may stay before the first request: packets also arrive out of order."""
ASK_AGAIN = 0.08
"""Seconds between requests for the same packet."""
GIVE_UP = 8
"""Requests for one packet before it counts as lost."""
MOST_MISSING = 300
"""More missing packets than this are not asked for one by one; a key frame is."""


def later(a: int, b: int) -> bool:
    """True when sequence number ``a`` comes after ``b`` (16 bits, wrapping)."""
    return a != b and ((a - b) & 0xFFFF) < 0x8000


class MissingPackets:
    """Gaps in one stream's sequence numbers."""

    def __init__(self) -> None:
        self.newest: int | None = None
        self.overrun = False
        self._missing: dict[int, list[float]] = {}

    def arrived(self, seq: int, now: float) -> None:
        """Note a packet (first sending or retransmission)."""
        if self.newest is None:
            self.newest = seq
        elif later(seq, self.newest):
            gap = (seq - self.newest) & 0xFFFF
            if gap > MOST_MISSING:
                self.overrun = True
                self._missing.clear()
            else:
                for i in range(1, gap):
                    self._missing[(self.newest + i) & 0xFFFF] = [now + ASK_AFTER, 0]
            self.newest = seq
        else:
            self._missing.pop(seq, None)

    def due(self, now: float) -> list[int]:
        """Packets to ask for now, oldest first; those asked for too often are forgotten."""
        ask = []
        for seq, entry in list(self._missing.items()):
            if entry[1] >= GIVE_UP:
                del self._missing[seq]
                self.overrun = True
            elif entry[0] <= now:
                entry[0] = now + ASK_AGAIN
                entry[1] += 1
                ask.append(seq)
        return ask

    def forget_before(self, seq: int) -> None:
        """Packets older than ``seq`` are of no use any more."""
        for old in [missing for missing in self._missing if later(seq, missing)]:
            del self._missing[old]

    def __len__(self) -> int:
        return len(self._missing)
