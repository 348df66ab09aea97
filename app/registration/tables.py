"""CSV as people send it: any usual separator and encoding, a head or none; and which column means what."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

import msgspec

from app.core.errors import Problem, invalid
from app.registration import answers
from app.registration.answers import Context
from app.registration.form import Plan

ROWS_MAX = 5000
COLUMNS_MAX = 60
_ADDRESS = re.compile(r"[^\s<>,;\"]+@[^\s<>,;\"]+")
_NAMES = {
    "email": ("email", "e-mail", "mail", "e-mail address", "email address", "adresse", "e-mailadres", "address"),
    "name": ("name", "full name", "nom", "naam", "participant"),
}


class Table(msgspec.Struct, frozen=True):
    """Heads and rows, each as long as the heads."""

    heads: list[str]
    rows: list[list[str]]


class Checked(msgspec.Struct, frozen=True):
    """One row after the check; ``number`` counts as the spreadsheet does, the head being 1."""

    number: int
    raw: dict[str, list[str]]
    email: str
    errors: dict[str, str]


def read(data: bytes) -> Table:
    """A table from a file. Raises for what is none, or too long."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\x00" in text:
        raise invalid({"file": "This is not a CSV file. In a spreadsheet, save it as CSV."})
    try:
        dialect: type[csv.Dialect] | str = csv.Sniffer().sniff(text[:4000], delimiters=",;\t")
    except csv.Error:
        dialect = "excel"
    try:
        lines = [line for line in csv.reader(io.StringIO(text), dialect) if any(cell.strip() for cell in line)]
    except csv.Error:
        raise invalid({"file": "This is not a CSV file. In a spreadsheet, save it as CSV."}) from None
    if len(lines) < 2:
        raise invalid({"file": "The file needs a line of heads and one row at least."})
    if len(lines) > ROWS_MAX + 1 or len(lines[0]) > COLUMNS_MAX:
        raise invalid({"file": "Send at most 5000 rows and 60 columns in one file."})
    heads = [" ".join(cell.split())[:80] or f"#{at + 1}" for at, cell in enumerate(lines[0])]
    return Table(heads, [(line + [""] * len(heads))[: len(heads)] for line in lines[1:]])


def guess(table: Table, plan: Plan, lang: str) -> list[str]:
    """For each column what it probably means: name, email, the short name of a question, or nothing."""
    known = {field.identifier: {field.identifier, field.label(lang).casefold()} for field in plan.fields}
    known |= {name: set(words) for name, words in _NAMES.items()}
    taken: set[str] = set()
    found = []
    for head in table.heads:
        name = next((one for one, words in known.items() if head.casefold() in words and one not in taken), "")
        taken.add(name)
        found.append(name)
    return found


def check(table: Table, mapping: Sequence[str], plan: Plan, context: Context) -> list[Checked]:
    """Each row read by the form's own parser."""
    seen: set[str] = set()
    done = []
    for at, row in enumerate(table.rows):
        raw = _raw(row, mapping)
        errors: dict[str, str] = {}
        email = ""
        try:
            email = answers.read(plan, raw, context).email
        except Problem as problem:
            errors = problem.fields or {"": problem.text}
        if email and email.casefold() in seen:
            errors = {"email": "This address stands in the file twice."}
        seen.add(email.casefold())
        done.append(Checked(at + 2, raw, email, errors))
    return done


def addresses(text: str) -> list[tuple[str, str]]:
    """Names and addresses from pasted lines: ``Ada <ada@example.org>``, ``ada@example.org; Ada`` or the address alone."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        for match in list(_ADDRESS.finditer(line))[:1]:
            name = re.sub(r"[<>,;\"\t]+", " ", line[: match.start()] + " " + line[match.end() :])
            found.append((" ".join(name.split())[: answers.NAME_MAX], match[0].strip(".,;")))
    return found


def _raw(row: Sequence[str], mapping: Sequence[str]) -> dict[str, list[str]]:
    raw: dict[str, list[str]] = {}
    for name, cell in zip(mapping, row, strict=True):
        if name and cell.strip():
            raw[name if name in answers.BUILT_IN else f"q_{name}"] = [cell.strip()]
    return raw


def words_for(plan: Plan, lang: str) -> Mapping[str, str]:
    """What a column can mean, in words."""
    return {field.identifier: field.label(lang) for field in plan.fields if field.kind != "file"}
