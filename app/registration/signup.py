"""Signing up: from answers to a seat. Register, confirm the address, cancel; places that free go to the waiting list.

``pending → approval → confirmed``, with ``waiting`` when all places are taken; ``denied`` and ``cancelled`` keep no place.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import delete, func, select

from app.consent import records
from app.consent.items import Choices
from app.core.errors import Problem, not_found
from app.core.ids import new_id
from app.core.outbox import happened
from app.core.unit import Unit
from app.live.change import Kick
from app.privacy.vault import Box, Vault
from app.protocol.codes import Close
from app.registration import jobs
from app.registration.answers import Answers
from app.registration.form import Plan
from app.registration.models import Answer, Invitee, Registrant, RegistrationPolicy
from app.rooms.models import Webinar

Source = Literal["form", "api", "import", "staff", "invitation"]
PENDING = timedelta(days=7)
LATE = timedelta(minutes=60)
STATES = ("pending", "approval", "waiting", "confirmed", "denied", "cancelled")
HELD = ("confirmed",)
TRUSTED = ("api", "import", "staff")
"""Sources that vouch for the address and approve by themselves."""


class Newcomer(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes, besides the answers."""

    source: Source
    lang: str
    zone: str = ""
    invited: str = ""
    """Id on the invitation list, proven by the link."""
    person: str = ""
    """Id to give them, when it was chosen beforehand."""
    tell: bool = True
    """Whether they get the mail of their state."""
    mails: bool = True
    """Whether mails can be sent at all; without them no address can be confirmed."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of it. ``row`` is None when a mail says it, so that a page tells nobody who is registered."""

    state: str
    row: Registrant | None = None


class RegistrantChanged(msgspec.Struct, frozen=True):
    """Announced whenever a registrant's state changed."""

    webinar_id: str
    person: str
    state: str


async def register(
    unit: Unit,
    vault: Vault,
    webinar: Webinar,
    plan: Plan,
    answers: Answers,
    who: Newcomer,
    choices: Choices | None = None,
) -> Outcome:
    """Register somebody. A known address gets a mail instead, and the page looks the same."""
    check_open(webinar, plan, unit.now, who)
    index = (await vault.box(webinar.id)).blind(answers.email, "registrant.email") if answers.email else None
    known = await by_index(unit, webinar.id, index)
    straight = _straight(plan, answers, who, webinar, unit.now)
    if known is not None and known.state != "cancelled":
        jobs.mail(unit, known, jobs.ALREADY.get(known.state, "already"))
        if not straight or who.source in TRUSTED:
            return Outcome("sent")
        # Somebody walks straight in with an address that has a seat: theirs is another one, without the address.
        answers, index, known = msgspec.structs.replace(answers, email=""), None, None
    if known is not None:
        await unit.session.execute(delete(Answer).where(Answer.registrant_id == known.id))
    row = known or _blank(unit, webinar.id, who)
    state = "pending" if not straight else await _settled(unit, plan, who)
    await _fill(unit, vault, row, answers, index, who)
    if known is None:
        unit.session.add(row)
    await unit.session.flush()
    await keep(unit, vault, row, answers)
    if choices is not None:
        method = who.source if who.source in ("api", "import") else "form"
        await records.record(unit, webinar.id, row.id, choices, lang=who.lang, method=method)
    if who.invited:
        await _take_invitation(unit, webinar.id, who.invited)
    await become(unit, row, state, tell=who.tell)
    return Outcome("sent") if state == "pending" else Outcome(state, row)


