"""Requests of data subjects that the organiser has to answer: an inbox with a clock (Art. 12(3) GDPR: one month, extendable)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import SubjectRequest
from app.core.errors import Problem, invalid, not_found
from app.core.ids import new_id
from app.core.unit import Unit
from app.privacy.vault import KeyDestroyed, SealBroken, Vault

KINDS = ("question", "correct", "restrict", "object", "erase", "copy", "other")
TIME = timedelta(days=30)
MORE_TIME = timedelta(days=60)
TEXT_MAX = 5000
OPEN_MAX = 10
"""Open requests of one person, so that nobody fills the inbox."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A request as a page shows it."""

    id: str
    webinar_id: str
    person: str
    kind: str
    state: str
    text: str
    answer: str
    asked_at: datetime
    due_at: datetime
    extended: bool
    overdue: bool
    days_left: int


async def ask(unit: Unit, vault: Vault, webinar_id: str, person: str, kind: str, text: str) -> SubjectRequest:
    """A request of a person; the clock starts."""
    text = text.strip()
    if kind not in KINDS:
        raise invalid({"kind": "Choose what you want."})
    if len(text) > TEXT_MAX:
        raise invalid({"text": "Use at most 5000 characters."})
    if kind in ("question", "correct", "other") and not text:
        raise invalid({"text": "Say in a sentence what you want."})
    query = select(func.count()).where(
        SubjectRequest.webinar_id == webinar_id, SubjectRequest.person == person, SubjectRequest.state == "open"
    )
    if (await unit.session.execute(query)).scalar_one() >= OPEN_MAX:
        raise Problem("request.many", "Your earlier requests are not answered yet. Please wait for them.", status=429)
    row = SubjectRequest(
        id=new_id(),
        webinar_id=webinar_id,
        person=person,
        kind=kind,
        state="open",
        text=b"",
        answer=b"",
        asked_at=unit.now,
        due_at=unit.now + TIME,
        extended=False,
    )
    if text:
        try:
            box = await vault.box(webinar_id, person)
        except KeyDestroyed as error:
            raise Problem("person.erased", "What was stored about you here was erased.", status=410) from error
        row.text = box.seal(text, f"subject_request.text|{row.id}")
    unit.session.add(row)
    return row


async def answer(unit: Unit, vault: Vault, row: SubjectRequest, state: str, text: str) -> None:
    """Answer a request. A refusal needs its reason (Art. 12(4))."""
    text = text.strip()
    if state not in ("done", "refused"):
        raise invalid({"state": "Choose how it ends."})
    if len(text) > TEXT_MAX:
        raise invalid({"answer": "Use at most 5000 characters."})
    if state == "refused" and len(text) < 10:
        raise invalid({"answer": "Say why. The person has a right to the reason, and to complain about it."})
    if row.state != "open":
        raise Problem("request.closed", "This request is answered already.", status=409)
    row.state, row.done_at = state, unit.now
    if text:
        box = await vault.box(row.webinar_id, row.person)
        row.answer = box.seal(text, f"subject_request.answer|{row.id}")


async def extend(unit: Unit, vault: Vault, row: SubjectRequest, reason: str) -> None:
    """Take two months more, once, with a reason the person is told."""
    reason = reason.strip()
    if row.state != "open" or row.extended:
        raise Problem("request.extended", "The time can be extended once, while the request is open.", status=409)
    if len(reason) < 10:
        raise invalid({"answer": "Say why it takes longer. The person is told."})
    row.extended, row.due_at = True, row.due_at + MORE_TIME
    box = await vault.box(row.webinar_id, row.person)
    row.answer = box.seal(reason[:TEXT_MAX], f"subject_request.answer|{row.id}")


async def waiting(session: AsyncSession, webinars: Iterable[str]) -> int:
    """How many requests are not answered yet."""
    query = select(func.count()).where(SubjectRequest.webinar_id.in_(list(webinars)), SubjectRequest.state == "open")
    return (await session.execute(query)).scalar_one()


async def inbox(session: AsyncSession, vault: Vault, webinars: Iterable[str], now: datetime) -> list[Opened]:
    """Requests in these webinars: open ones first, the most urgent on top."""
    query = select(SubjectRequest).where(SubjectRequest.webinar_id.in_(list(webinars)))
    query = query.order_by(SubjectRequest.state != "open", SubjectRequest.due_at).limit(500)
    return [await opened(vault, row, now) for row in (await session.execute(query)).scalars()]


async def of_person(session: AsyncSession, vault: Vault, webinar_id: str, person: str, now: datetime) -> list[Opened]:
    """Requests of one person, newest first."""
    query = select(SubjectRequest).where(SubjectRequest.webinar_id == webinar_id, SubjectRequest.person == person)
    rows = (await session.execute(query.order_by(SubjectRequest.asked_at.desc()))).scalars()
    return [await opened(vault, row, now) for row in rows]


async def one(session: AsyncSession, request_id: str) -> SubjectRequest:
    """One request. Raises 404."""
    row = await session.get(SubjectRequest, request_id)
    if row is None:
        raise not_found()
    return row


async def opened(vault: Vault, row: SubjectRequest, now: datetime) -> Opened:
    """A request as a page shows it; texts whose key is gone are empty."""
    return Opened(
        id=row.id,
        webinar_id=row.webinar_id,
        person=row.person,
        kind=row.kind,
        state=row.state,
        text=await _text(vault, row, "text", row.text),
        answer=await _text(vault, row, "answer", row.answer),
        asked_at=row.asked_at,
        due_at=row.due_at,
        extended=row.extended,
        overdue=row.state == "open" and row.due_at < now,
        days_left=max(0, -((now - row.due_at) // timedelta(days=1))),
    )


async def _text(vault: Vault, row: SubjectRequest, column: str, blob: bytes) -> str:
    if not blob:
        return ""
    try:
        box = await vault.box(row.webinar_id, row.person)
        return box.open_text(blob, f"subject_request.{column}|{row.id}")
    except (KeyDestroyed, SealBroken):
        return ""
