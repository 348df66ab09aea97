"""The form builder's verbs: check and save a webinar's questions, and advice where a form asks for more than it needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import get_args

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.declare import Basis
from app.core.errors import invalid
from app.core.i18n import words
from app.core.ids import is_id, new_id
from app.core.unit import Unit, Work
from app.registration.form import CONDITIONAL, Field, Plan
from app.registration.models import Answer, FormField
from app.rooms.models import Webinar

FIELDS_MAX, CHOICES_MAX, LABEL_MAX, HELP_MAX = 60, 60, 300, 600
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CHOICE = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
WHOLE = ("line", "text", "multiple", "file")
"""Kinds whose bounds are counts."""
_IDENTITY = re.compile(
    r"birth|geburt|naissance|geboorte|passport|pass\b|national|insurance|social.?security|iban|id.?card|rijksregister",
    re.IGNORECASE,
)
_MARKETING = re.compile(r"newsletter|marketing|offers?\b|advert|werbung|publicit|nieuwsbrief|promo", re.IGNORECASE)


class Advice(msgspec.Struct, frozen=True):
    """A helpful remark about one question, or with an empty name about the form."""

    identifier: str
    text: str


async def save(unit: Unit, webinar_id: str, fields: Sequence[Field]) -> None:
    """Make the form these questions in this order. A question that is left out goes with all its answers."""
    check(fields)
    query = select(FormField).where(FormField.webinar_id == webinar_id)
    known = {row.id: row for row in (await unit.session.execute(query)).scalars()}
    kept = {field.id for field in fields if field.id in known}
    gone = [row_id for row_id in known if row_id not in kept]
    await unit.session.execute(delete(Answer).where(Answer.field_id.in_(gone)))
    await unit.session.execute(delete(FormField).where(FormField.id.in_(gone)))
    for place, field in enumerate(fields):
        row = known.get(field.id)
        if row is None:
            row = FormField(id=new_id(), webinar_id=webinar_id)
            unit.session.add(row)
        _fill(row, place, field)
    await unit.session.flush()


async def answered(session: AsyncSession, webinar_id: str) -> dict[str, int]:
    """How many answers each question has, by id: what goes when it is removed."""
    query = select(Answer.field_id, func.count()).join(FormField, FormField.id == Answer.field_id)
    query = query.where(FormField.webinar_id == webinar_id).group_by(Answer.field_id)
    return {row[0]: row[1] for row in await session.execute(query)}


def check(fields: Sequence[Field]) -> None:
    """Raises with a message for each question that cannot stand: ``identifier`` → what to mend."""
    wrong: dict[str, str] = {}
    if len(fields) > FIELDS_MAX:
        wrong[""] = "Ask at most 60 questions."
    before: dict[str, Field] = {}
    for field in fields:
        if problem := _problem(field, before):
            wrong[field.identifier or field.id] = problem
        before[field.identifier] = field
    if wrong:
        raise invalid(wrong)


def advice(plan: Plan) -> list[Advice]:
    """Where less would do: identity, mandatory marketing, more than needed."""
    found: list[Advice] = []
    required = [field for field in plan.fields if field.need == "required"]
    for field in plan.fields:
        said = f"{field.identifier} {' '.join(field.labels.values())}"
        if _IDENTITY.search(said):
            found.append(
                Advice(field.identifier, words("This says who somebody is beyond doubt. Ask for it only if the law makes you."))
            )
        if _MARKETING.search(f"{said} {field.purpose}") and field.need != "optional":
            found.append(
                Advice(
                    field.identifier,
                    words("Agreement to marketing is not free when it is required. Make it optional, or a consent."),
                )
            )
        if field.special and field.need != "optional":
            found.append(
                Advice(
                    field.identifier, words("A special category can hardly be required: who says no must be able to take part.")
                )
            )
        if field.kind == "phone" and field.need == "required":
            found.append(
                Advice(field.identifier, words("Few people like to give a telephone number. Would the e-mail address do?"))
            )
    if len(required) > 5:
        found.append(Advice("", words("More than five answers are required. Every one keeps some people away.")))
    if plan.policy.ask_email == "off" and any(field.kind == "email" for field in plan.fields):
        found.append(
            Advice("", words("Mails go to the address of the first part of the form, not to an address asked as a question."))
        )
    return found


class FieldTerms:
    """Answers whose question has a time of its own: cleared when it is over. Implements privacy's ``FieldTerms``."""

    async def expire(self, work: Work, now: datetime) -> int:
        """Clear what is over; returns how many answers."""
        query = (
            select(FormField.id, FormField.retention_days, Webinar.ends_at)
            .join(Webinar, Webinar.id == FormField.webinar_id)
            .where(FormField.retention_days.is_not(None), Webinar.ends_at < now)
        )
        async with work.read() as session:
            rows = (await session.execute(query)).all()
        over = [row.id for row in rows if row.ends_at + timedelta(days=row.retention_days) <= now]
        if not over:
            return 0
        async with work.unit() as unit:
            gone = await unit.session.execute(delete(Answer).where(Answer.field_id.in_(over)).returning(Answer.field_id))
            return len(gone.all())


