"""The registration policy as the organiser sets it, with words of advice where a setting asks for more than it gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem, invalid
from app.core.i18n import zone
from app.core.unit import Unit
from app.registration.form import Ask, Mode, Policy
from app.registration.models import Registrant, RegistrationPolicy
from app.rooms.models import Webinar

CONTROLS = {
    "mode", "ask_name", "ask_email", "confirm_email", "late_entry", "capacity", "waiting_list", "domains", "word", "attendance",
    "embed_hosts", "opens_date", "opens_time", "opens_zone", "closes_date", "closes_time", "closes_zone",
}  # fmt: skip
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_HOST = re.compile(r"https?://[a-z0-9.-]{1,253}(?::\d{1,5})?")
CAPACITY_MAX = 1_000_000


def read(values: dict[str, str]) -> Policy:
    """A policy from a form. Raises with a message for each control that does not fit."""
    wrong: dict[str, str] = {}
    mode = _one_of(values, "mode", get_args(Mode), wrong)
    made: dict[str, Any] = {
        "mode": mode,
        "ask_name": _one_of(values, "ask_name", get_args(Ask), wrong),
        "ask_email": _one_of(values, "ask_email", get_args(Ask), wrong),
        "capacity": _capacity(values.get("capacity", ""), wrong),
        "opens_at": _moment(values, "opens", wrong),
        "closes_at": _moment(values, "closes", wrong),
        "domains": _listed(values, "domains", wrong, _domain),
        "embed_hosts": _listed(values, "embed_hosts", wrong, _host),
        "password": " ".join(values.get("word", "").split()),
        **{name: values.get(name) == "on" for name in ("confirm_email", "late_entry", "waiting_list", "attendance")},
    }
    if len(made["password"]) > 60:
        wrong["word"] = "Use at most 60 characters."
    if made["opens_at"] and made["closes_at"] and made["opens_at"] >= made["closes_at"]:
        wrong["closes"] = "It closes before it opens. Choose a later time."
    if (mode == "invitation" or made["domains"]) and made["ask_email"] != "required":
        wrong["ask_email"] = "An invitation list and a list of domains need the e-mail address: set it to required."
    if wrong:
        raise invalid(wrong)
    return Policy(**made)


async def save(unit: Unit, webinar: Webinar, policy: Policy) -> None:
    """Set the policy. A form that people answered already is not taken away from under them."""
    row = await unit.session.get(RegistrationPolicy, webinar.id, with_for_update=True)
    if row is not None and policy.mode == "none" and await count(unit.session, webinar.id):
        raise Problem(
            "registration.in_use",
            "People have registered. Close the registration instead, or erase the registrants first.",
            status=409,
        )
    values = {**msgspec.structs.asdict(policy), "domains": list(policy.domains), "embed_hosts": list(policy.embed_hosts)}
    if row is None:
        unit.session.add(RegistrationPolicy(webinar_id=webinar.id, **values))
        return
    for name, value in values.items():
        setattr(row, name, value)


async def count(session: AsyncSession, webinar_id: str, *states: str) -> int:
    """How many registrants there are, in these states or in any."""
    query = select(func.count()).select_from(Registrant).where(Registrant.webinar_id == webinar_id)
    if states:
        query = query.where(Registrant.state.in_(states))
    return (await session.execute(query)).scalar_one()


def values_of(policy: Policy, zone_name: str) -> dict[str, str]:
    """The policy as its form shows it."""
    values = {
        "mode": policy.mode,
        "ask_name": policy.ask_name,
        "ask_email": policy.ask_email,
        "capacity": str(policy.capacity or ""),
        "domains": "\n".join(policy.domains),
        "embed_hosts": "\n".join(policy.embed_hosts),
        "word": policy.password,
        **{
            name: "on"
            for name in ("confirm_email", "late_entry", "waiting_list", "attendance")
            if getattr(policy, name)
        },
    }  # fmt: skip
    for name, at in (("opens", policy.opens_at), ("closes", policy.closes_at)):
        values[f"{name}_zone"] = zone_name
        if at:
            local = at.astimezone(zone(zone_name))
            values |= {f"{name}_date": local.date().isoformat(), f"{name}_time": local.strftime("%H:%M")}
    return values


def _one_of(values: dict[str, str], name: str, known: tuple[str, ...], wrong: dict[str, str]) -> str:
    value = values.get(name, known[0])
    if value not in known:
        wrong[name] = "Choose one of these."
    return value


def _capacity(text: str, wrong: dict[str, str]) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= CAPACITY_MAX:
        wrong["capacity"] = "Write a number from 1 to 1000000, or leave it empty."
        return None
    return int(text)


def _moment(values: dict[str, str], name: str, wrong: dict[str, str]) -> datetime | None:
    day, clock = values.get(f"{name}_date", ""), values.get(f"{name}_time", "")
    if not day:
        return None
    try:
        local = datetime.fromisoformat(f"{day}T{clock or '00:00'}").replace(tzinfo=zone(values.get(f"{name}_zone", "UTC")))
    except ValueError:
        wrong[name] = "Choose a date and a time."
        return None
    return local.astimezone(UTC)


def _listed(values: dict[str, str], name: str, wrong: dict[str, str], fits: Callable[[str], str | None]) -> tuple[str, ...]:
    found: list[str] = []
    for word in values.get(name, "").replace(",", " ").split():
        one = fits(word.lower())
        if one is None:
            wrong[name] = "This was not understood: write one on each line, as in the example."
        elif one not in found:
            found.append(one)
    if len(found) > 100:
        wrong[name] = "Write at most 100."
    return tuple(found)


def _domain(word: str) -> str | None:
    word = word.removeprefix("@")
    return word if _DOMAIN.fullmatch(word) else None


def _host(word: str) -> str | None:
    word = word.rstrip("/")
    return word if _HOST.fullmatch(word) else None
