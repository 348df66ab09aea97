"""Who is seen: whom the moderator chose, or whoever speaks. Knows nothing of connections."""

from __future__ import annotations

from collections.abc import Mapping

SPEAKS = 1500
"""Loudness, of 32767, from which somebody counts as speaking."""
AFTER = 0.8
"""Seconds somebody has to speak before the picture goes to them: a cough cuts nothing."""
HOLD = 2.5
"""Seconds a picture stays at least."""


class Director:
    """Chooses among those on stage who send a picture."""

    def __init__(self) -> None:
        self.chosen: str | None = None
        """Whom the moderator wants to be seen; None: whoever speaks."""
        self.seen: str | None = None
        self._since = 0.0
        self._speaks: str | None = None
        self._speaks_since = 0.0

    def look(self, now: float, loudness: Mapping[str, int]) -> str | None:
        """Whose picture should be seen now. ``loudness`` has all who could be, in the order they came."""
        if self.chosen is not None and self.chosen in loudness:
            return self._see(self.chosen, now)
        if self.seen not in loudness:
            return self._see(next(iter(loudness), None), now)
        loudest = max(loudness, key=lambda who: loudness[who])
        if loudness[loudest] < SPEAKS or loudness[self.seen or loudest] * 2 > loudness[loudest]:
            loudest = self.seen or loudest
        if loudest != self._speaks:
            self._speaks, self._speaks_since = loudest, now
        if loudest != self.seen and now - self._speaks_since >= AFTER and now - self._since >= HOLD:
            return self._see(loudest, now)
        return self.seen

    def _see(self, who: str | None, now: float) -> str | None:
        if who != self.seen:
            self.seen, self._since = who, now
        return who
