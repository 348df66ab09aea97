"""Waiting for something to become true, with a deadline: the only place where tests sleep."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

PAUSE = 0.02


async def until(condition: Callable[[], Any], *, within: float = 10, what: str = "") -> Any:
    """The first truthy answer of ``condition`` (plain or async); fails after ``within`` seconds and says what it saw last."""
    deadline = time.monotonic() + within
    while True:
        answer = condition()
        seen = await answer if inspect.isawaitable(answer) else answer
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(_late(condition, within, what, seen))
        await asyncio.sleep(PAUSE)


def wait_until(condition: Callable[[], T], *, within: float = 10, what: str = "") -> T:
    """The same for tests and fixtures without an event loop."""
    deadline = time.monotonic() + within
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(_late(condition, within, what, seen))
        time.sleep(PAUSE)


def _late(condition: Callable[[], object], within: float, what: str, seen: object) -> str:
    name = what or getattr(condition, "__qualname__", "condition")
    return f"not within {within:g} s: {name}; last seen: {seen!r}"
