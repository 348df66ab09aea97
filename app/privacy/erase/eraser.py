"""What features add to an erasure: closing sockets, tombstones on screens, files, anything that foreign keys do not lead to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from app.core.unit import Work
from app.privacy.scope import Target


class Erasing(msgspec.Struct, frozen=True):
    """Announced when an erasure was asked and again when it begins: close sockets, drop opened keys and what is in memory."""

    target: Target


class Eraser(Protocol):
    """A feature's part. Both calls may come again after a crash and must then find nothing left to do."""

    name: str

    async def begin(self, work: Work, target: Target) -> None:
        """Let nobody in or write any more: close sockets, mark the webinar."""
        ...

    async def erase(self, work: Work, target: Target) -> Mapping[str, int]:
        """Remove what is not found by foreign keys, leave tombstones where browsers must hear of it; says how many of what."""
        ...
