"""Reactions to what is on air: nobody's, never stored, summed once a second on each process."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import structlog

from app.core.errors import Problem
from app.core.unit import Work
from app.live.change import Signal
from app.rooms.modes import EMOJI, modes_of
from app.rooms.room import Room

log = structlog.get_logger(__name__)

SECOND = 1.0


class Reacted(msgspec.Struct, frozen=True):
    """Announced: somebody reacted. Who is not in it."""

    webinar_id: str
    emoji: str


def send(room: Room, emoji: str) -> None:
    """React."""
    if modes_of(room.row).reactions == "off":
        raise Problem("reactions.closed", "Reactions are off for now.", status=403)
    if emoji not in EMOJI:
        raise Problem("chat.emoji", "Choose one of the reactions offered.")
    room.unit.announce(Reacted(room.row.id, emoji))


class Reactions:
    """Sums of this process."""

    def __init__(self, work: Work, count: Callable[[str, str, int], None]) -> None:
        self._work = work
        self._count = count
        self._sums: dict[str, Counter[str]] = {}

    async def heard(self, announcements: Sequence[object]) -> None:
        """Sink of the unit of work."""
        for event in announcements:
            if isinstance(event, Reacted):
                self._sums.setdefault(event.webinar_id, Counter())[event.emoji] += 1

    async def run(self) -> None:
        """Tell the sums every second until cancelled."""
        while True:
            await asyncio.sleep(SECOND)
            await self.tell()

    async def tell(self) -> None:
        """Tell what came together."""
        sums, self._sums = self._sums, {}
        for webinar_id, counts in sums.items():
            await self._work.tell([Signal(webinar_id, reactions=dict(counts))])
            for emoji, number in counts.items():
                self._count(webinar_id, f"reactions.{emoji}", number)
