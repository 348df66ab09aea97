"""The wire as documents: JSON Schema of every frame, entity and command, and the AsyncAPI document made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from app.protocol import entities, frames
from app.protocol.commands.base import Done
from app.protocol.commands.extras import Opened, Posted
from app.protocol.commands.polls import Looked, Made
from app.protocol.commands.questions import Asked, Shown

Structs = Sequence[type[msgspec.Struct]]
Schemas = dict[str, dict[str, Any]]

FROM_SERVER = (frames.Welcome, frames.StateFrame, frames.Error, frames.Beat, frames.Tick)
FROM_BROWSER = (frames.Hello, frames.Sync)
ANSWERS = (Done, Asked, Shown, Made, Looked, Opened, Posted)
VERSION = "1"
REF = "#/components/schemas/{name}"


class Change(msgspec.Struct, tag_field="type", tag="change"):
    """What happened on your lane between two numbers. Joined from bytes by the server, so this struct only describes it."""

    prev: int
    seq: int
    set: list[msgspec.Raw]
    gone: list[str]


def tagged(module: object, field: str) -> list[type[msgspec.Struct]]:
    """The structs of ``module`` that say what they are in ``field``."""
    structs = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    return [
        one for one in structs if one.__struct_config__.tag_field == field and one.__module__ == getattr(module, "__name__", "")
    ]


def tag_of(struct: type[msgspec.Struct]) -> str:
    """Its name on the wire."""
    return str(struct.__struct_config__.tag)


def schemas(commands: Structs) -> Schemas:
    """JSON Schema (2020-12) of everything, by name of the struct."""
    types = [*FROM_SERVER, Change, *FROM_BROWSER, *tagged(entities, "kind"), *commands]
    _, components = msgspec.json.schema_components(types, ref_template=REF)
    for name in ("Welcome", "StateFrame"):
        components[name]["properties"]["state"] = {"$ref": REF.format(name="RoomState")}
    components["Change"]["properties"]["set"] = {"type": "array", "items": {"$ref": REF.format(name="Entity")}}
    components["Entity"] = {"oneOf": [{"$ref": REF.format(name=one.__name__)} for one in tagged(entities, "kind")]}
    components["RoomState"] = {
        "type": "object",
        "description": "A snapshot (`full`), or what changed since.",
        "properties": {
            "full": {"type": "boolean"},
            "set": {"type": "array", "items": {"$ref": REF.format(name="Entity")}},
            "gone": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["full", "set", "gone"],
    }
    components["Ok"] = _answer(components)
    return components


def _answer(components: Schemas) -> dict[str, Any]:
    """``ok``: the number of the change, and what some commands answer besides."""
    _, answers = msgspec.json.schema_components(ANSWERS, ref_template=REF)
    own = {one.__name__ for one in ANSWERS}
    components.update({name: schema for name, schema in answers.items() if name not in own})
    fields = {name: field for one in ANSWERS for name, field in answers[one.__name__]["properties"].items()}
    return {
        "type": "object",
        "description": "The answer to a command that was committed; some carry more than the number.",
        "properties": {"type": {"enum": ["ok"]}, "id": {"type": "integer"}, **fields},
        "required": ["type", "id"],
    }


def asyncapi(commands: Mapping[type[msgspec.Struct], str]) -> dict[str, Any]:
    """AsyncAPI 3.0. ``commands``: each with the permission it needs."""
    components = schemas(list(commands))
    received: list[type[msgspec.Struct]] = [*FROM_BROWSER, *commands]
    sent = ["Welcome", "StateFrame", "Error", "Beat", "Tick", "Change", "Ok"]
    messages = {one.__name__: _message(one.__name__, tag_of(one), commands.get(one)) for one in received}
    messages |= {name: _message(name, components[name]["properties"]["type"]["enum"][0], None) for name in sent}
    here = "#/channels/room/messages/{}"
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Lectern live protocol", "version": VERSION, "description": "See docs/protocol.md."},
        "defaultContentType": "application/json",
        "channels": {
            "room": {
                "address": "/live/{webinar}",
                "description": "One WebSocket per open page; JSON text frames.",
                "parameters": {"webinar": {"description": "Id of the webinar."}},
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "command": {
                "action": "receive",
                "channel": {"$ref": "#/channels/room"},
                "messages": [{"$ref": here.format(one.__name__)} for one in received],
            },
            "inform": {
                "action": "send",
                "channel": {"$ref": "#/channels/room"},
                "messages": [{"$ref": here.format(name)} for name in sent],
            },
        },
        "components": {"messages": messages, "schemas": components},
    }


def _message(name: str, tag: str, needs: str | None) -> dict[str, Any]:
    said = {"name": tag, "payload": {"$ref": REF.format(name=name)}}
    return {**said, "x-needs": needs} if needs else said
