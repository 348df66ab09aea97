"""Recordings opened for reading: a few are kept open, and what blocks runs in threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from app.core.errors import Problem
from app.media.models_recordings import Recording
from app.media.tape import Tape
from app.privacy.files import Shelf
from app.privacy.keystore import KeyDestroyed
from app.privacy.vault import SealBroken, Vault

_KEPT = 8


class Tapes:
    """Opens recordings."""

    def __init__(self, vault: Vault, shelf: Shelf) -> None:
        self._vault = vault
        self._shelf = shelf
        self._open: dict[str, Tape] = {}

    async def of(self, one: Recording) -> Tape:
        """The tape of a recording; of one under way as it is now. Raises 404 for one that cannot be read."""
        tape = self._open.get(one.id)
        if tape is None or not tape.finished:
            try:
                box = await self._vault.things_box(one.webinar_id)
                tape = await asyncio.to_thread(Tape, self._shelf.things(one.webinar_id), box, one.id)
            except (OSError, SealBroken, KeyDestroyed) as error:
                raise Problem("recording.unreadable", "This recording cannot be read.", status=404) from error
            while len(self._open) >= _KEPT:
                self._open.pop(next(iter(self._open)))
            self._open[one.id] = tape
        return tape

    def forget(self, recording_id: str) -> None:
        """It was deleted."""
        self._open.pop(recording_id, None)


async def threaded(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """An iterator that blocks, from a thread; ended when whoever reads goes away."""
    try:
        while (data := await asyncio.to_thread(next, pieces, None)) is not None:
            yield data
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            await asyncio.to_thread(close)
