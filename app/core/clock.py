"""Time, as everybody here sees it. Tests hand in a clock of their own."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The real time."""

    def now(self) -> datetime:
        """Aware UTC time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


class SetClock(Clock):
    """A clock that stands still until told otherwise; for tests and drills."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return self._at.timestamp()

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._at += by


def millis(at: datetime) -> int:
    """Milliseconds since 1970, the form of times on the wire."""
    return int(at.timestamp() * 1000)
