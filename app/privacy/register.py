"""The data register (Art. 30 GDPR), printed from the data map: as a page's context, JSON, CSV and a Fides dataset."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from app.privacy.map import DataMap, Entry
from app.settings import Settings

HEAD = tuple(Entry.__struct_fields__)


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """The register of an installation, an account or a webinar."""

    operator: str
    contact: str
    location: str
    entries: list[Entry]


def register(settings: Settings, data_map: DataMap, declared: Sequence[Entry] = ()) -> Register:
    """All that is stored about people, with the fields organisers ``declared``."""
    return Register(
        operator=settings.operator_name,
        contact=settings.operator_contact,
        location=settings.data_location,
        entries=data_map.entries(declared),
    )


def register_json(content: Register) -> str:
    """For programs."""
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()


def register_csv(content: Register) -> str:
    """For spreadsheets (RFC 4180). Text that a spreadsheet would run as a formula is made harmless."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    writer.writerows([_cell(getattr(entry, name)) for name in HEAD] for entry in content.entries)
    return out.getvalue()


def register_fides(content: Register) -> str:
    """A Fides dataset in YAML, which the ``fideslang`` package validates."""
    places: dict[str, list[Entry]] = defaultdict(list)
    for entry in content.entries:
        places[entry.place].append(entry)
    lines = [
        "dataset:",
        "  - fides_key: lectern",
        f"    name: {_text('Lectern')}",
        f"    description: {_text('What is stored about people: ' + content.operator)}",
        "    collections:",
    ]
    for place, entries in places.items():
        lines += [f"      - name: {_text(place)}", "        fields:"]
        for entry in entries:
            lines += [
                f"          - name: {_text(entry.field)}",
                f"            description: {_text(f'{entry.purpose} ({entry.subject}; {entry.basis}; kept: {entry.retention})')}",
                f"            data_categories: [{entry.category}]",
            ]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _text(value: str) -> str:
    # A JSON string is a YAML double-quoted scalar.
    return json.dumps(value, ensure_ascii=False)
