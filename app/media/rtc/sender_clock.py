"""From RTP time stamps to the sender's wall clock, by its sender reports (RFC 3550 section 6.4.1), for the whole session."""

from __future__ import annotations

NTP_UNIX = 2_208_988_800
FOLLOW = 0.1
"""Share of a new report's correction that is taken over: clocks drift slowly, reports jitter."""
JUMP = 1.0
"""A difference above this many seconds is a new clock, taken over at once."""


class RtpTime:
    """Unrolls 32-bit time stamps into ever-growing ones."""

    def __init__(self) -> None:
        self._last: int | None = None

    def unroll(self, timestamp: int) -> int:
        """The time stamp as an integer that does not wrap."""
        if self._last is None:
            self._last = timestamp
        self._last += ((timestamp - self._last + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        return self._last


class SenderClock:
    """Seconds since 1970 by the sender's clock for each RTP time of one stream."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._offset: float | None = None
        self.reports = 0
        self._assumed = False

    def report(self, ntp: int, rtp: int) -> None:
        """Take a sender report: ``rtp`` (unrolled) was sampled at ``ntp`` (64 bits, RFC 5905 format)."""
        if ntp == 0 or self._assumed:
            return
        offset = ntp / (1 << 32) - NTP_UNIX - rtp / self.rate
        if self._offset is None or self.reports == 0 or abs(offset - self._offset) > JUMP:
            self._offset = offset
        else:
            self._offset += FOLLOW * (offset - self._offset)
        self.reports += 1

    def assume(self, at: float, rtp: int) -> None:
        """No report comes: take the arrival time instead, for good, as picture and sound have to use the same clock."""
        self._assumed = True
        self._offset = at - rtp / self.rate

    @property
    def known(self) -> bool:
        """True when a time can be given."""
        return self._offset is not None

    def at(self, rtp: int) -> float:
        """Wall-clock seconds of an unrolled RTP time."""
        return rtp / self.rate + (self._offset or 0.0)
