"""The invitation list: whom the organiser asks to register, whether the mail went out, and who did."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.unit import Unit
from app.privacy.vault import Box, Vault
from app.registration import jobs, kinds
from app.registration.kinds import Wrong
from app.registration.models import Invitee

PER_PAGE = 100
STATES = ("listed", "sent", "bounced", "registered")


class Listed(msgspec.Struct, frozen=True):
    """Somebody on the list, opened."""

    person: str
    name: str
    email: str
    state: str


class Added(msgspec.Struct, frozen=True):
    """What came of adding: how many are new, how many were there, and what was no address."""

    new: int
    known: int
    wrong: list[str]


async def add(unit: Unit, vault: Vault, webinar_id: str, entries: Sequence[tuple[str, str]]) -> Added:
    """Put names and addresses on the list; an address that is there stays once."""
    box = await vault.box(webinar_id)
    fresh: dict[bytes, tuple[str, str]] = {}
    wrong: list[str] = []
    for name, email in entries:
        try:
            address = kinds.email(kinds.clean_line(email))
            fresh.setdefault(box.blind(address, "registrant.email"), (kinds.clean_line(name), address))
        except Wrong:
            wrong.append(email[:80])
    query = select(Invitee.email_index).where(Invitee.webinar_id == webinar_id)
    there = set((await unit.session.execute(query)).scalars())
    persons = {index: new_id() for index in fresh if index not in there}
    boxes = await vault.make(webinar_id, list(persons.values()))
    for index, person in persons.items():
        name, email = fresh[index]
        own = boxes[person]
        unit.session.add(
            Invitee(
                id=person,
                webinar_id=webinar_id,
                name=own.seal(name, f"invitee.name|{person}") if name else b"",
                email=own.seal(email, f"invitee.email|{person}"),
                email_index=index,
                state="listed",
                made_at=unit.now,
            )
        )
    await unit.session.flush()
    return Added(len(persons), len(fresh) - len(persons), wrong)


async def send(unit: Unit, webinar_id: str, *, again: bool = False) -> int:
    """Invite everybody who was not yet; ``again``: also those who did not register. Returns how many mails."""
    states = ("listed", "sent", "bounced") if again else ("listed",)
    query = select(Invitee.id).where(Invitee.webinar_id == webinar_id, Invitee.state.in_(states))
    persons = list((await unit.session.execute(query)).scalars())
    for person in persons:
        jobs.invite(unit, webinar_id, person)
    return len(persons)


async def page_of(session: AsyncSession, vault: Vault, webinar_id: str, page: int) -> tuple[list[Listed], dict[str, int]]:
    """One page of the list and how many there are in each state."""
    counts = {
        row[0]: row[1]
        for row in await session.execute(
            select(Invitee.state, func.count()).where(Invitee.webinar_id == webinar_id).group_by(Invitee.state)
        )
    }
    query = select(Invitee).where(Invitee.webinar_id == webinar_id).order_by(Invitee.made_at.desc(), Invitee.id)
    rows = (await session.execute(query.limit(PER_PAGE).offset((page - 1) * PER_PAGE))).scalars().all()
    boxes = await vault.boxes_of(webinar_id, [row.id for row in rows])
    return [_opened(row, boxes[row.id]) for row in rows if row.id in boxes], counts


async def remove(unit: Unit, vault: Vault, webinar_id: str, persons: Sequence[str]) -> int:
    """Take people off the list who have not registered; their key goes with them."""
    query = select(Invitee.id).where(
        Invitee.webinar_id == webinar_id, Invitee.id.in_(persons[:500]), Invitee.state != "registered"
    )
    gone = list((await unit.session.execute(query)).scalars())
    await unit.session.execute(delete(Invitee).where(Invitee.id.in_(gone)))
    if gone:
        await vault.destroy_persons(webinar_id, gone)
    return len(gone)


def _opened(row: Invitee, box: Box) -> Listed:
    name = box.open_text(row.name, f"invitee.name|{row.id}") if row.name else ""
    return Listed(row.id, name, box.open_text(row.email, f"invitee.email|{row.id}"), row.state)
