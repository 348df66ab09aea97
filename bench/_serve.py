"""``python -m app serve`` with a watch on the event loop: the longest pause of every tenth of a second goes into a file.

python -m bench._serve [FILE]

For comparison, "alone" instead of a file gives every command a transaction of its own, and "ordinary" the one that pages and jobs use, without
what makes those of a room quick on SQLite.
"""

from __future__ import annotations

import asyncio
import functools
import os
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from app.core import unit
from app.core.db import Base
from app.core.logging import configure
from app.live import commit
from app.privacy.logfilter import LogFilter
from app.privacy.map import DataMap
from app.serve import serve
from app.settings import load
from app.stores import STORES

STEP = 0.005


async def watched(to: Path | None) -> None:
    """Serve, and look at the clock beside it."""
    watching = asyncio.create_task(watch(to)) if to else None
    await serve(load(os.environ))
    if watching:
        watching.cancel()


async def watch(to: Path) -> None:
    """How much later than asked the loop comes back, longest of each tenth of a second in milliseconds: on the clock, and of it what the
    process itself was at work (the rest was taken by others on the machine)."""
    loop = asyncio.get_running_loop()
    with to.open("a", buffering=1) as file:
        while True:
            longest, own, until = 0.0, 0.0, loop.time() + 0.1
            while (before := loop.time()) < until:
                worked = time.thread_time()
                await asyncio.sleep(STEP)
                late = loop.time() - before - STEP
                longest, own = max(longest, late), max(own, min(late, time.thread_time() - worked))
            file.write(f"{longest * 1000:.1f} {own * 1000:.1f}\n")


def _ordinary(work: unit.Work, begin: Any, **_quick: bool) -> Any:
    """A transaction like any other, whatever was asked for."""
    return begin(work)


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else ""
    if given in ("alone", "ordinary"):
        commit.GROUP_MAX = 1
        if given == "ordinary":
            unit.Work.unit = functools.partialmethod(_ordinary, unit.Work.unit)  # type: ignore[assignment]
        given = ""
    configure("warning", LogFilter(DataMap(Base.metadata, STORES)))
    uvloop.run(watched(Path(given) if given else None))
