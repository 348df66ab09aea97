"""``messages.d.ts``: the wire as types for the browser's code, made from the JSON Schema of the Python structs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from app.protocol import entities
from app.protocol.schema import FROM_SERVER, Change, Schemas, Structs, schemas, tag_of, tagged

RENAMED = {"Error": "Refused", "Ok": "Ok"}
HEAD = """\
/**
 * What goes over the live socket, as types. Made by `python -m app schema` from app/protocol; do not edit by hand.
 */

export type Broadcast = "idle" | "preview" | "live" | "paused" | "ended";

/** Boot data in the page; `seat` and `ticket` are made for this page view. */
export interface Boot {
  /** Where tickets come from, when it is not the webinar's own address. */
  tickets?: string;
  webinar: string;
  slug: string;
  lang: string;
  live: string;
  crew: boolean;
  ticket: string;
  seat: string | null;
  view?: string;
  key?: string;
  registered?: boolean;
}

/** What is not known to this page (a newer server, a panel that is not loaded) is kept and ignored. */
export interface OtherEntity {
  kind: string;
  id: string;
  seq: number;
  [field: string]: unknown;
}
"""


def declarations(commands: Structs) -> str:
    """The whole file."""
    known = schemas(commands)
    kinds = _merged(tagged(entities, "kind"), known)
    said = {
        *kinds,
        *(one.__name__ for one in (*FROM_SERVER, Change)),
        *(one.__name__ for one in commands),
        "Entity",
        "Hello",
        "Sync",
    }
    parts = {name: schema for name, schema in sorted(known.items()) if name not in said}
    frames = {RENAMED.get(one.__name__, one.__name__): known[one.__name__] for one in (*FROM_SERVER, Change)}
    gone = {one.__name__ for one in tagged(entities, "kind")} - set(kinds)
    blocks = [HEAD, *(_interface(name, schema) for name, schema in parts.items() if name not in gone)]
    blocks += [_interface(name, schema) for name, schema in {**kinds, **frames}.items()]
    blocks.append(f"export type Entity = {' | '.join(kinds)};\n")
    blocks.append(
        "export type RoomFrame = Welcome | StateFrame | Change | Beat | Tick;\nexport type ServerFrame = RoomFrame | Ok | Refused;\n"
    )
    return "\n".join([*blocks, _commands(commands, known)])


def _merged(structs: Iterable[type[msgspec.Struct]], known: Schemas) -> Schemas:
    """Several structs of one kind (a thing and its tombstone) are one type: what only some have is optional."""
    by_kind: dict[str, str] = {}
    merged: Schemas = {}
    for one in structs:
        name = by_kind.setdefault(tag_of(one), one.__name__)
        schema = known[one.__name__]
        if name in merged:
            more = {key: value for key, value in schema["properties"].items() if key not in merged[name]["properties"]}
            schema = {**merged[name], "properties": {**merged[name]["properties"], **more}}
        merged[name] = schema
    return merged


def _interface(name: str, schema: dict[str, Any]) -> str:
    if schema.get("type") != "object" or "properties" not in schema:
        return f"{_doc(schema)}export type {name} = {_type(schema)};\n"
    return f"{_doc(schema)}export interface {name} {{\n{_fields(schema, '  ')}}}\n"


def _commands(commands: Structs, known: Schemas) -> str:
    lines = ["/** Commands a page may send, each with its fields. `ref` makes a command that is sent twice count once. */"]
    lines.append("export interface Commands {")
    for one in sorted(commands, key=tag_of):
        schema = known[one.__name__]
        inner = _fields(
            {**schema, "properties": {k: v for k, v in schema["properties"].items() if k not in ("id", "type")}}, "    "
        )
        lines.append(f"  /** {schema['description']} */")
        lines.append(f'  "{tag_of(one)}": {{\n{inner}  }};')
    return "\n".join([*lines, "}"]) + "\n"


def _fields(schema: dict[str, Any], indent: str) -> str:
    must = set(schema.get("required", ())) - {"ref"}
    return "".join(f"{indent}{name}{'' if name in must else '?'}: {_type(one)};\n" for name, one in schema["properties"].items())


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return "OtherEntity" if name == "Entity" else name
    if "enum" in schema:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    kind = schema.get("type")
    if kind == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(_type(one) for one in schema['prefixItems'])}]"
        inner = "unknown" if "items" not in schema else _type(schema["items"])
        return f"{inner}[]" if " " not in inner else f"({inner})[]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {_type(values) if isinstance(values, dict) else 'unknown'}>"
    simple = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
    return simple.get(str(kind), "unknown")


def _doc(schema: dict[str, Any]) -> str:
    return f"/** {schema['description']} */\n" if "description" in schema else ""