def check_open(webinar: Webinar, plan: Plan, now: datetime, who: Newcomer | None = None) -> None:
    """Raises when nobody can sign up now; trusted sources are let in before and after the hours."""
    policy = plan.policy
    if not policy.on:
        raise Problem("registration.none", "This webinar needs no registration.", status=409)
    if webinar.publication == "cancelled":
        raise Problem("registration.cancelled", "This webinar will not take place.", status=409)
    if who is not None and who.source in TRUSTED:
        return
    if policy.mode == "api":
        raise Problem("registration.elsewhere", "The organiser registers participants in another place.", status=403)
    if policy.mode == "invitation" and (who is not None and not who.invited):
        raise Problem("registration.invited_only", "Registration is by invitation. Open the link in your invitation.", status=403)
    if policy.opens_at and now < policy.opens_at:
        raise Problem("registration.early", "Registration has not opened yet.", status=409)
    if webinar.broadcast == "ended" or (policy.closes_at and now >= policy.closes_at):
        raise Problem("registration.closed", "Registration has closed.", status=409)


async def confirm(unit: Unit, webinar: Webinar, plan: Plan, person: str, mark: str) -> Registrant:
    """The address is proven. Once more does no harm."""
    row = await one(unit, webinar.id, person)
    if row.mark != mark:
        raise not_found("link")
    if row.state == "pending":
        row.expires_at = None
        await become(unit, row, await _settled(unit, plan, Newcomer(source="form", lang=row.lang)))
    return row


async def cancel(unit: Unit, webinar_id: str, person: str) -> None:
    """Give the seat back; what was answered stays until it is erased or its time is over."""
    row = await one(unit, webinar_id, person)
    if row.state != "cancelled":
        await become(unit, row, "cancelled")
        await move_up(unit, webinar_id)


async def decide(unit: Unit, webinar_id: str, persons: list[str], *, approve: bool) -> int:
    """Approve or deny; returns how many changed. Approving beyond the places puts on the waiting list."""
    changed = 0
    policy = await _locked(unit, webinar_id)
    for start in range(0, len(persons), 500):
        query = select(Registrant).where(Registrant.webinar_id == webinar_id, Registrant.id.in_(persons[start : start + 500]))
        for row in (await unit.session.execute(query.order_by(Registrant.made_at))).scalars():
            if row.state == ("confirmed" if approve else "denied"):
                continue
            await become(unit, row, await _place(unit, policy) if approve else "denied")
            changed += 1
    if not approve:
        await move_up(unit, webinar_id)
    return changed


async def move_up(unit: Unit, webinar_id: str) -> int:
    """Free places go to those who wait, first come first; returns how many."""
    policy = await _locked(unit, webinar_id)
    free = None if policy.capacity is None else policy.capacity - await _taken(unit, webinar_id)
    query = select(Registrant).where(Registrant.webinar_id == webinar_id, Registrant.state == "waiting")
    query = query.order_by(Registrant.made_at)
    waiting = (await unit.session.execute(query.limit(max(free, 0)) if free is not None else query)).scalars().all()
    for row in waiting:
        await become(unit, row, "confirmed", mail="moved_up")
    return len(waiting)


async def become(unit: Unit, row: Registrant, state: str, *, mail: str = "", tell: bool = True) -> None:
    """Enter a state: what is open closes, who waits is told."""
    before = row.state
    row.state, row.changed_at = state, unit.now
    if state == "pending":
        row.expires_at = unit.now + PENDING
    if state in ("denied", "cancelled"):
        row.session = ""
        unit.announce(Kick(row.webinar_id, Close.REVOKED, person=row.id))
    if tell:
        jobs.mail(unit, row, mail or state)
    if event := _event(before, state):
        webinar = await unit.session.get_one(Webinar, row.webinar_id)
        happened(unit, event, account_id=webinar.account_id, webinar_id=webinar.id, person=row.id)
    unit.announce(RegistrantChanged(row.webinar_id, row.id, state))
    await unit.session.flush()


def _event(before: str, state: str) -> str:
    """What webhooks hear of it: nothing before the address is proven."""
    if state in ("denied", "cancelled"):
        return "registration.cancelled" if before not in ("new", "pending") else ""
    if before in ("new", "pending", "cancelled") and state != "pending":
        return "registration.created"
    return "registration.approved" if before in ("approval", "denied") and state == "confirmed" else ""


