"""Throttles that remember nobody: counts that expire, under keyed hashes.

One process counts in its memory, under a key that changes every day and is never written. Several count together in Redis
(:mod:`app.core.limits_redis`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import OrderedDict
from typing import Protocol

from app.core.clock import Clock
from app.core.errors import too_many

KEPT = 20_000
DAY = 86_400.0


class Counters(Protocol):
    """Counts that expire."""

    async def count(self, name: str, subject: str, seconds: float) -> tuple[int, float]:
        """Count one of ``subject`` under ``name``; how many there are in this window, and in how many seconds it ends."""
        ...

    async def forget(self, name: str, subject: str) -> None:
        """Start again from nothing."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...


class MemoryCounters:
    """Of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[bytes, tuple[float, int]] = OrderedDict()
        self._key = os.urandom(32)
        self._key_since = clock.monotonic()

    async def count(self, name: str, subject: str, seconds: float) -> tuple[int, float]:
        now = self._clock.monotonic()
        if now - self._key_since > DAY:
            self._key, self._key_since = os.urandom(32), now
            self._counts.clear()
        hidden = self._hidden(name, subject)
        since, count = self._counts.pop(hidden, (now, 0))
        if now - since >= seconds:
            since, count = now, 0
        self._counts[hidden] = (since, count + 1)
        if len(self._counts) > KEPT:
            self._counts.popitem(last=False)
        return count + 1, since + seconds - now

    async def forget(self, name: str, subject: str) -> None:
        self._counts.pop(self._hidden(name, subject), None)

    async def close(self) -> None:
        """Nothing to give back."""

    def _hidden(self, name: str, subject: str) -> bytes:
        return hmac.digest(self._key, f"{name}|{subject}".encode(), hashlib.sha256)[:16]


class Throttle:
    """At most ``tries`` in ``seconds`` for one subject (an address, a name). ``name`` tells throttles apart."""

    def __init__(self, counters: Counters, name: str, tries: int, seconds: float) -> None:
        self._counters = counters
        self._name = name
        self._tries = tries
        self._seconds = seconds

    async def check(self, subject: str) -> None:
        """Count one try. Raises 429 with the seconds to wait."""
        count, left = await self._counters.count(self._name, subject, self._seconds)
        if count > self._tries:
            raise too_many(left)

    async def forget(self, subject: str) -> None:
        """It went well: start again from nothing."""
        await self._counters.forget(self._name, subject)
