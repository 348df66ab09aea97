"""One parser for what visitors send, by page or by API: unknown names refused, hidden questions neither checked nor kept."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from app.core.errors import Problem, invalid
from app.registration import kinds
from app.registration.form import Field, Plan, visible
from app.registration.kinds import Wrong

NAME_MAX = 120
FILE_MAX = 1_000_000
"""Bytes of one file; with all others it must fit into one request."""
FILE_TYPES = (".pdf", ".png", ".jpg", ".jpeg", ".txt", ".csv", ".docx", ".odt", ".xlsx", ".ods")
AGREE = "I agree explicitly that my answer to “{label}” is stored, for this purpose: {purpose}"
BUILT_IN = ("name", "email")


class Upload(msgspec.Struct, frozen=True):
    """A file as it came."""

    name: str
    data: bytes


Raw = Mapping[str, Sequence[str] | Upload]
"""What was sent: control name → values. A question's control is named ``q_<identifier>``, its explicit agreement ``a_<identifier>``."""


class Value(msgspec.Struct, frozen=True):
    """One answer to keep."""

    stored: str
    file_name: str = ""
    agreed: str = ""


class Answers(msgspec.Struct, frozen=True):
    """Everything that fits and is to be kept."""

    name: str
    email: str
    values: dict[str, Value]
    """By id of the field."""


class Context(msgspec.Struct, frozen=True):
    """What the reading depends on besides the form itself."""

    now: datetime
    lang: str
    staff: bool = False
    """Staff and API vouch for what they send: nothing is required but an address where the policy requires one."""


def names_of(plan: Plan) -> set[str]:
    """Every control the form can have."""
    return {
        *BUILT_IN,
        *(field.name for field in plan.fields),
        *(f"a_{field.identifier}" for field in plan.fields if field.special),
    }


def given(plan: Plan, raw: Raw) -> dict[str, list[str]]:
    """What was sent, by identifier; for conditions."""
    found: dict[str, list[str]] = {}
    for field in plan.fields:
        sent = raw.get(field.name, ())
        values = [] if isinstance(sent, Upload) else [value for value in sent if value]
        if field.kind == "boolean":
            values = ["yes" if values and values[-1] in ("on", "yes", "true", "1") else "no"]
        if field.kind == "multiple":
            values = [part for value in values for part in value.split(",") if part]
        found[field.identifier] = values
    return found


def read(plan: Plan, raw: Raw, context: Context) -> Answers:
    """The answers. Raises with a message for each control that does not fit."""
    for name in raw:
        if name not in names_of(plan):
            raise Problem("field.unknown", "The form has a field we do not know: {name}", status=422, params={"name": name[:60]})
    wrong: dict[str, str] = {}
    name = _built_in(plan, raw, "name", wrong, context)
    email = _built_in(plan, raw, "email", wrong, context)
    values: dict[str, Value] = {}
    for field in visible(plan, given(plan, raw)):
        try:
            value = _one(field, raw, context)
        except Wrong as error:
            wrong[field.name] = error.text
            continue
        if value is not None:
            values[field.id] = value
    if wrong:
        raise invalid(wrong)
    return Answers(name, email, values)


def agreement(field: Field, lang: str) -> str:
    """The sentence somebody agrees to before a special category is stored."""
    return AGREE.format(label=field.label(lang), purpose=field.purpose)


def _built_in(plan: Plan, raw: Raw, which: str, wrong: dict[str, str], context: Context) -> str:
    ask = plan.policy.ask_name if which == "name" else plan.policy.ask_email
    sent = raw.get(which, ())
    text = "" if isinstance(sent, Upload) or not sent else sent[-1].strip()
    if ask == "off":
        return ""
    if not text:
        if ask == "required" and not (context.staff and which == "name"):
            wrong[which] = "Write your name." if which == "name" else "Write your e-mail address."
        return ""
    try:
        return _name(text) if which == "name" else _allowed(plan, kinds.email(kinds.clean_line(text)), context)
    except Wrong as error:
        wrong[which] = error.text
        return ""


def _name(text: str) -> str:
    text = kinds.clean_line(text)
    if len(text) > NAME_MAX:
        raise Wrong("Use at most {n} characters.", n=NAME_MAX)
    return text


def _allowed(plan: Plan, email: str, context: Context) -> str:
    domain = email.rpartition("@")[2].casefold()
    domains = plan.policy.domains
    if domains and not context.staff and not any(domain == one or domain.endswith(f".{one}") for one in domains):
        raise Wrong("Use an address of your organisation: {domains}.", domains=", ".join(f"@{one}" for one in domains))
    return email


def _one(field: Field, raw: Raw, context: Context) -> Value | None:
    required = field.required(context.now) and not context.staff
    sent = raw.get(field.name, ())
    read_one = _file if field.kind == "file" else _typed
    value = read_one(field, sent, required=required)
    if value is None or not field.special:
        return value
    agreed = raw.get(f"a_{field.identifier}", ())
    if not context.staff and (isinstance(agreed, Upload) or not agreed or agreed[-1] not in ("on", "yes", "true")):
        raise Wrong("Agree to its storing as well, or leave the answer empty.")
    text = agreement(field, context.lang)
    return msgspec.structs.replace(value, agreed="" if context.staff else hashlib.sha256(text.encode()).hexdigest())


def _typed(field: Field, sent: Sequence[str] | Upload, *, required: bool) -> Value | None:
    if isinstance(sent, Upload):
        raise Wrong("This is not a place for a file.")
    text = ",".join(part for part in sent if part) if field.kind == "multiple" else (sent[-1] if sent else "")
    if field.kind == "boolean":
        stored = kinds.read(field, text) if text.strip() else "no"
        if stored == "no" and required:
            raise Wrong("Tick this to go on.")
        return Value(stored) if stored == "yes" else None
    if not text.strip():
        if required:
            raise Wrong("Answer this question.")
        return None
    stored = kinds.read(field, text)
    return Value(stored) if stored else None


def _file(field: Field, sent: Sequence[str] | Upload, *, required: bool) -> Value | None:
    if not isinstance(sent, Upload) or not sent.name:
        if required:
            raise Wrong("Choose a file.")
        return None
    name = kinds.clean_line(sent.name.replace("/", " ").replace("\\", " "))[:120]
    if not name.lower().endswith(FILE_TYPES):
        raise Wrong("Choose a file of one of these kinds: {kinds}.", kinds=", ".join(one[1:] for one in FILE_TYPES))
    most = min(int(field.high or FILE_MAX // 1000) * 1000, FILE_MAX)
    if len(sent.data) > most:
        raise Wrong("Choose a file of at most {n} KB.", n=most // 1000)
    return Value(base64.b64encode(sent.data).decode(), file_name=name)
