"""One question as the builder's page shows and reads it, with ready-made questions to start from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from app.core.declare import Basis
from app.core.errors import Problem, invalid
from app.core.i18n import languages, words, zone
from app.registration.form import CONDITIONAL, Choice, Field, Kind, Need, Plan, SeenBy

PLAIN = {
    "identifier", "kind", "need", "after_date", "after_time", "after_zone", "low", "high", "purpose", "basis", "retention_days",
    "seen_by", "special",
}  # fmt: skip
KINDS: Mapping[str, str] = {
    "line": words("One line"),
    "text": words("Several lines"),
    "number": words("Number"),
    "boolean": words("Yes or no"),
    "choice": words("One of several"),
    "multiple": words("Any of several"),
    "date": words("Date"),
    "time": words("Time"),
    "moment": words("Date and time"),
    "country": words("Country"),
    "phone": words("Telephone number"),
    "email": words("Another e-mail address"),
    "url": words("Web address"),
    "file": words("File"),
}
BASES: Mapping[str, str] = {
    "consent": words("Consent: people may leave it empty without loss"),
    "contract": words("Contract: needed for what they sign up for"),
    "legitimate_interests": words("Legitimate interest: they may object"),
    "legal_obligation": words("The law asks for it"),
    "public_task": words("Task in the public interest"),
    "vital_interests": words("To protect somebody’s life"),
}
SEEN = {
    "admins": words("Owner and administrators only"),
    "managers": words("Also registration managers"),
    "crew": words("Also moderators and presenters"),
}
READY: Mapping[str, Field] = {
    "organisation": Field(
        identifier="organisation", kind="line", labels={"en": "Organisation"}, purpose="to know who takes part", basis="consent"
    ),
    "role": Field(identifier="role", kind="line", labels={"en": "What do you do?"}, purpose="to prepare the webinar"),
    "country": Field(identifier="country", kind="country", labels={"en": "Country"}, purpose="to count where people come from"),
    "wishes": Field(
        identifier="wishes",
        kind="text",
        labels={"en": "What would you like to hear about?"},
        purpose="to prepare the webinar",
        high="1000",
    ),
    "source": Field(
        identifier="source",
        kind="choice",
        labels={"en": "How did you hear of this?"},
        purpose="to know which announcements are read",
        choices=(
            Choice("mail", {"en": "By mail"}),
            Choice("colleague", {"en": "From a colleague"}),
            Choice("web", {"en": "On the web"}),
        ),
    ),
    "phone": Field(identifier="phone", kind="phone", labels={"en": "Telephone number"}, purpose="to call you if the link fails"),
}


def controls() -> set[str]:
    """Every control of the page."""
    each = {f"{name}_{lang}" for name in ("label", "help", "choices") for lang in languages()}
    return PLAIN | each | {"when"}


def read(values: Mapping[str, Sequence[str]], known: Field | None) -> Field:
    """A question from the builder's page. Raises with a message for each control."""
    wrong: dict[str, str] = {}
    kind = _pick(values, "kind", get_args(Kind), wrong)
    labels = {lang: text for lang in languages() if (text := " ".join(_one(values, f"label_{lang}").split()))}
    identifier = _one(values, "identifier").strip().lower() or slug(next(iter(labels.values()), ""))
    if not labels:
        wrong[f"label_{languages()[0]}"] = "Write the question."
    when_field, when_values = _condition(values, wrong)
    made: dict[str, Any] = {
        "id": known.id if known else "",
        "identifier": known.identifier if known else identifier,
        "kind": kind,
        "labels": labels,
        "helps": {lang: text for lang in languages() if (text := _one(values, f"help_{lang}").strip())},
        "need": _pick(values, "need", get_args(Need), wrong),
        "need_after": _after(values, wrong),
        "low": _one(values, "low").strip(),
        "high": _one(values, "high").strip(),
        "choices": _choices(values, known) if kind in ("choice", "multiple") else (),
        "when_field": when_field,
        "when_values": when_values,
        "purpose": " ".join(_one(values, "purpose").split()),
        "basis": _pick(values, "basis", get_args(Basis), wrong),
        "retention_days": _days(_one(values, "retention_days").strip(), wrong),
        "seen_by": _pick(values, "seen_by", get_args(SeenBy), wrong),
        "special": _one(values, "special") == "on",
    }
    if len(made["purpose"]) < 3:
        wrong["purpose"] = "Say in a few words what the answer is for. People read it, and the data register lists it."
    if wrong:
        raise invalid(wrong)
    return Field(**made)


