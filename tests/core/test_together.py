"""Reads that a crowd shares: few of them, and none that began before somebody asked."""

from __future__ import annotations

import asyncio

import pytest

from app.core.together import Together


class Slow:
    """Something to read, and how often it was."""

    def __init__(self) -> None:
        self.value = 0
        self.reads = 0
        self.go = asyncio.Event()

    async def read(self, key: str) -> str:
        self.reads += 1
        seen = self.value
        await self.go.wait()
        if key == "broken":
            raise LookupError
        return f"{key}{seen}"


async def test_who_asks_while_one_reads_gets_the_next_answer_and_no_older_one() -> None:
    slow = Slow()
    together: Together[str] = Together(slow.read)
    first = [asyncio.create_task(together.ask("a")) for _ in range(50)]
    await asyncio.sleep(0)
    while not slow.reads:  # noqa: ASYNC110 - until the first read has begun
        await asyncio.sleep(0)
    slow.value = 1
    later = [asyncio.create_task(together.ask("a")) for _ in range(50)]
    other = asyncio.create_task(together.ask("b"))
    await asyncio.sleep(0)
    later[0].cancel()
    slow.go.set()
    assert set(await asyncio.gather(*first)) == {"a0"}
    assert set(await asyncio.gather(*later[1:])) == {"a1"}, "one that gives up takes nothing from the others"
    assert await other == "b1"
    assert slow.reads == 3
    assert await together.ask("a") == "a1"
    assert slow.reads == 4, "nothing is kept"


async def test_one_that_fails_fails_for_all_who_asked_and_for_nobody_else() -> None:
    slow = Slow()
    slow.go.set()
    together: Together[str] = Together(slow.read)
    answers = await asyncio.gather(*(together.ask("broken") for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in answers] == [LookupError] * 3
    with pytest.raises(LookupError):
        await together.ask("broken")
    assert await together.ask("c") == "c0"
