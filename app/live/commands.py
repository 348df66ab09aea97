"""Commands: decoded once into typed structs, checked against the seat, run by one handler each.

Features hand in an explicit list; nothing registers itself.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from app.core.errors import Problem, forbidden
from app.core.permissions import Permission
from app.core.unit import Unit
from app.live.seat import Seat
from app.protocol.frames import Sync

Handler = Callable[["Context", Any], Awaitable[msgspec.Struct | None]]


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

    @property
    def needs(self) -> dict[type[msgspec.Struct], Permission]:
        """Every command with the permission it needs."""
        return {struct: command.needs for struct, command in self._by_struct.items()}

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

    def allows(self, seat: Seat, command: Any) -> bool:
        """Whether whoever sits there may give this command."""
        return self._by_struct[type(command)].needs in seat.permissions

    async def run(self, context: Context, command: Any) -> msgspec.Struct | None:
        """Check the permission and run the handler."""
        if not self.allows(context.seat, command):
            raise forbidden()
        return await self._by_struct[type(command)].handler(context, command)
