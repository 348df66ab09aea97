"""One timeline for everybody who sends: from each sender's clock to ours, followed slowly for as long as they send."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = 1_767_225_600
"""Times and segment numbers count from 2026, so they grow over restarts of this process too."""
LOOK_BACK = 5.0
"""Seconds over which the quickest packet says how far a sender's clock has run away."""
SLEW = 0.001
"""Seconds a second by which a sender is moved at most: more than any clock drifts, less than anybody hears."""
LATE = 0.2
JUMP = 1.0
"""A packet this far from where it should be means that the clock itself was set."""


class Timeline:
    """Seconds since :data:`EPOCH`, as the wall clock says at the start, from then on without its jumps."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._start = time.time() - EPOCH - monotonic()

    def now(self) -> float:
        """The place of this moment."""
        return self._start + self._monotonic()

    def of(self, moment: float) -> float:
        """The place of a moment of the monotonic clock."""
        return self._start + moment


def date_of(at: float) -> datetime:
    """The moment of a place on the timeline."""
    return datetime.fromtimestamp(EPOCH, UTC) + timedelta(seconds=at)


def place_of(at: datetime) -> float:
    """The place of a moment on the timeline."""
    return at.timestamp() - EPOCH


class Place:
    """Where one sender's picture and sound belong: both by the same offset, so they stay in step with each other.

    Clocks drift apart by some 50 millionths, a fifth of a second an hour. Delays on the way only ever add, so the quickest packet
    of the last seconds tells how far the sender's clock has moved; the offset follows it slowly.
    """

    def __init__(self) -> None:
        self._offset: float | None = None
        self._quickest = 0.0
        self._since = 0.0

    def at(self, wall: float, now: float) -> float:
        """Timeline seconds for a time on the sender's clock, whose packet arrived at ``now`` on the timeline."""
        if self._offset is None or abs(now - wall - self._offset) > JUMP:
            self._offset, self._since, self._quickest = now - wall, now, JUMP
        self._quickest = min(self._quickest, now - (wall + self._offset))
        if now - self._since >= LOOK_BACK:
            most = SLEW * (now - self._since)
            # A way that became much longer is followed at once: what comes too late would never be heard.
            self._offset += self._quickest if self._quickest > LATE else max(-most, min(most, self._quickest))
            self._since, self._quickest = now, JUMP
        return wall + self._offset
