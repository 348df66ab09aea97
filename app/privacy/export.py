"""A participant's own data (Art. 15 and 20 GDPR), read by the data map: JSON for programs and a page for people.

Sealed columns must be sealed with ``table.column|row`` as associated data, by the person's box or the webinar's; the row is its
primary key, parts joined by commas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import jinja2
import msgspec
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.declare import Personal
from app.privacy.map import DataMap
from app.privacy.scope import Owners, Target, personal_columns
from app.privacy.vault import Box, KeyDestroyed, SealBroken, Vault

FORMAT = "lectern.subject-export/1"


class Value(msgspec.Struct, frozen=True):
    """One stored value with why it is there."""

    field: str
    value: object
    category: str
    purpose: str
    basis: str
    retention: str


class Part(msgspec.Struct, frozen=True):
    """What one table or store holds of the person: rows of values."""

    place: str
    rows: list[list[Value]]


class SubjectExport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything stored about one person in one webinar."""

    format: str = FORMAT
    made_at: datetime
    webinar: str
    person: str
    parts: list[Part]


async def subject_export(
    session: AsyncSession, vault: Vault, data_map: DataMap, target: Target, at: datetime, more: Sequence[Part] = ()
) -> SubjectExport:
    """The export of the one person of ``target``. ``more``: parts from stores other than the database."""
    boxes = await _boxes(vault, target)
    owners = Owners(data_map.metadata)
    parts = []
    for table in data_map.metadata.sorted_tables:
        condition = owners.rows(table, target)
        words = {name: word for name, word in personal_columns(table).items() if word.export}
        if condition is None or not words:
            continue
        found = (await session.execute(select(table).where(condition))).mappings().all()
        if found:
            parts.append(Part(str(table.name), [_row(table, words, dict(row), boxes) for row in found]))
    return SubjectExport(made_at=at, webinar=target.webinar_id, person=target.persons[0], parts=[*parts, *more])


def export_json(content: SubjectExport) -> bytes:
    """For programs."""
    return msgspec.json.format(msgspec.json.encode(content), indent=2)


def export_html(content: SubjectExport, lang: str, title: str, labels: Mapping[str, str]) -> str:
    """One file for people, readable without anything else. ``labels``: translated column heads."""
    return _PAGE.render(content=content, lang=lang, title=title, labels=labels)


async def _boxes(vault: Vault, target: Target) -> list[Box]:
    person = target.persons[0]
    try:
        known = await vault.boxes_of(target.webinar_id, [person])
    except KeyDestroyed:
        return []
    return [known[person]] if person in known else []


def _row(table: Table, words: Mapping[str, Personal], row: Mapping[str, Any], boxes: Sequence[Box]) -> list[Value]:
    row_id = ",".join(str(row[column.name]) for column in table.primary_key)
    values = []
    for name, word in words.items():
        value = row[name]
        if word.sealed and isinstance(value, bytes):
            value = _opened(value, f"{table.name}.{name}|{row_id}", boxes)
        if value not in (None, "", b""):
            values.append(Value(str(name), value, word.category, word.purpose, word.basis, word.retention))
    return values


def _opened(blob: bytes, aad: str, boxes: Sequence[Box]) -> str | None:
    for box in boxes if blob else ():
        try:
            return box.open_text(blob, aad)
        except SealBroken:
            continue
    return None


_PAGE = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""\
<!doctype html>
<html lang="{{ lang }}">
<head><meta charset="utf-8"><title>{{ title }}</title><meta name="viewport" content="width=device-width"></head>
<body>
<h1>{{ title }}</h1>
<p><time datetime="{{ content.made_at.isoformat() }}">{{ content.made_at.strftime("%Y-%m-%d %H:%M UTC") }}</time></p>
{% for part in content.parts %}
<h2>{{ part.place }}</h2>
{% for row in part.rows %}
<table>
<thead><tr>{% for name in ("field", "value", "purpose", "retention") %}<th scope="col">{{ labels.get(name, name) }}</th>{% endfor %}</tr></thead>
<tbody>
{% for value in row %}
<tr><th scope="row">{{ value.field }}</th><td>{{ value.value }}</td><td>{{ value.purpose }}</td><td>{{ value.retention }}</td></tr>
{% endfor %}
</tbody>
</table>
{% endfor %}
{% endfor %}
</body>
</html>
""")
