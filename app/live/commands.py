"""Commands: decoded once into typed structs, checked against the seat, run by one handler each.

Features hand in an explicit list; nothing registers itself.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from app.core.clock import Clock
from app.core.errors import Problem, forbidden
from app.core.permissions import Permission
from app.core.unit import Unit
from app.live.seat import Seat
from app.protocol.frames import Sync

Handler = Callable[["Context", Any], Awaitable[msgspec.Struct | None]]

AUDIENCE_RATE = (8.0, 1.0)
"""Burst and commands a second of somebody in the audience."""
CREW_RATE = (60.0, 20.0)


class _Numbered(msgspec.Struct):
    """What is read of a command that was not understood, so that its sender hears which one it was."""

    id: int = 0


class Context(msgspec.Struct, frozen=True):
    """What a handler gets: the transaction and who asks."""

    unit: Unit
    seat: Seat


class Command(msgspec.Struct, frozen=True):
    """One command: its struct (tagged by ``type``, with an ``id``), the permission it needs, its handler."""

    struct: type[msgspec.Struct]
    needs: Permission
    handler: Handler


class CommandTable:
    """All commands of a running Lectern."""

    def __init__(self, commands: Sequence[Command]) -> None:
        self._by_struct = {command.struct: command for command in commands}
        union = functools.reduce(operator.or_, (command.struct for command in commands), Sync)
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(union)

    @property
    def names(self) -> list[str]:
        """Names of all commands, for documents and tests."""
        return sorted(str(struct.__struct_config__.tag) for struct in self._by_struct)

    def decode(self, text: str) -> Any:
        """The typed command. Raises :class:`Problem` for what is not one."""
        try:
            return self._decoder.decode(text)
        except msgspec.MsgspecError as error:
            raise Problem("command.invalid", "This message was not understood: {why}", params={"why": str(error)}) from error

    def number(self, text: str) -> int:
        """The ``id`` of a text that is not a command of ours; 0 when it has none."""
        try:
            return msgspec.json.decode(text, type=_Numbered).id
        except msgspec.MsgspecError:
            return 0

    async def run(self, context: Context, command: Any) -> msgspec.Struct | None:
        """Check the permission and run the handler."""
        known = self._by_struct[type(command)]
        if known.needs not in context.seat.permissions:
            raise forbidden()
        return await known.handler(context, command)


class Bucket:
    """A token bucket: ``burst`` at once, then ``rate`` a second."""

    def __init__(self, clock: Clock, burst: float, rate: float) -> None:
        self._clock = clock
        self._burst = burst
        self._rate = rate
        self._tokens = burst
        self._at = clock.monotonic()

    def take(self) -> None:
        """Use one. Raises ``rate.limited`` with the seconds to wait when there is none."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return
        wait = round((1 - self._tokens) / self._rate, 1)
        raise Problem("rate.limited", "Not so fast, please.", status=429, retry_after=wait)


def bucket_of(seat: Seat, clock: Clock) -> Bucket:
    """The bucket for a seat."""
    return Bucket(clock, *(CREW_RATE if seat.lane == "crew" else AUDIENCE_RATE))
