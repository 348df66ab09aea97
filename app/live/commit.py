"""Group commit: the commands that wait while one transaction is being committed share the next one.

An idle room commits at once, a busy one in larger groups, for which it waits a few milliseconds. The answer follows the commit. A
command that is refused before it changed anything leaves the others alone; if one fails half-way, the whole group is rolled back
and run again one by one, so that each stands or falls for itself. Groups first run without looking for earlier tries of the same
commands, which a unique constraint would catch; when it does, the group runs again carefully.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import structlog
from sqlalchemy.exc import IntegrityError

from app.core.errors import Problem
from app.core.faults import database_away
from app.core.unit import Unit, Work
from app.live.answers import Answers, Key
from app.live.change import Change
from app.live.commands import CommandTable, Context
from app.live.seat import Seat

log = structlog.get_logger(__name__)

GROUP_MAX = 256
BUSY_FROM = 4
"""Commands in a group from which on the next one is waited for."""
LINGER_SECONDS, LINGER_EACH = 0.008, 0.001
"""At most, and for each command of the group before: after a stumble nobody waits as in a crowd."""
QUEUE_MAX = 5000

Prepare = Callable[[Sequence[tuple[Seat, Any]]], Awaitable[None]]
"""Done for the commands of a group before its transaction begins: what is slow and needs no locked room."""


class _Waiting(msgspec.Struct):
    seat: Seat
    command: Any
    key: Key | None
    heard_by: list[asyncio.Future[msgspec.Struct | None]]
    """Whoever sent it, each with a future of their own: one who gives up waiting takes the answer from nobody else."""


class _Spoilt(Exception):
    """A command failed after it had changed something in the shared transaction."""


class Committer:
    """The one writer of a process for socket commands."""

    def __init__(
        self,
        work: Work,
        table: CommandTable,
        answers: Answers,
        committed: Callable[[int], None] = lambda _commands: None,
        prepare: Prepare | None = None,
    ) -> None:
        self._work = work
        self._table = table
        self._answers = answers
        self._committed = committed
        self._prepare = prepare
        self._under_way: dict[Key, _Waiting] = {}
        self._queue: deque[_Waiting] = deque()
        self._something = asyncio.Event()

    async def submit(self, seat: Seat, command: Any) -> msgspec.Struct | None:
        """Run ``command``; returns its answer after the commit. One that comes again gets the same. Raises :class:`Problem`."""
        key = self._answers.key(seat, command)
        done: asyncio.Future[msgspec.Struct | None] = asyncio.get_running_loop().create_future()
        if key is not None:
            if known := self._answers.find(key):
                return known[0]
            if under_way := self._under_way.get(key):
                under_way.heard_by.append(done)
                return await done
        if len(self._queue) >= QUEUE_MAX:
            raise Problem("server.busy", "The server is busy. Please try again.", status=503, retry_after=2)
        waiting = _Waiting(seat, command, key, [done])
        if key is not None:
            self._under_way[key] = waiting
        self._queue.append(waiting)
        self._something.set()
        return await done

    async def run(self) -> None:
        """Commit groups until cancelled."""
        group: list[_Waiting] = []
        while True:
            if len(group) >= BUSY_FROM and len(self._queue) < GROUP_MAX:
                # A transaction costs more than the commands in it: few larger ones leave the process time for its sockets.
                await asyncio.sleep(min(LINGER_SECONDS, len(group) * LINGER_EACH))
            await self._something.wait()
            group = [self._queue.popleft() for _ in range(min(GROUP_MAX, len(self._queue)))]
            if not self._queue:
                self._something.clear()
            await self._commit(group)

    async def _commit(self, group: list[_Waiting]) -> None:
        try:
            answers = await self._with_care_where_needed(group)
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
            self._settle(waiting, answer)

    async def _with_care_where_needed(self, group: list[_Waiting]) -> list[msgspec.Struct | Problem | None]:
        if self._prepare is not None:
            await self._prepare([(one.seat, one.command) for one in group if self._table.allows(one.seat, one.command)])
        try:
            return await self._together(group, careful=False)
        except IntegrityError:
            # Somebody tried this before, on another process or before a restart.
            return await self._together(group, careful=True)

    async def _together(self, group: list[_Waiting], *, careful: bool) -> list[msgspec.Struct | Problem | None]:
        answers: list[msgspec.Struct | Problem | None] = []
        async with self._work.unit(quick=True) as unit:
            unit.careful = careful
            for waiting in group:
                before = _marks(unit)
                try:
                    answers.append(await self._table.run(Context(unit, waiting.seat), waiting.command))
                    _mark(unit, before[0], waiting)
                except Problem as problem:
                    if _marks(unit) != before:
                        raise problem if len(group) == 1 else _Spoilt from problem
                    answers.append(problem)
        return answers

    def _refuse(self, waiting: _Waiting, error: Exception) -> None:
        if not isinstance(error, Problem):
            log.error("command.failed", command=type(waiting.command).__name__, exc_info=error)
            error = database_away(error) or Problem(
                "server.trouble", "This did not work because of a fault here. Please try again.", status=500
            )
        self._settle(waiting, error)

    def _settle(self, waiting: _Waiting, answer: msgspec.Struct | Problem | None) -> None:
        if waiting.key is not None:
            del self._under_way[waiting.key]
            if not isinstance(answer, Problem):
                self._answers.keep(waiting.key, answer)
        for done in waiting.heard_by:
            if done.done():
                continue
            if isinstance(answer, Problem):
                done.set_exception(answer)
            else:
                done.set_result(answer)


def _mark(unit: Unit, since: int, waiting: _Waiting) -> None:
    """Say of not-stored changes whose command they are: no row of the database can."""
    if waiting.key is None:
        return
    for at in range(since, len(unit.announcements)):
        event = unit.announcements[at]
        if isinstance(event, Change) and event.ephemeral:
            unit.announcements[at] = msgspec.structs.replace(event, ref=waiting.key[1:])


def _marks(unit: Unit) -> tuple[int, int, int, int]:
    # The public sets are made anew each time they are asked for, and this is asked for each command.
    rows = unit.rows
    return len(unit.announcements), unit.touched, len(rows._new), len(rows.identity_map._modified)  # noqa: SLF001
