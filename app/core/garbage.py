"""When Python looks for garbage: never for long while people come in.

Almost everything here is freed by counting references; the collector is for cycles only, and what it costs is looking at all that
lives. Thousands who come in at once leave hundreds of thousands of objects that stay, and looking at them again and again stops the
process for a tenth of a second each time. So what has come to stay is put aside, and looked through when the process is quiet.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

YOUNG, MIDDLE, OLD = 2_000, 100, 100
"""New objects before the youngest are looked at, a millisecond each time: five would be the slowest answer in a hundred of a chat; and
how many such looks make an older one due."""
CAME = 100
"""Sockets more than last time, from which on what is there is put aside."""
QUIET = 500
"""Sockets at most for looking through everything."""
EVERY = 600
"""Seconds between two times of that."""


class Garbage:
    """Runs beside the hub; ``load`` is how many sockets are open."""

    def __init__(self, load: Callable[[], int]) -> None:
        self._load = load
        self._aside = 0

    def start(self) -> None:
        """What exists now lives as long as the process: never look at it again."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG, MIDDLE, OLD)

    async def run(self) -> None:
        """Until cancelled."""
        seconds = 0
        while True:
            await asyncio.sleep(1)
            seconds += 1
            load = self._load()
            if load > self._aside + CAME:
                gc.freeze()
                self._aside = load
            self._aside = min(self._aside, load)
            if seconds >= EVERY and load <= QUIET:
                seconds = 0
                gc.unfreeze()
                gc.collect()
                gc.freeze()
