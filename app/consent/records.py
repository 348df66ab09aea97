"""Consent records: who decided what, in which words, when and how. Rows are only added; the newest one holds.

``requested → given | refused → withdrawn → given …``. Withdrawing is one step, works at once and never costs the seat.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.consent import items, notices
from app.consent.items import AGE, RECORDING, Choices
from app.consent.models import ConsentEvent
from app.consent.owner import tell
from app.core.errors import Problem
from app.core.i18n import words
from app.core.ids import new_id
from app.core.unit import Unit

METHODS = ("form", "room", "my_data", "double_opt_in", "api", "import")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One decision to be written down."""

    item_id: str
    purpose: str
    state: str
    text_hash: str
    lang: str
    method: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person stands on one item now, for "my data"."""

    item_id: str
    purpose: str
    state: str
    at: str
    label: str
    active: bool
    can_change: bool


async def record(unit: Unit, webinar_id: str, person: str, choices: Choices, *, lang: str, method: str) -> list[ConsentEvent]:
    """Write down the answers of a form: one row for each item, given or refused."""
    steps = [
        Step(
            item_id=item.id,
            purpose=item.purpose,
            state="given" if item.id in choices.given else "refused",
            text_hash=item.text_hash,
            lang=item.lang,
            method=method,
        )
        for item in choices.shown
    ]
    if choices.age_min is not None:
        text = items.age_text(choices.age_min, lang)
        steps.append(Step(item_id=AGE, purpose=AGE, state="given", text_hash=notices.hashed(text), lang=lang, method=method))
    return await _add(unit, webinar_id, person, steps)


async def record_recording(unit: Unit, webinar_id: str, person: str, lang: str) -> None:
    """Somebody agreed to enter a webinar that is recorded."""
    if await state_of(unit.session, webinar_id, person, RECORDING) == "given":
        return
    text_hash = notices.hashed(items.recording_text(lang))
    step = Step(item_id=RECORDING, purpose=RECORDING, state="given", text_hash=text_hash, lang=lang, method="room")
    await _add(unit, webinar_id, person, [step])


async def decide(unit: Unit, webinar_id: str, person: str, item_id: str, given: bool, *, lang: str, method: str) -> None:
    """Give a consent later, or withdraw it. The same again is fine and writes nothing."""
    latest = (await _latest(unit.session, webinar_id, person)).get(item_id)
    if item_id in (AGE, RECORDING):
        if given or latest is None:
            raise Problem("consent.unknown", "There is no such consent.", status=404)
        text_hash, purpose = latest.text_hash, latest.purpose
    else:
        row = await items.one_of(unit.session, webinar_id, item_id)
        item = items.shown_item(row, lang)
        if given and not row.active:
            raise Problem("consent.closed", "This is not asked any more.", status=409)
        lang, purpose = item.lang, item.purpose
        # What is withdrawn is the text that was agreed to, whatever the item says today.
        text_hash = item.text_hash if given or latest is None else latest.text_hash
    state = "given" if given else "withdrawn"
    if (latest is None and not given) or (latest is not None and latest.state == state):
        return
    if latest is not None and latest.state == "refused" and not given:
        return
    step = Step(item_id=item_id, purpose=purpose, state=state, text_hash=text_hash, lang=lang, method=method)
    await _add(unit, webinar_id, person, [step])


async def given(session: AsyncSession, webinar_id: str, *, item_id: str = "", purpose: str = "") -> set[str]:
    """Persons whose newest decision is yes, for an item or a purpose. Ask at the moment of use: a withdrawal holds at once."""
    wanted = ConsentEvent.item_id == item_id if item_id else ConsentEvent.purpose == purpose
    query = newest(and_(ConsentEvent.webinar_id == webinar_id, wanted, ConsentEvent.state == "given"))
    return set((await session.execute(query.with_only_columns(ConsentEvent.person))).scalars())


async def state_of(session: AsyncSession, webinar_id: str, person: str, item_id: str) -> str:
    """Newest state of one item for one person; empty when never asked."""
    latest = (await _latest(session, webinar_id, person)).get(item_id)
    return latest.state if latest else ""


async def standing(session: AsyncSession, webinar_id: str, person: str, lang: str) -> list[Standing]:
    """Where a person stands on everything they were asked or are asked now."""
    latest = await _latest(session, webinar_id, person)
    known = {row.id: row for row in await items.of_webinar(session, webinar_id)}
    for item_id in latest:
        if item_id not in known and item_id not in (AGE, RECORDING):
            known[item_id] = await items.one_of(session, webinar_id, item_id)
    found = []
    for item_id, row in known.items():
        event = latest.get(item_id)
        found.append(
            Standing(
                item_id=item_id,
                purpose=row.purpose,
                state=event.state if event else "",
                at=event.at.isoformat() if event else "",
                label=items.shown_item(row, lang).label,
                active=row.active,
                can_change=row.active or (event is not None and event.state == "given"),
            )
        )
    return found + [_question(event) for item_id, event in latest.items() if item_id in (AGE, RECORDING)]


async def history(session: AsyncSession, webinar_id: str, person: str) -> list[ConsentEvent]:
    """All steps of a person, oldest first."""
    query = select(ConsentEvent).where(ConsentEvent.webinar_id == webinar_id, ConsentEvent.person == person)
    return list((await session.execute(query.order_by(ConsentEvent.n))).scalars())


def _question(event: ConsentEvent) -> Standing:
    label = words("Being old enough, as you said") if event.item_id == AGE else words("Being recorded")
    return Standing(
        item_id=event.item_id,
        purpose=event.purpose,
        state=event.state,
        at=event.at.isoformat(),
        label=label,
        active=True,
        can_change=event.item_id == RECORDING and event.state == "given",
    )


async def _add(unit: Unit, webinar_id: str, person: str, steps: Iterable[Step]) -> list[ConsentEvent]:
    await unit.session.flush()
    query = select(func.max(ConsentEvent.n)).where(ConsentEvent.webinar_id == webinar_id, ConsentEvent.person == person)
    last = (await unit.session.execute(query)).scalar_one() or 0
    rows = []
    for n, step in enumerate(steps, last + 1):
        notice = await notices.published(unit.session, webinar_id, step.lang)
        row = ConsentEvent(
            id=new_id(),
            webinar_id=webinar_id,
            person=person,
            n=n,
            item_id=step.item_id,
            purpose=step.purpose,
            state=step.state,
            text_hash=step.text_hash,
            notice_hash=notice.hash if notice else "",
            lang=step.lang,
            method=step.method,
            at=unit.now,
        )
        unit.session.add(row)
        rows.append(row)
        if step.state in ("given", "withdrawn") and step.item_id != AGE:
            await tell(unit, f"consent.{step.state}", webinar_id, person, item=step.item_id)
    await unit.session.flush()
    return rows


async def _latest(session: AsyncSession, webinar_id: str, person: str) -> dict[str, ConsentEvent]:
    return {event.item_id: event for event in await history(session, webinar_id, person)}


def newest(where: ColumnElement[bool]) -> Select[tuple[ConsentEvent]]:
    """The rows that no later row of the same person and item follows."""
    later = aliased(ConsentEvent)
    newer = select(later.id).where(
        later.webinar_id == ConsentEvent.webinar_id,
        later.person == ConsentEvent.person,
        later.item_id == ConsentEvent.item_id,
        later.n > ConsentEvent.n,
    )
    return cast("Select[tuple[ConsentEvent]]", select(ConsentEvent).where(where, ~newer.exists()))