def values_of(field: Field, zone_name: str) -> dict[str, Any]:
    """A question as its page shows it."""
    values: dict[str, Any] = {
        "identifier": field.identifier,
        "kind": field.kind,
        "need": field.need,
        "low": field.low,
        "high": field.high,
        "purpose": field.purpose,
        "basis": field.basis,
        "retention_days": "" if field.retention_days is None else str(field.retention_days),
        "seen_by": field.seen_by,
        "special": "on" if field.special else "",
        "when": [f"{field.when_field}:{value}" for value in field.when_values],
        "after_zone": zone_name,
    }
    if field.need_after:
        local = field.need_after.astimezone(zone(zone_name))
        values |= {"after_date": local.date().isoformat(), "after_time": local.strftime("%H:%M")}
    for lang in languages():
        values[f"label_{lang}"] = field.labels.get(lang, "")
        values[f"help_{lang}"] = field.helps.get(lang, "")
        values[f"choices_{lang}"] = "\n".join(choice.labels.get(lang, "") for choice in field.choices)
    return values


def conditions(plan: Plan, before: str, lang: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the question ``before`` may depend on: earlier questions with few answers, as ``identifier:value`` and text."""
    found = []
    for field in plan.fields:
        if field.identifier == before:
            break
        if field.kind in CONDITIONAL and field.kind != "country":
            options = field.options(lang) if field.choices else [("yes", words("Yes")), ("no", words("No"))]
            found.append((field.label(lang), [(f"{field.identifier}:{value}", text) for value, text in options]))
    return found


def slug(text: str) -> str:
    """A short name made from words."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40]
    return name if name[:1].isalpha() else f"q_{name}"[:40].rstrip("_")


def place(fields: Sequence[Field], wanted: Sequence[str]) -> list[Field]:
    """The questions in the order of ``wanted`` ids. Raises when it names others."""
    known = {field.id: field for field in fields}
    if sorted(known) != sorted(wanted):
        raise Problem("form.order", "The form was changed meanwhile. Load the page again.", status=409)
    return [known[one] for one in wanted]


def _choices(values: Mapping[str, Sequence[str]], known: Field | None) -> tuple[Choice, ...]:
    """One answer on each line. An answer keeps its short name when its words are changed in place or moved."""
    texts = {lang: [line.strip() for line in _one(values, f"choices_{lang}").split("\n")] for lang in languages()}
    main = next((lang for lang in languages() if any(texts[lang])), languages()[0])
    lines = [(at, line) for at, line in enumerate(texts[main]) if line]
    before = known.choices if known else ()
    same_words = {choice.labels.get(main, ""): choice.id for choice in before}
    made: list[Choice] = []
    for at, line in lines:
        name = same_words.get(line) or (before[at].id if len(before) == len(lines) and at < len(before) else "")
        taken = {choice.id for choice in made}
        name = (
            name
            if name and name not in taken
            else _free(slug(line).removeprefix("q_") or "answer", taken | set(same_words.values()))
        )
        labels = {lang: texts[lang][at] for lang in languages() if at < len(texts[lang]) and texts[lang][at]}
        made.append(Choice(name, labels))
    return tuple(made)


def _free(name: str, taken: set[str]) -> str:
    number, made = 2, name[:36]
    while made in taken:
        made, number = f"{name[:36]}_{number}", number + 1
    return made


def _condition(values: Mapping[str, Sequence[str]], wrong: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    pairs = [one.partition(":") for one in values.get("when", ()) if one]
    names = {name for name, _, _ in pairs}
    if len(names) > 1:
        wrong["when"] = "Choose answers of one question only."
        return "", ()
    return (names.pop(), tuple(value for _, _, value in pairs)) if names else ("", ())


def _after(values: Mapping[str, Sequence[str]], wrong: dict[str, str]) -> datetime | None:
    if _one(values, "need") != "after":
        return None
    try:
        local = datetime.fromisoformat(f"{_one(values, 'after_date')}T{_one(values, 'after_time') or '00:00'}")
    except ValueError:
        wrong["after"] = "Say from when on it is required."
        return None
    return local.replace(tzinfo=zone(_one(values, "after_zone") or "UTC")).astimezone(UTC)


def _days(text: str, wrong: dict[str, str]) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > 3650:
        wrong["retention_days"] = "Write a number of days from 0 to 3650, or leave it empty."
        return None
    return int(text)


def _pick(values: Mapping[str, Sequence[str]], name: str, known: tuple[str, ...], wrong: dict[str, str]) -> str:
    value = _one(values, name) or known[0]
    if value not in known:
        wrong[name] = "Choose one of these."
    return value


def _one(values: Mapping[str, Sequence[str]], name: str) -> str:
    found = values.get(name, ())
    return found[-1] if found else ""
