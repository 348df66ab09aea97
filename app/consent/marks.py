"""What must be respected about a person: restriction (Art. 18 GDPR), objection (Art. 21), and who received their data (Art. 15, 19)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent.models import Disclosure, PersonMark
from app.consent.owner import tell
from app.core.ids import new_id
from app.core.unit import Unit

RESTRICTED, OBJECTED = "restricted", "objected"


async def restrict(unit: Unit, webinar_id: str, person: str) -> None:
    """From now on nobody sees or uses the data of this person, until it is lifted or erased."""
    if await _mark(unit, webinar_id, person, RESTRICTED):
        await tell(unit, "participant.restricted", webinar_id, person, restricted="yes")


async def lift(unit: Unit, webinar_id: str, person: str) -> None:
    """End a restriction."""
    if await _unmark(unit, webinar_id, person, RESTRICTED):
        await tell(unit, "participant.restricted", webinar_id, person, restricted="no")


async def object_to(unit: Unit, webinar_id: str, person: str) -> None:
    """From now on nothing is done with the data of this person that rests on an interest of the organiser."""
    if await _mark(unit, webinar_id, person, OBJECTED):
        await tell(unit, "participant.restricted", webinar_id, person, objected="yes")


async def withdraw_objection(unit: Unit, webinar_id: str, person: str) -> None:
    """Take an objection back."""
    if await _unmark(unit, webinar_id, person, OBJECTED):
        await tell(unit, "participant.restricted", webinar_id, person, objected="no")


async def restricted(session: AsyncSession, webinar_id: str) -> set[str]:
    """Persons to leave out of lists, exports, mails and webhooks."""
    return await _marked(session, webinar_id, RESTRICTED)


async def objected(session: AsyncSession, webinar_id: str) -> set[str]:
    """Persons to leave out of whatever rests on legitimate interests."""
    return await _marked(session, webinar_id, OBJECTED)


async def of_person(session: AsyncSession, webinar_id: str, person: str) -> set[str]:
    """Marks of one person."""
    query = select(PersonMark.kind).where(PersonMark.webinar_id == webinar_id, PersonMark.person == person)
    return set((await session.execute(query)).scalars())


async def disclosed(unit: Unit, webinar_id: str, persons: Iterable[str], recipient: str, what: str) -> None:
    """Remember that ``recipient`` was given ``what`` of these persons; once for each, however often it was."""
    wanted = list(dict.fromkeys(persons))
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        query = select(Disclosure.person).where(
            Disclosure.webinar_id == webinar_id,
            Disclosure.recipient == recipient,
            Disclosure.what == what,
            Disclosure.person.in_(some),
        )
        known = set((await unit.session.execute(query)).scalars())
        unit.session.add_all(
            Disclosure(id=new_id(), webinar_id=webinar_id, person=person, recipient=recipient, what=what, at=unit.now)
            for person in some
            if person not in known
        )
        await unit.session.flush()


async def recipients(session: AsyncSession, webinar_id: str, person: str) -> list[Disclosure]:
    """Who received the data of a person, and when first."""
    query = select(Disclosure).where(Disclosure.webinar_id == webinar_id, Disclosure.person == person).order_by(Disclosure.at)
    return list((await session.execute(query)).scalars())


async def _mark(unit: Unit, webinar_id: str, person: str, kind: str) -> bool:
    if kind in await of_person(unit.session, webinar_id, person):
        return False
    unit.session.add(PersonMark(id=new_id(), webinar_id=webinar_id, person=person, kind=kind, at=unit.now))
    await unit.session.flush()
    return True


async def _unmark(unit: Unit, webinar_id: str, person: str, kind: str) -> bool:
    mine = (PersonMark.webinar_id == webinar_id, PersonMark.person == person, PersonMark.kind == kind)
    gone = await unit.session.execute(delete(PersonMark).where(*mine).returning(PersonMark.id))
    return gone.first() is not None


async def _marked(session: AsyncSession, webinar_id: str, kind: str) -> set[str]:
    query = select(PersonMark.person).where(PersonMark.webinar_id == webinar_id, PersonMark.kind == kind)
    return set((await session.execute(query)).scalars())
