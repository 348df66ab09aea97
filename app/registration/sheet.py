"""The form as a page draws it: what was typed, what is wrong, which questions hide, and reading what a browser sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from app.core.errors import Problem
from app.core.http import FIELD_MAX
from app.registration import kinds
from app.registration.answers import FILE_TYPES, Raw, Upload, agreement
from app.registration.form import Field, Plan, in_language

FEW = 5
"""Up to so many choices stand as buttons, more in a list."""
INPUTS = {
    "line": "text",
    "number": "number",
    "date": "date",
    "time": "time",
    "moment": "datetime-local",
    "phone": "tel",
    "email": "email",
    "url": "url",
}
AUTOCOMPLETE = {"phone": "tel", "email": "email", "url": "url", "country": "country"}


async def posted(request: Request, known: Collection[str]) -> dict[str, list[str] | Upload]:
    """What a browser sent, by control. Unknown names and oversized values are refused."""
    found: dict[str, list[str] | Upload] = {}
    async with request.form(max_files=10, max_fields=500) as data:
        for name, value in data.multi_items():
            if name not in known:
                raise Problem(
                    "field.unknown", "The form has a field we do not know: {name}", status=422, params={"name": name[:60]}
                )
            if isinstance(value, UploadFile):
                if value.filename:
                    found[name] = Upload(value.filename, await value.read())
                continue
            if len(value) > FIELD_MAX:
                raise Problem("field.too_long", "The field {name} is too long.", status=422, params={"name": name})
            values = found.setdefault(name, [])
            if isinstance(values, list):
                values.append(value.replace("\r\n", "\n"))
    return found


def drawn(plan: Plan, lang: str, now: datetime, raw: Raw, errors: Mapping[str, str]) -> list[dict[str, Any]]:
    """The questions for a template."""
    return [_drawn(plan, field, lang, now, raw, errors) for field in plan.fields]


def rules(plan: Plan) -> str:
    """CSS that hides questions whose condition does not hold, with no script: identifiers and values are plain words by rule."""
    lines = []
    for field in plan.fields:
        if not field.when_field or (other := plan.field(field.when_field)) is None:
            continue
        holds = ", ".join(_holds(other, value) for value in field.when_values)
        lines.append(f'form:not(:has({holds})) [data-question="{field.identifier}"] {{ display: none; }}')
    return "\n".join(lines)


def only_if(plan: Plan, field: Field, lang: str) -> str:
    """The condition in words."""
    other = plan.field(field.when_field)
    if other is None:
        return ""
    texts = dict(other.options(lang)) or (dict(kinds.countries(lang)) if other.kind == "country" else {})
    chosen = ", ".join(texts.get(value, "✓" if value == "yes" else value) for value in field.when_values)
    return f"“{other.label(lang)}” – {chosen}"


def _holds(other: Field, value: str) -> str:
    name = other.name
    if other.kind == "boolean":
        return f'[name="{name}"]:checked' if value == "yes" else f'[name="{name}"]:not(:checked)'
    # In a list it is the option that is checked, among buttons the button itself.
    return f'[name="{name}"] option[value="{value}"]:checked, [name="{name}"][value="{value}"]:checked'


def _drawn(plan: Plan, field: Field, lang: str, now: datetime, raw: Raw, errors: Mapping[str, str]) -> dict[str, Any]:
    sent = raw.get(field.name, ())
    values = [] if isinstance(sent, Upload) else list(sent)
    if field.kind == "multiple":
        # As it is stored the choices stand in one text.
        values = [part for value in values for part in value.split(",")]
    agreed = raw.get(f"a_{field.identifier}", ())
    required = field.required(now)
    options = kinds.countries(lang) if field.kind == "country" else field.options(lang)
    return {
        "identifier": field.identifier,
        "name": field.name,
        "kind": field.kind,
        "input": INPUTS.get(field.kind, "text"),
        "label": field.label(lang),
        "help": in_language(field.helps, lang),
        "required": required,
        # A hidden control that is required would keep the browser from sending the form at all.
        "enforced": required and not field.when_field,
        "options": options,
        "listed": field.kind == "country" or len(options) > FEW,
        "values": values,
        "value": values[-1] if values else "",
        "error": errors.get(field.name, ""),
        "when": only_if(plan, field, lang) if field.when_field else "",
        "agreement": agreement(field, lang) if field.special else "",
        "agreed": not isinstance(agreed, Upload) and bool(agreed),
        "accept": ",".join(FILE_TYPES),
        "attributes": _attributes(field),
    }


def _attributes(field: Field) -> dict[str, str]:
    found: dict[str, str] = {}
    if field.kind in ("number", "date", "time", "moment"):
        found |= {name: value for name, value in (("min", field.low), ("max", field.high)) if value}
    if field.kind == "number":
        found["step"] = "any"
    if field.kind in ("line", "text"):
        found["maxlength"] = field.high or str(kinds.LINE_MAX if field.kind == "line" else kinds.TEXT_MAX)
        if field.low:
            found["minlength"] = field.low
    if field.kind in AUTOCOMPLETE:
        found["autocomplete"] = AUTOCOMPLETE[field.kind]
    return found
