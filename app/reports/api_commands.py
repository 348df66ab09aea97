"""What the crew does in a room, for programs: the commands of the live protocol, one at a time, by the handlers of the socket.

The types are made from those of the socket, without the two fields that only make sense there, so documents and behaviour cannot differ.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import msgspec

from app.core.api import Answer, Call, Content, Endpoint
from app.core.permissions import Permission, Role
from app.live.commands import CommandTable, Context
from app.live.seat import Seat
from app.rooms.api import own
from app.rooms.audited import NOTED

SCOPES = NOTED
"""A command that needs one of these can be given by a key that has it: what the crew decides, and so what is noted."""
INSTEAD = {"stage.move": Permission.STAGE_CONTROL, "chat.remove": Permission.CHAT_MODERATE}
"""People may do these to what is their own; a key has nothing of its own in a room, so it needs what the crew needs."""
WITHOUT = {
    "question.claim": "It says which moderator is at a question; a program is nobody to wait for.",
    "question.release": "The same.",
}
"""Commands of the crew that a key is not given, with the reason."""
_OF_SOCKET = ("id", "ref")
_MADE = ("poll", "question", "notice")


class CommandDone(Content, frozen=True, kw_only=True):
    """Done: the number of the room's change, the id of what was made, and what else the command answers, this once."""

    seq: int
    made: str
    result: dict[str, Any]


class CommandApi:
    """One endpoint with all commands."""

    def __init__(self, table: CommandTable) -> None:
        self._table = table
        self.needs = _given(table)
        self._orders = {_without_socket(struct): struct for struct in self.needs}

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        needs = "\n".join(f"* `{_tag(struct)}`: `{may}`" for struct, may in sorted(self.needs.items(), key=_first))
        return [
            Endpoint(
                method="POST",
                path="/webinars/{webinar}/commands",
                name="runCommand",
                summary="Do something in the room, as the console does; everybody in it sees it at once",
                tag="Room",
                needs=Permission.WEBINAR_SEE,
                handler=self.run,
                again=self.ran,
                body=functools.reduce(operator.or_, self._orders),
                answer=CommandDone,
                about=f"`type` says what; each needs a scope of its own:\n\n{needs}",
            )
        ]

    async def run(self, call: Call[Any]) -> Answer:
        """The key stands where a moderator would."""
        row = await own(call)
        struct = self._orders[type(call.body)]
        call.caller.require(self.needs[struct])
        given = {name: getattr(call.body, name) for name in call.body.__struct_fields__}
        permissions = call.caller.permissions | {self._table.needs[struct]}
        seat = Seat(row.id, call.caller.key_id, Role.MODERATOR, call.caller.name, permissions, "crew")
        answer = await self._table.run(Context(call.unit, seat), struct(id=0, **given))
        await call.session.flush()
        said: dict[str, Any] = msgspec.to_builtins(answer) if answer is not None else {}
        made = next((str(said[name]) for name in _MADE if said.get(name)), "")
        return Answer(content=CommandDone(seq=said.pop("seq", row.seq), made=made, result=said), thing=made)

    async def ran(self, call: Call[Any]) -> Answer:
        """What the same request did before; a token that was shown once is not shown again."""
        return Answer(content=CommandDone(seq=(await own(call)).seq, made=call.path["thing"], result={}))


def _given(table: CommandTable) -> dict[type[msgspec.Struct], Permission]:
    needed = {struct: INSTEAD.get(_tag(struct), may) for struct, may in table.needs.items()}
    return {struct: may for struct, may in needed.items() if may in SCOPES and _tag(struct) not in WITHOUT}


def _without_socket(struct: type[msgspec.Struct]) -> type[msgspec.Struct]:
    fields: list[Any] = []
    for field in msgspec.structs.fields(struct):
        if field.name in _OF_SOCKET:
            continue
        given = field.default if field.default is not msgspec.NODEFAULT else field.default_factory
        if given is msgspec.NODEFAULT:
            fields.append((field.name, field.type))
        elif field.default is not msgspec.NODEFAULT:
            fields.append((field.name, field.type, given))
        else:
            fields.append((field.name, field.type, msgspec.field(default_factory=given)))
    made = msgspec.defstruct(
        struct.__name__, fields, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=_tag(struct), tag_field="type"
    )
    made.__doc__ = struct.__doc__
    return made


def _tag(struct: type[msgspec.Struct]) -> str:
    return str(struct.__struct_config__.tag)


def _first(pair: tuple[type[msgspec.Struct], Permission]) -> str:
    return _tag(pair[0])
