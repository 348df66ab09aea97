"""One loop per web process that does what is due in the rooms, a few times a second.

Every process looks; the room's lock decides who does it, and what was done is gone from the table in the same commit. A room that
fails is tried again at the next beat and keeps nobody else waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

import structlog
from sqlalchemy import bindparam, select

from app.core.errors import Problem
from app.core.unit import Work
from app.privacy.vault import Vault
from app.rooms.models_questions import RoomDue
from app.rooms.room import Room, open_room

log = structlog.get_logger(__name__)

BEAT = 0.5
MOST = 200
PATIENCE = 5.0
"""Seconds that the end of the process waits for a beat."""

_DUE = select(RoomDue.webinar_id).where(RoomDue.at <= bindparam("now")).distinct().limit(MOST)

Doer = Callable[[Room, str], Awaitable[None]]
"""Does one kind of thing for the thing of that id."""


class Pulse:
    """See the module."""

    def __init__(self, work: Work, vault: Vault, doers: Mapping[str, Doer]) -> None:
        self._work = work
        self._vault = vault
        self._doers = dict(doers)
        self._beating = asyncio.Lock()
        self._stopped = False

    async def run(self) -> None:
        """Beat until cancelled or stopped."""
        while not self._stopped:
            await asyncio.sleep(BEAT)
            async with self._beating:
                try:
                    if not self._stopped:
                        await self.beat()
                except Exception:
                    log.exception("pulse.trouble")

    async def stop(self) -> None:
        """Finish what is under way, unless the database does not answer: a transaction cut off keeps its connection waiting."""
        self._stopped = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE), self._beating:
                pass

    async def beat(self) -> int:
        """Do what is due now; returns how many rooms had something."""
        async with self._work.read(quick=True) as session:
            # A look without the write lock: most beats find nothing.
            rooms = list((await session.execute(_DUE, {"now": self._work.clock.now()})).scalars())
        for webinar_id in rooms:
            try:
                await self._room(webinar_id)
            except Problem as problem:
                log.info("pulse.refused", code=problem.code)
            except Exception:
                log.exception("pulse.room", room=webinar_id)
        return len(rooms)

    async def _room(self, webinar_id: str) -> None:
        async with self._work.unit() as unit:
            room = await open_room(unit, self._vault, webinar_id)
            query = select(RoomDue).where(RoomDue.webinar_id == webinar_id, RoomDue.at <= unit.now).order_by(RoomDue.at)
            for row in (await unit.session.execute(query.limit(MOST))).scalars().all():
                await unit.session.delete(row)
                await unit.session.flush()
                await self._doers[row.kind](room, row.thing)
