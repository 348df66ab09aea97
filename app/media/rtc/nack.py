"""Which RTP packets are missing and when to ask for them again (RFC 4585 section 6.2.1)."""

from __future__ import annotations

from dataclasses import dataclass

ASK_AFTER = 0.01
"""Seconds a gap may stay before the first request: packets also arrive out of order."""
ASK_AGAIN = 0.08
"""Seconds between requests for the same packet at least; on a long way the time an answer takes, so that nothing is sent twice in vain."""
LONGEST_WAY = 0.4
GIVE_UP = 8
"""Requests for one packet before it counts as lost."""
MOST_MISSING = 300
"""More missing packets than this are not asked for one by one; a key frame is."""


def later(a: int, b: int) -> bool:
    """True when sequence number ``a`` comes after ``b`` (16 bits, wrapping)."""
    return a != b and ((a - b) & 0xFFFF) < 0x8000


@dataclass(slots=True)
class _Gap:
    due: float
    asked: int = 0
    first: float = 0.0
    """When it was asked for first."""


class MissingPackets:
    """Gaps in one stream's sequence numbers."""

    def __init__(self) -> None:
        self.newest: int | None = None
        self.overrun = False
        self._missing: dict[int, _Gap] = {}
        self._way = ASK_AGAIN / 1.25
        """Seconds from a request to its answer, lately."""

    def arrived(self, seq: int, now: float) -> None:
        """Note a packet (first sending or retransmission)."""
        if self.newest is None:
            self.newest = seq
        elif later(seq, self.newest):
            jump = (seq - self.newest) & 0xFFFF
            if jump > MOST_MISSING:
                self.overrun = True
                self._missing.clear()
            else:
                for i in range(1, jump):
                    self._missing[(self.newest + i) & 0xFFFF] = _Gap(now + ASK_AFTER)
            self.newest = seq
        elif (gap := self._missing.pop(seq, None)) is not None and gap.asked:
            self._way += 0.2 * (now - gap.first - self._way)

    def due(self, now: float) -> list[int]:
        """Packets to ask for now, oldest first; those asked for too often are forgotten."""
        ask = []
        for seq, entry in list(self._missing.items()):
            if entry.asked >= GIVE_UP:
                del self._missing[seq]
                self.overrun = True
            elif entry.due <= now:
                entry.due = now + max(ASK_AGAIN, min(LONGEST_WAY, 1.25 * self._way))
                entry.first = entry.first if entry.asked else now
                entry.asked += 1
                ask.append(seq)
        return ask

    def forget_before(self, seq: int) -> None:
        """Packets older than ``seq`` are of no use any more."""
        for old in [missing for missing in self._missing if later(seq, missing)]:
            del self._missing[old]

    def __len__(self) -> int:
        return len(self._missing)
