"""Reads that a crowd shares: who asks the same while one is under way gets the answer of the next.

So nobody is ever told what was so before they asked, as a cache would do, and a thousand who come at once cost a few questions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """One kind of question, told apart by a text such as an id. What is answered is shared, so nobody may change it."""

    def __init__(self, read: Callable[[str], Awaitable[T]]) -> None:
        self._read = read
        self._under_way: dict[str, asyncio.Future[T]] = {}
        self._next: dict[str, asyncio.Future[T]] = {}

    async def ask(self, key: str) -> T:
        """The answer, from a read that begins now or later."""
        answer = self._next.get(key)
        if answer is None:
            answer = self._next[key] = asyncio.ensure_future(self._ask(key, self._under_way.get(key)))
        # Shielded: whoever gives up waiting must not take the answer from the others.
        return await asyncio.shield(answer)

    async def _ask(self, key: str, before: asyncio.Future[T] | None) -> T:
        if before is not None:
            await asyncio.wait([before])
        answer = self._under_way[key] = self._next.pop(key)
        try:
            return await self._read(key)
        finally:
            if self._under_way.get(key) is answer:
                del self._under_way[key]
