"""The live protocol as files, made from the code itself: AsyncAPI, JSON Schema, and types for the browser's code."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from app.main import command_table
from app.protocol.schema import asyncapi, schemas
from app.protocol.typescript import declarations
from app.settings import Settings

TYPES = "frontend/src/protocol/messages.d.ts"


def documents(settings: Settings) -> dict[str, str]:
    """Each form by its short name."""
    needs = command_table(settings).needs
    room = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": {"schemas": schemas(list(needs))}}
    return {
        "ts": declarations(list(needs)),
        "json": _pretty(room),
        "asyncapi": _pretty(asyncapi({struct: str(permission) for struct, permission in needs.items()})),
    }


def _pretty(content: Mapping[str, object]) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"
