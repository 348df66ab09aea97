"""Throttles that remember nobody: counts under a keyed hash whose key lives in memory and changes every day."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import OrderedDict

from app.core.clock import Clock
from app.core.errors import too_many

KEPT = 20_000
DAY = 86_400.0


class Throttle:
    """At most ``tries`` in ``seconds`` for one subject (an address, a name)."""

    def __init__(self, clock: Clock, tries: int, seconds: float) -> None:
        self._clock = clock
        self._tries = tries
        self._seconds = seconds
        self._counts: OrderedDict[bytes, tuple[float, int]] = OrderedDict()
        self._key = os.urandom(32)
        self._key_since = clock.monotonic()

    def check(self, subject: str) -> None:
        """Count one try. Raises 429 with the seconds to wait."""
        now = self._clock.monotonic()
        if now - self._key_since > DAY:
            self._key, self._key_since = os.urandom(32), now
            self._counts.clear()
        name = hmac.digest(self._key, subject.encode(), hashlib.sha256)[:16]
        since, count = self._counts.pop(name, (now, 0))
        if now - since >= self._seconds:
            since, count = now, 0
        self._counts[name] = (since, count + 1)
        if len(self._counts) > KEPT:
            self._counts.popitem(last=False)
        if count + 1 > self._tries:
            raise too_many(since + self._seconds - now)

    def forget(self, subject: str) -> None:
        """It went well: start again from nothing."""
        self._counts.pop(hmac.digest(self._key, subject.encode(), hashlib.sha256)[:16], None)
