"""What features add to an erasure: closing sockets, tombstones on screens, files, anything that foreign keys do not lead to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec

from app.core.unit import Unit, Work
from app.privacy.scope import Target


class Erasing(msgspec.Struct, frozen=True):
    """Announced when an erasure was asked and again when it begins: close sockets, drop opened keys and what is in memory."""

    target: Target


class Eraser(Protocol):
    """A feature's part. Both calls may come again after a crash and must then find nothing left to do."""

    name: str

    def ask(self, unit: Unit, target: Target) -> None:
        """In the transaction that asks: announce what must happen with its commit, such as closing sockets."""
        ...

    async def begin(self, work: Work, target: Target) -> None:
        """Let nobody in or write any more: close sockets, mark the webinar."""
        ...

    async def erase(self, work: Work, target: Target) -> Mapping[str, int]:
        """Remove what is not found by foreign keys, leave tombstones where browsers must hear of it; says how many of what."""
        ...


@runtime_checkable
class Closing(Protocol):
    """A feature that has something to do when an erasure has been seen through, such as telling recipients."""

    async def close(self, unit: Unit, erasure_id: str, target: Target) -> None:
        """In the transaction that signs the certificate."""
        ...


@runtime_checkable
class Telling(Protocol):
    """A feature that has a last word for those who are erased. Until it is said the erasure keeps it, sealed under a key that goes with it."""

    async def remember(self, unit: Unit, target: Target) -> bytes:
        """In the transaction that asks, while everything can still be read: what to say and to whom; empty for nothing."""
        ...

    async def tell(self, remembered: bytes) -> bytes:
        """When nothing of them was found any more: say it. Returns what could not be said yet."""
        ...