async def one(unit: Unit, webinar_id: str, person: str) -> Registrant:
    """The registrant, to be changed."""
    row = await unit.session.get(Registrant, person, with_for_update=True)
    if row is None or row.webinar_id != webinar_id:
        raise not_found("link")
    return row


def seal_into(row: Registrant, box: Box, *, name: str | None = None, shown: str | None = None, email: str | None = None) -> None:
    """Seal what is given into the row; an empty text is nothing."""
    for column, text in (("name", name), ("shown_name", shown), ("email", email)):
        if text is not None:
            setattr(row, column, box.seal(text, f"registrant.{column}|{row.id}") if text else b"")


def _straight(plan: Plan, answers: Answers, who: Newcomer, webinar: Webinar, now: datetime) -> bool:
    policy = plan.policy
    if who.source in TRUSTED or who.invited or not answers.email or not who.mails or not policy.confirm_email:
        return True
    return policy.late_entry and now >= webinar.starts_at - LATE


async def _settled(unit: Unit, plan: Plan, who: Newcomer) -> str:
    """The state of somebody whose address is proven, or need not be."""
    if plan.policy.mode == "approval" and who.source not in TRUSTED:
        return "approval"
    return await _place(unit, await _locked(unit, plan.webinar_id))


async def _place(unit: Unit, policy: RegistrationPolicy) -> str:
    if policy.capacity is None or await _taken(unit, policy.webinar_id) < policy.capacity:
        return "confirmed"
    if policy.waiting_list:
        return "waiting"
    raise Problem("registration.full", "All places are taken.", status=409)


async def _taken(unit: Unit, webinar_id: str) -> int:
    await unit.session.flush()
    query = select(func.count()).select_from(Registrant)
    return (await unit.session.execute(query.where(Registrant.webinar_id == webinar_id, Registrant.state.in_(HELD)))).scalar_one()


async def _locked(unit: Unit, webinar_id: str) -> RegistrationPolicy:
    """The policy's row. Where places are counted, its lock makes two who come at once take one place after the other."""
    row = await unit.session.get(RegistrationPolicy, webinar_id)
    if row is None:
        raise Problem("registration.none", "This webinar needs no registration.", status=409)
    if row.capacity is not None:
        await unit.session.refresh(row, with_for_update=True)
    return row


async def by_index(unit: Unit, webinar_id: str, index: bytes | None) -> Registrant | None:
    if index is None:
        return None
    query = select(Registrant).where(Registrant.webinar_id == webinar_id, Registrant.email_index == index)
    return (await unit.session.execute(query)).scalar_one_or_none()


def _blank(unit: Unit, webinar_id: str, who: Newcomer) -> Registrant:
    return Registrant(
        state="new",
        id=who.invited or who.person or new_id(),
        webinar_id=webinar_id,
        source="invitation" if who.invited else who.source,
        mark=new_id(),
        session="",
        name=b"",
        shown_name=b"",
        email=b"",
        made_at=unit.now,
    )


async def _fill(unit: Unit, vault: Vault, row: Registrant, answers: Answers, index: bytes | None, who: Newcomer) -> None:
    box = await vault.box(row.webinar_id, row.id)
    seal_into(row, box, name=answers.name, email=answers.email)
    row.email_index, row.lang, row.zone = index, who.lang, who.zone
    row.made_at = row.changed_at = unit.now


async def keep(unit: Unit, vault: Vault, row: Registrant, answers: Answers) -> None:
    box = await vault.box(row.webinar_id, row.id)
    for field_id, value in answers.values.items():
        where = f"{row.id},{field_id}"
        unit.session.add(
            Answer(
                registrant_id=row.id,
                field_id=field_id,
                value=box.seal(value.stored, f"answer.value|{where}"),
                file_name=box.seal(value.file_name, f"answer.file_name|{where}") if value.file_name else b"",
                agreed=value.agreed,
            )
        )


async def _take_invitation(unit: Unit, webinar_id: str, person: str) -> None:
    invitee = await unit.session.get(Invitee, person)
    if invitee is not None and invitee.webinar_id == webinar_id:
        invitee.state = "registered"
