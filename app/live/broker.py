"""Between the web processes: publish to a room, hear a room. At most once; loss is noticed by sequence numbers and healed
from the database, so a broker never is the only copy of anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

Listener = Callable[[str, bytes], Awaitable[None]]


class Broker(Protocol):
    """Carries messages between processes."""

    async def publish(self, room: str, message: bytes) -> None:
        """Hand ``message`` to every process that listens to ``room``, this one first. Never raises for a lost bridge."""
        ...

    async def listen(self, room: str) -> None:
        """Hear ``room`` from now on."""
        ...

    async def leave(self, room: str) -> None:
        """Hear ``room`` no more."""
        ...

    async def count(self, room: str, here: int) -> int:
        """Say that ``here`` sockets are in ``room`` on this process; returns the sum over all processes."""
        ...

    def missed(self) -> bool:
        """True while, and once after, the bridge is broken: what other processes said meanwhile may never have come."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...


class MemoryBroker:
    """For one process: a publish is a call."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._rooms: set[str] = set()

    async def publish(self, room: str, message: bytes) -> None:
        if room in self._rooms:
            await self._listener(room, message)

    async def listen(self, room: str) -> None:
        self._rooms.add(room)

    async def leave(self, room: str) -> None:
        self._rooms.discard(room)

    async def count(self, room: str, here: int) -> int:
        return here

    def missed(self) -> bool:
        return False

    async def close(self) -> None:
        self._rooms.clear()
