"""Words of the organiser to some registrants, sent once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.core.errors import invalid
from app.core.ids import new_id
from app.core.unit import Unit
from app.registration import jobs, mails
from app.registration.models import MailText, Registrant


async def send(unit: Unit, webinar_id: str, persons: Sequence[str], *, subject: str, text: str) -> int:
    """A mail to each of ``persons`` who is a registrant with an address; returns how many. Restricted persons get none: the job looks."""
    subject, text = " ".join(subject.split()), text.strip()
    wrong = {}
    if not 3 <= len(subject) <= mails.SUBJECT_MAX:
        wrong["subject"] = "Write a subject of 3 to 200 characters."
    if not 3 <= len(text) <= mails.TEXT_MAX:
        wrong["text"] = "Write a text of 3 to 5000 characters."
    if wrong:
        raise invalid(wrong)
    kind = f"note-{new_id()[:12]}"
    unit.session.add(MailText(webinar_id=webinar_id, kind=kind, lang="", subject=subject, text=text, off=False))
    number = 0
    for start in range(0, len(persons), 500):
        some = persons[start : start + 500]
        query = select(Registrant).where(Registrant.webinar_id == webinar_id, Registrant.id.in_(some))
        for row in (await unit.session.execute(query)).scalars():
            jobs.mail(unit, row, kind)
            number += bool(row.email)
    return number
