"""A web process dies in the middle of things (kill -9): nothing acknowledged is lost or doubled, and everybody sees the same order."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.faults.history import Problems, check
from tests.faults.stand import Installation, Reader, Talker
from tests.support.until import until

NOTHING = Problems([], [], [], [], [], [], [])
TALKERS, KILLS = 5, 2


@pytest.fixture(params=["sqlite", "postgres"])
async def installation(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Installation]:
    """One process on SQLite; two on PostgreSQL and Redis."""
    if request.param == "sqlite":
        made = Installation(tmp_path, 1)
    else:
        database: Any = request.getfixturevalue("postgres_url")
        redis: Any = request.getfixturevalue("redis_url")
        made = Installation(tmp_path, 2, LECTERN_DATABASE_URL=database, LECTERN_BROKER_URL=redis)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


async def test_nothing_acknowledged_is_lost_when_web_processes_are_killed(installation: Installation) -> None:
    dice = random.Random(7)
    acked: dict[str, int] = {}
    talkers = [Talker(installation, installation.ports, random.Random(seed)) for seed in range(TALKERS)]
    readers = {f"reader {n}": Reader(installation, installation.ports, dice) for n in range(3)}
    enough = asyncio.Event()
    reading = [asyncio.create_task(reader.read()) for reader in readers.values()]
    talking = [asyncio.create_task(talker.talk(f"talker {n}", enough, acked)) for n, talker in enumerate(talkers)]
    for kill in range(KILLS):
        # In the middle of it: some things were acknowledged since the last time, others are under way.
        await until(partial(talked, acked, len(acked) + 25), within=60, what="people talk")
        port = installation.ports[kill % len(installation.ports)]
        installation.kill(port)
        installation.launch(port)
        await installation.up(port)
    await until(partial(talked, acked, len(acked) + 25), within=60, what="people talk")
    enough.set()
    await asyncio.wait_for(asyncio.gather(*talking), 60)
    stored = await installation.stored()
    await until(
        lambda: all(len(reader.texts()) == len(stored) for reader in readers.values()),
        within=30,
        what="all screens are up to date",
    )
    for task in reading:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*reading)
    assert check(acked, stored, {name: reader.texts() for name, reader in readers.items()}) == NOTHING
    assert sum(talker.connections for talker in talkers) > TALKERS, "the control: somebody was thrown out"


def talked(acked: dict[str, int], number: int) -> bool:
    return len(acked) >= number


def test_the_checker_finds_what_is_wrong() -> None:
    acked = {"a": 1, "b": 2, "c": 3}
    stored = [(1, "a"), (2, "b"), (3, "c")]
    screens = {"one": ["a", "b", "c"]}
    assert check(acked, stored, screens) == NOTHING
    assert check(acked, stored[:2], {"one": ["a", "b"]}).lost == ["c"]
    assert check(acked, [*stored, (4, "a")], screens).doubled == ["a"]
    assert check(acked | {"c": 9}, stored, screens).renumbered == ["c"]
    assert check({"a": 1}, [(1, "a"), (3, "c")], {}).gaps == [2]
    assert check(acked, stored, {"one": ["a", "c"]}).unseen == ["one: b"]
    assert check(acked, stored, {"one": ["a", "b", "c", "x"]}).invented == ["one: x"]
    assert check(acked, stored, {"one": ["b", "a", "c"]}).misordered == ["one"]
