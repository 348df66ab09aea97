"""Slow mode of a chat that is not stored: when somebody last spoke is known to this process's memory alone, for minutes."""

from __future__ import annotations

from collections import OrderedDict

from app.core.clock import Clock

KEPT = 20_000


class Slow:
    """See the module."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: OrderedDict[tuple[str, str], float] = OrderedDict()

    def wait(self, webinar_id: str, person: str, seconds: int) -> float:
        """Seconds that ``person`` has to wait still; nought or less: they speak now, and it is noted."""
        if not seconds:
            return 0
        now, key = self._clock.monotonic(), (webinar_id, person)
        left = self._last.get(key, float("-inf")) + seconds - now
        if left <= 0:
            self._last[key] = now
            self._last.move_to_end(key)
            if len(self._last) > KEPT:
                self._last.popitem(last=False)
        return left
