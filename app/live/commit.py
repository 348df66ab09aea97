"""Group commit: the commands that wait while one transaction is being committed share the next one.

No timer and no linger: an idle room commits at once, a busy one in larger groups. The answer follows the commit. A command that
is refused before it changed anything leaves the others alone; if one fails half-way, the whole group is rolled back and run
again one by one, so that each stands or falls for itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from app.core.errors import Problem
from app.core.unit import Unit, Work
from app.live.commands import CommandTable, Context
from app.live.seat import Seat

log = structlog.get_logger(__name__)

GROUP_MAX = 256
QUEUE_MAX = 5000


class _Waiting(msgspec.Struct):
    seat: Seat
    command: Any
    done: asyncio.Future[msgspec.Struct | None]


class _Spoilt(Exception):
    """A command failed after it had changed something in the shared transaction."""


class Committer:
    """The one writer of a process for socket commands."""

    def __init__(self, work: Work, table: CommandTable, committed: Callable[[int], None] = lambda _commands: None) -> None:
        self._work = work
        self._table = table
        self._committed = committed
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(QUEUE_MAX)

    async def submit(self, seat: Seat, command: Any) -> msgspec.Struct | None:
        """Run ``command``; returns its answer after the commit. Raises :class:`Problem`."""
        waiting = _Waiting(seat, command, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise Problem("server.busy", "The server is busy. Please try again.", status=503, retry_after=2) from None
        return await waiting.done

    async def run(self) -> None:
        """Commit groups until cancelled."""
        while True:
            group = [await self._queue.get()]
            while len(group) < GROUP_MAX and not self._queue.empty():
                group.append(self._queue.get_nowait())
            await self._commit(group)

    async def _commit(self, group: list[_Waiting]) -> None:
        try:
            answers = await self._together(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits must hear of it
            if len(group) == 1:
                self._refuse(group[0], error)
                return
            for one in group:
                await self._commit([one])
            return
        if done := sum(not isinstance(answer, Problem) for answer in answers):
            self._committed(done)
        for waiting, answer in zip(group, answers, strict=True):
            if waiting.done.done():
                continue
            if isinstance(answer, Problem):
                waiting.done.set_exception(answer)
            else:
                waiting.done.set_result(answer)

    async def _together(self, group: list[_Waiting]) -> list[msgspec.Struct | Problem | None]:
        answers: list[msgspec.Struct | Problem | None] = []
        async with self._work.unit() as unit:
            for waiting in group:
                before = _marks(unit)
                try:
                    answers.append(await self._table.run(Context(unit, waiting.seat), waiting.command))
                except Problem as problem:
                    if _marks(unit) != before:
                        raise problem if len(group) == 1 else _Spoilt from problem
                    answers.append(problem)
        return answers

    def _refuse(self, waiting: _Waiting, error: Exception) -> None:
        if waiting.done.done():
            return
        if not isinstance(error, Problem):
            log.error("command.failed", command=type(waiting.command).__name__, exc_info=error)
            error = Problem("server.trouble", "This did not work because of a fault here. Please try again.", status=500)
        waiting.done.set_exception(error)


def _marks(unit: Unit) -> tuple[int, int, int]:
    session = unit.session
    return len(unit.announcements), len(session.new), sum(1 for row in session.dirty if session.is_modified(row))
