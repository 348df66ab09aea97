"""The archive's form: a ZIP with a manifest, rows as NDJSON as they are stored, keys, sealed files, and everything once more to read.

``tables/`` and ``keys.ndjson`` are what an import needs: with the keys, sealed rows and their blind indexes stay as they are. ``readable/``
holds the same rows opened, for people and other programs. So an archive is as confidential as all it holds.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import LargeBinary, MetaData, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.db import UtcTime
from app.privacy.scope import Owners, Target

FORMAT = "lectern.account/1"
MANIFEST, KEYS = "manifest.json", "keys.ndjson"
LEFT_OUT = frozenset(
    {"job", "happening", "staff_session", "api_replay", "voter_token", "export_file", "breach_notice", "retention_notice"}
)
"""What is under way or belongs to this server: queues, sign-ins, temporary files, tokens that keep a poll anonymous, its own notices."""


class Part(msgspec.Struct, frozen=True):
    """One file of the archive."""

    sha256: str
    rows: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in it; written last."""

    format: str = FORMAT
    version: str
    schema: str
    """Name of the newest migration: an import needs the same."""
    account: str
    made_at: datetime
    files: dict[str, Part]


class Key(msgspec.Struct, frozen=True):
    """One key; without a value it is the mark that whoever it was is erased."""

    scope: str
    person: str
    value: bytes | None


def tables(metadata: MetaData, account_id: str) -> list[tuple[Table, Any]]:
    """Every table with rows of the account, parents first, with the condition for them."""
    owners = Owners(metadata)
    target = Target("account", account_id)
    found = [(table, owners.rows(table, target)) for table in metadata.sorted_tables if table.name not in LEFT_OUT]
    return [(table, condition) for table, condition in found if condition is not None]


def scopes(account_id: str, webinars: Sequence[str]) -> list[str]:
    """Names of the keys that go with an account."""
    return [f"account:{account_id}", *(f"{kind}:{webinar}" for webinar in webinars for kind in ("webinar", "things"))]


def encode(row: Mapping[str, Any]) -> bytes:
    """A row as one line."""
    return msgspec.json.encode({name: _plain(value) for name, value in row.items()}, order="sorted") + b"\n"


def decode(table: Table, line: bytes) -> dict[str, Any]:
    """The row again, in the types of its columns. Raises for a column this version does not know."""
    row: dict[str, Any] = msgspec.json.decode(line)
    if unknown := set(row) - set(table.c.keys()):
        raise ValueError(f"{table.name} has no column {min(unknown)}")
    return {name: _typed(table, name, value) for name, value in row.items()}


async def schema_of(connection: AsyncConnection) -> str:
    """The newest migration of a database; empty where none ran."""
    known = await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "alembic_version"))
    if not known:
        return ""
    return str((await connection.exec_driver_sql("SELECT version_num FROM alembic_version")).scalar_one_or_none() or "")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return value


def _typed(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type
    if isinstance(kind, LargeBinary) and isinstance(value, dict):
        return base64.b64decode(value["base64"])
    if isinstance(kind, UtcTime) and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value