def _fill(row: FormField, place: int, field: Field) -> None:
    row.position = place
    for name in Field.__struct_fields__:
        if name in ("id", "choices", "when_values"):
            continue
        setattr(row, name, getattr(field, name))
    row.choices = [msgspec.to_builtins(choice) for choice in field.choices]
    row.when_values = list(field.when_values)


def _problem(field: Field, before: dict[str, Field]) -> str:
    return (
        _name(field, before) or _words(field) or _terms(field) or _bounds(field) or _choices(field) or _condition(field, before)
    )


def _name(field: Field, before: dict[str, Field]) -> str:
    if not _NAME.fullmatch(field.identifier) or field.identifier in ("name", "email"):
        return words("Give it a short name of small letters, digits and _ that begins with a letter.")
    if field.identifier in before:
        return words("Two questions have this short name. Change one.")
    return words("This question is not known. Load the page again.") if field.id and not is_id(field.id) else ""


def _words(field: Field) -> str:
    if not any(text.strip() for text in field.labels.values()):
        return words("Write the question.")
    if any(len(text) > LABEL_MAX for text in field.labels.values()) or any(len(text) > HELP_MAX for text in field.helps.values()):
        return words("The question or its help is too long.")
    if not 3 <= len(field.purpose.strip()) <= 200:
        return words("Say in a few words what the answer is for. People read it, and the data register lists it.")
    return ""


def _terms(field: Field) -> str:
    if field.basis not in get_args(Basis) or (field.special and field.basis != "consent"):
        return words("A special category needs consent as its legal basis.")
    if field.need == "after" and field.need_after is None:
        return words("Say from when on it is required.")
    if field.retention_days is not None and not 0 <= field.retention_days <= 3650:
        return words("Keep answers from 0 to 3650 days after the webinar.")
    return ""


def _bounds(field: Field) -> str:
    for bound in (field.low, field.high):
        if bound and (len(bound) > 20 or not _fits(field, bound)):
            return words("A bound does not fit this kind of answer.")
    if field.low and field.high and _size(field, field.low) > _size(field, field.high):
        return words("The lower bound is above the upper one.")
    return ""


def _fits(field: Field, bound: str) -> bool:
    try:
        if field.kind in WHOLE:
            return bound.isascii() and bound.isdigit() and int(bound) <= 10_000
        if field.kind == "number":
            return Decimal(bound).is_finite()
        if field.kind == "date":
            return bool(date.fromisoformat(bound))
        if field.kind == "time":
            return time.fromisoformat(bound).tzinfo is None
        if field.kind == "moment":
            return datetime.fromisoformat(bound).tzinfo is None
    except (ValueError, InvalidOperation):
        return False
    return False


def _size(field: Field, bound: str) -> tuple[Decimal, str]:
    return (Decimal(bound), "") if field.kind in (*WHOLE, "number") else (Decimal(0), bound)


def _choices(field: Field) -> str:
    if field.kind not in ("choice", "multiple"):
        return words("Only a choice has answers to choose from.") if field.choices else ""
    ids = [choice.id for choice in field.choices]
    if not 1 <= len(ids) <= CHOICES_MAX or len(set(ids)) != len(ids):
        return words("Give it from 1 to 60 answers to choose from, each once.")
    if not all(_CHOICE.fullmatch(one) for one in ids):
        return words("Answers have short names of small letters, digits and _.")
    if not all(any(text.strip() for text in choice.labels.values()) for choice in field.choices):
        return words("Write every answer to choose from.")
    return ""


def _condition(field: Field, before: dict[str, Field]) -> str:
    if not field.when_field:
        return ""
    other = before.get(field.when_field)
    if other is None:
        return words("It depends on a question that does not come before it.")
    if other.kind not in CONDITIONAL:
        return words("It can depend on a yes or no, a choice or a country only.")
    known = {"boolean": {"yes", "no"}, "country": None}.get(other.kind, {choice.id for choice in other.choices})
    if not field.when_values or (known is not None and set(field.when_values) - known):
        return words("Choose the answers on which it is asked.")
    if known is None and not all(re.fullmatch(r"[A-Z]{2}", value) for value in field.when_values):
        return words("Choose the answers on which it is asked.")
    return ""
