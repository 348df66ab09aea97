"""How fast one person may send commands: one bucket per person and process, however many sockets they open."""

from __future__ import annotations

from app.core.clock import Clock
from app.core.errors import Problem
from app.live.seat import Seat

AUDIENCE_RATE = (8.0, 1.0)
"""Burst and commands a second of somebody in the audience."""
CREW_RATE = (60.0, 20.0)
PRUNE_AT = 5_000
CALM_AFTER = 3
"""Refusals in a row after which the socket is read more slowly."""
CALM_SECONDS = 0.5
FLOOD_AFTER = 20
"""Refusals in a row after which the socket is closed, with a hint when to come back."""


class Bucket:
    """A token bucket: ``burst`` at once, then ``rate`` a second."""

    __slots__ = ("_at", "_burst", "_clock", "_rate", "_tokens", "refused")

    def __init__(self, clock: Clock, burst: float, rate: float) -> None:
        self._clock = clock
        self._burst = burst
        self._rate = rate
        self._tokens = burst
        self._at = clock.monotonic()
        self.refused = 0
        """How many were refused since the last that was not."""

    def take(self) -> None:
        """Use one. Raises ``rate.limited`` with the seconds to wait when there is none."""
        self._refill()
        if self._tokens >= 1:
            self._tokens -= 1
            self.refused = 0
            return
        self.refused += 1
        wait = round((1 - self._tokens) / self._rate, 1)
        raise Problem("rate.limited", "Not so fast, please.", status=429, retry_after=wait)

    @property
    def full(self) -> bool:
        """True when it is as good as a new one."""
        self._refill()
        return self._tokens >= self._burst

    def _refill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now


class Limits:
    """The buckets of a process. Nobody who is quiet for some seconds is remembered."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], Bucket] = {}
        self._prune_at = PRUNE_AT

    def take(self, seat: Seat) -> None:
        """Count one command. Raises ``rate.limited``."""
        self._of(seat).take()

    def calm(self, seat: Seat) -> float:
        """Seconds to wait before reading more from somebody who goes on sending although refused."""
        return CALM_SECONDS if self._of(seat).refused > CALM_AFTER else 0.0

    def floods(self, seat: Seat) -> bool:
        """True for somebody whom no refusal stops."""
        return self._of(seat).refused > FLOOD_AFTER

    def _of(self, seat: Seat) -> Bucket:
        key = (seat.webinar_id, seat.person, seat.lane)
        bucket = self._buckets.get(key)
        if bucket is None:
            self._prune()
            bucket = self._buckets[key] = Bucket(self._clock, *(CREW_RATE if seat.lane == "crew" else AUDIENCE_RATE))
        return bucket

    def _prune(self) -> None:
        if len(self._buckets) < self._prune_at:
            return
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.full}
        # Twice what is in use, so that looking through them all stays rare.
        self._prune_at = max(PRUNE_AT, 2 * len(self._buckets))
