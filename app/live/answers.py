"""Answers given lately: a command that is sent again, because its answer was lost, is answered again and not run again.

For what is stored a unique constraint says the same over processes and restarts. What is not stored has no row, so this memory is
all there is; a not-stored change tells the other processes whose retry it would be (``Change.ref``). Ten minutes, bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import msgspec

from app.core.clock import Clock
from app.live.seat import Seat

KEPT = 20_000
KEPT_SECONDS = 600.0

Key = tuple[str, str, str]
"""Webinar, person, and the command's type with its ``ref``."""


class Again(msgspec.Struct, frozen=True):
    """The answer to a command that another process ran."""

    seq: int


class Answers:
    """See the module."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[float, msgspec.Struct | None]] = OrderedDict()
        self._look_at = 0.0

    def key(self, seat: Seat, command: Any) -> Key | None:
        """What makes ``command`` the same when it comes again; None for one without a ``ref``."""
        ref = getattr(command, "ref", "")
        return (seat.webinar_id, seat.person, f"{type(command).__struct_config__.tag}:{ref[:40]}") if ref else None

    def find(self, key: Key) -> tuple[msgspec.Struct | None] | None:
        """The answer given before, in a tuple because an answer may be None; or None."""
        known = self._kept.get(key)
        if known is None or known[0] < self._clock.monotonic() - KEPT_SECONDS:
            return None
        return (known[1],)

    def keep(self, key: Key, answer: msgspec.Struct | None) -> None:
        """Remember an answer after its commit."""
        now = self._clock.monotonic()
        self._kept[key] = (now, answer)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        if now >= self._look_at:
            self._look_at = now + 1
            while self._kept and next(iter(self._kept.values()))[0] < now - KEPT_SECONDS:
                self._kept.popitem(last=False)

    def forget(self, webinar_id: str, person: str | None = None) -> None:
        """Nothing of a webinar, or of one person in it, stays."""
        for key in [key for key in self._kept if key[0] == webinar_id and person in (None, key[1])]:
            del self._kept[key]
