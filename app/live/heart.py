"""Pings for all sockets of a process from one timer: spread over the interval, so that thousands who came together are not
pinged together, and a socket costs no timer of its own."""

from __future__ import annotations

import asyncio
import random
from typing import Protocol

SLOTS = 40


class Beating(Protocol):
    """A socket as the heart sees it."""

    slot: int

    def beat(self) -> None:
        """Ping the peer; give it up when it said nothing since the last time."""
        ...


class Heart:
    """Beats each socket once in ``interval`` seconds."""

    def __init__(self, interval: float) -> None:
        self._every = interval / SLOTS
        self._slots: list[set[Beating]] = [set() for _ in range(SLOTS)]
        self._at = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, socket: Beating) -> None:
        """Beat ``socket`` from now on."""
        socket.slot = random.randrange(SLOTS)
        self._slots[socket.slot].add(socket)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._every, self._next)

    def discard(self, socket: Beating) -> None:
        """It is gone; the heart rests when all are."""
        self._slots[socket.slot].discard(socket)

    def _next(self) -> None:
        self._timer = None
        self._at = (self._at + 1) % SLOTS
        for socket in list(self._slots[self._at]):
            socket.beat()
        if any(self._slots):
            self._timer = asyncio.get_running_loop().call_later(self._every, self._next)
