"""When Python looks for garbage."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from app.core import garbage
from app.core.garbage import Garbage
from tests.support.until import until


class Ring:
    """Something that only the collector frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


async def test_what_came_with_a_crowd_is_put_aside_and_looked_through_when_it_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "EVERY", 2)
    load = 0
    gardener = Garbage(lambda: load)
    gardener.start()
    ring = Ring()
    gone = weakref.ref(ring)
    # Many, because what was put aside before may be freed meanwhile and lower the count.
    crowd = [[number] for number in range(50_000)]
    before = gc.get_freeze_count()
    load = 5000
    running = asyncio.create_task(gardener.run())
    await until(lambda: gc.get_freeze_count() > before, what="the crowd is put aside")
    del ring
    gc.collect()
    assert gone() is not None, "the control: what is put aside is not looked at"
    load = 10
    await until(lambda: gone() is None, what="it is found when it is quiet")
    running.cancel()
    assert len(crowd) == 50_000
