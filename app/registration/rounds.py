"""What everybody of a webinar is told once, at its time: reminders, a new time, that it is cancelled, and the words afterwards.

A look every minute compares each webinar with what was told already, so no verb elsewhere has to think of mails.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.unit import Unit, Work
from app.registration import jobs
from app.registration.models import MailRound, RegistrationPolicy
from app.rooms import webinars
from app.rooms.models import Webinar

TICK = "registration.tick"
EVERY = {TICK: timedelta(minutes=1), jobs.EXPIRE: timedelta(hours=1)}
DAY, HOUR = timedelta(hours=24), timedelta(hours=1)
AFTER = timedelta(minutes=10)
LOOK_BACK, LOOK_AHEAD = timedelta(days=2), timedelta(days=400)
KNOWN = "known"
"""Not a mail: the start that registrants know."""


class Rounds:
    """The look of every minute."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def tick(self, _payload: bytes = b"") -> None:
        """Enqueue what is due."""
        now = self._work.clock.now()
        query = select(Webinar, RegistrationPolicy.attendance).join(
            RegistrationPolicy, RegistrationPolicy.webinar_id == Webinar.id
        )
        query = query.where(RegistrationPolicy.mode != "none", Webinar.publication != "draft", Webinar.data_state == "collecting")
        query = query.where(Webinar.ends_at > now - LOOK_BACK, Webinar.starts_at < now + LOOK_AHEAD)
        async with self._work.read() as session:
            rows = [(row, bool(attendance)) for row, attendance in (await session.execute(query)).all()]
            told = await _told(session, [row.id for row, _ in rows])
        for row, attendance in rows:
            due = kinds_due(row, attendance, told.get(row.id, {}), now)
            if due:
                async with self._work.unit() as unit:
                    await _tell(unit, row, due)


def kinds_due(row: Webinar, attendance: bool, told: dict[str, datetime], now: datetime) -> list[str]:
    """What is to be told now; ``told`` maps kinds to the latest start they were told for."""
    if row.publication == "cancelled":
        return [] if told.get("called_off") == row.starts_at else ["called_off"]
    if row.publication not in webinars.OPEN_TO_ALL:
        return []
    due = []
    if told.get(KNOWN) != row.starts_at:
        due.append(KNOWN)
        if KNOWN in told and now < row.starts_at:
            due.append("changed")
    for kind, before in (("reminder_day", DAY), ("reminder_hour", HOUR)):
        late = row.starts_at - before / 4
        if row.starts_at - before <= now < late and told.get(kind) != row.starts_at and row.broadcast != "ended":
            due.append(kind)
    if attendance and row.broadcast == "ended" and row.live_ended and now >= row.live_ended + AFTER:
        due += [kind for kind in ("attended", "missed") if kind not in told]
    return due


async def _tell(unit: Unit, row: Webinar, due: list[str]) -> None:
    for kind in due:
        told = await unit.session.get(MailRound, (row.id, kind, row.starts_at))
        if told is None:
            unit.session.add(MailRound(webinar_id=row.id, kind=kind, starts_at=row.starts_at, at=unit.now))
        else:
            # The webinar went back to a time it had before.
            told.at = unit.now
        if kind != KNOWN:
            jobs.tell_all(unit, row.id, kind)


async def _told(session: AsyncSession, ids: list[str]) -> dict[str, dict[str, datetime]]:
    """The newest start each kind was told for, by webinar."""
    found: dict[str, dict[str, datetime]] = {}
    query = select(MailRound).where(MailRound.webinar_id.in_(ids)).order_by(MailRound.at)
    for one in (await session.execute(query)).scalars():
        found.setdefault(one.webinar_id, {})[one.kind] = one.starts_at
    return found
