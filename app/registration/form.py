"""The form as the rest of registration sees it: policy, fields, and which of them a visitor has to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.declare import Basis
from app.core.permissions import Permission
from app.registration.models import FormField, RegistrationPolicy

Mode = Literal["none", "open", "approval", "invitation", "api"]
Ask = Literal["off", "optional", "required"]
Kind = Literal[
    "line",
    "text",
    "number",
    "boolean",
    "choice",
    "multiple",
    "date",
    "time",
    "moment",
    "country",
    "phone",
    "email",
    "url",
    "file",
]
Need = Literal["optional", "required", "after"]
SeenBy = Literal["admins", "managers", "crew"]

CONDITIONAL = ("boolean", "choice", "multiple", "country")
"""Kinds whose answer another field may depend on: their values are few and known."""


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the answers to choose from; ``id`` is what is stored."""

    id: str
    labels: dict[str, str]


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question."""

    id: str = ""
    identifier: str
    kind: Kind
    labels: dict[str, str]
    helps: dict[str, str] = {}
    need: Need = "optional"
    need_after: datetime | None = None
    low: str = ""
    high: str = ""
    choices: tuple[Choice, ...] = ()
    when_field: str = ""
    when_values: tuple[str, ...] = ()
    purpose: str
    basis: Basis = "consent"
    retention_days: int | None = None
    seen_by: SeenBy = "managers"
    special: bool = False

    @property
    def name(self) -> str:
        """Name of its control."""
        return f"q_{self.identifier}"

    def label(self, lang: str) -> str:
        """The question in ``lang``, or in the first language there is."""
        return in_language(self.labels, lang) or self.identifier

    def required(self, now: datetime) -> bool:
        """Whether it must be answered at ``now``."""
        return self.need == "required" or (self.need == "after" and self.need_after is not None and now >= self.need_after)

    def options(self, lang: str) -> list[tuple[str, str]]:
        """Choices as value and text."""
        return [(choice.id, in_language(choice.labels, lang) or choice.id) for choice in self.choices]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may register, and how. The defaults ask for nothing."""

    mode: Mode = "none"
    ask_name: Ask = "off"
    ask_email: Ask = "off"
    confirm_email: bool = True
    late_entry: bool = True
    capacity: int | None = None
    waiting_list: bool = True
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    domains: tuple[str, ...] = ()
    password: str = ""
    attendance: bool = False
    embed_hosts: tuple[str, ...] = ()

    @property
    def on(self) -> bool:
        """Whether a seat needs a registration."""
        return self.mode != "none"


class Plan(msgspec.Struct, frozen=True):
    """Policy and questions of one webinar."""

    webinar_id: str
    policy: Policy
    fields: tuple[Field, ...]

    def field(self, identifier: str) -> Field | None:
        """The question of this name."""
        return next((field for field in self.fields if field.identifier == identifier), None)


NONE = Policy()


async def load(session: AsyncSession, webinar_id: str) -> Plan:
    """The plan of a webinar; without a row, no registration."""
    row = await session.get(RegistrationPolicy, webinar_id)
    if row is None:
        return Plan(webinar_id, NONE, ())
    query = select(FormField).where(FormField.webinar_id == webinar_id).order_by(FormField.position)
    fields = [field_of(one) for one in (await session.execute(query)).scalars()]
    return Plan(webinar_id, msgspec.convert(row, Policy, from_attributes=True), tuple(fields))


def field_of(row: FormField) -> Field:
    """A row as a field."""
    return msgspec.convert(row, Field, from_attributes=True)


def visible(plan: Plan, given: Mapping[str, Sequence[str]]) -> list[Field]:
    """The questions whose condition holds; ``given`` maps identifiers to the values sent for them.

    Conditions point backwards only, so one pass is enough; a question that is hidden hides those that depend on it.
    """
    shown: list[Field] = []
    names: set[str] = set()
    for field in plan.fields:
        if field.when_field and not (field.when_field in names and set(given.get(field.when_field, ())) & set(field.when_values)):
            continue
        shown.append(field)
        names.add(field.identifier)
    return shown


def in_language(texts: Mapping[str, str], lang: str) -> str:
    """The text in ``lang``, else in English, else in any."""
    return texts.get(lang) or texts.get(lang.split("-", maxsplit=1)[0]) or texts.get("en") or next(iter(texts.values()), "")


def may_see(field: Field, permissions: frozenset[Permission] | set[Permission]) -> bool:
    """Whether somebody with these permissions sees the answers."""
    needed = {
        "admins": Permission.ACCOUNT_MANAGE,
        "managers": Permission.REGISTRANTS_SEE,
        "crew": Permission.CREW_SEE,
    }[field.seen_by]
    return needed in permissions or (field.seen_by == "crew" and Permission.REGISTRANTS_SEE in permissions)
