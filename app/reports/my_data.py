"""What "my data" shows of one person: everything held in words people read, and who received it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.consent import marks, records, requests
from app.consent.mydata import Me
from app.consent.records import Standing
from app.consent.requests import Opened
from app.core import i18n
from app.core.i18n import words
from app.core.unit import Work
from app.privacy.export import Part, SubjectExport, Value, subject_export
from app.privacy.map import DataMap
from app.privacy.scope import Target
from app.privacy.vault import Vault
from app.rooms.models import Webinar

PLACES = {
    "message": words("Chat messages"),
    "question": words("Questions"),
    "question_vote": words("Votes for questions"),
    "registrant": words("Registration"),
    "answer": words("Answers of the form"),
    "mail_sent": words("Mails sent to you"),
    "poll_vote": words("Votes in polls"),
    "vote": words("Votes in polls"),
    "poll_answer": words("Answers in polls"),
    "hand": words("Raised hands"),
    "attendance": words("Attendance"),
    "consent_event": words("Decisions about consents"),
    "person_mark": words("Restrictions and objections"),
    "subject_request": words("Requests to the organiser"),
    "restriction": words("Decisions of moderators about you"),
    "presenter": words("On stage"),
    "recipients": words("Who received your data"),
}
CATEGORIES = {
    "user.name": words("Name"),
    "user.contact.email": words("E-mail address"),
    "user.contact.phone_number": words("Phone number"),
    "user.content.public": words("Text"),
    "user.content.private": words("Text"),
    "user.behavior": words("Activity"),
    "user.demographic.language": words("Language"),
    "user.location.imprecise": words("Time zone"),
    "user.privacy_preferences": words("Decision"),
}
HIDDEN = "user.unique_id"
OWN_SECTION = ("consent_event", "person_mark", "subject_request", "answer")


class Line(msgspec.Struct, frozen=True):
    """One value as people read it."""

    label: str
    value: object
    """A text, or a moment."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What one place holds."""

    place: str
    title: str
    why: list[str]
    how_long: list[str]
    rows: list[list[Line]]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    webinar: Webinar
    account: Account
    export: SubjectExport
    groups: list[Group]
    consents: list[Standing]
    requests: list[Opened]
    marks: set[str]
    recipients: list[tuple[str, str, datetime]]

    @property
    def plain(self) -> list[Group]:
        """What has no section of its own on the page."""
        return [group for group in self.groups if group.place not in OWN_SECTION]

    @property
    def empty(self) -> bool:
        """True when nothing at all is stored about the person."""
        return not self.export.parts


class Looker:
    """Reads it all in one snapshot."""

    def __init__(self, work: Work, vault: Vault, data_map: DataMap) -> None:
        self._work = work
        self._vault = vault
        self._map = data_map

    async def look(self, me: Me, lang: str) -> Held | None:
        """Everything about the person; None when the webinar is gone with all that was in it."""
        now = self._work.clock.now()
        async with self._work.read() as session:
            webinar = await session.get(Webinar, me.webinar)
            if webinar is None or webinar.data_state in ("purging", "purged"):
                return None
            account = await session.get_one(Account, webinar.account_id)
            target = Target("participant", account.id, me.webinar, (me.person,))
            given = await _recipients(session, me)
            export = await subject_export(session, self._vault, self._map, target, now, _as_parts(given))
            return Held(
                webinar=webinar,
                account=account,
                export=export,
                groups=_groups(export, lang),
                consents=await records.standing(session, me.webinar, me.person, lang),
                requests=await requests.of_person(session, self._vault, me.webinar, me.person, now),
                marks=await marks.of_person(session, me.webinar, me.person),
                recipients=given,
            )


async def _recipients(session: AsyncSession, me: Me) -> list[tuple[str, str, datetime]]:
    return [(row.recipient, row.what, row.at) for row in await marks.recipients(session, me.webinar, me.person)]


def _as_parts(given: list[tuple[str, str, datetime]]) -> list[Part]:
    why = "tell people who received their data"
    rows = [
        [
            Value(name, value, "user.unique_id.pseudonymous", why, "legal_obligation", "webinar")
            for name, value in (("recipient", recipient), ("what", what), ("at", at))
        ]
        for recipient, what, at in given
    ]
    return [Part("recipients", rows)] if rows else []


def _groups(export: SubjectExport, lang: str) -> list[Group]:
    found = []
    for part in export.parts:
        if part.place in ("recipients", "disclosure"):
            continue
        shown = [[value for value in row if not value.category.startswith(HIDDEN)] for row in part.rows]
        values = [value for row in shown for value in row]
        if values:
            found.append(
                Group(
                    place=part.place,
                    title=i18n.translate(lang, PLACES.get(part.place, part.place.replace("_", " "))),
                    why=_once(i18n.translate(lang, value.purpose) for value in values),
                    how_long=_once(_retention(value.retention, lang) for value in values),
                    rows=[[_line(value, lang) for value in row] for row in shown if row],
                )
            )
    return found


def _line(value: Value, lang: str) -> Line:
    if isinstance(value.value, datetime):
        return Line(i18n.translate(lang, words("When")), value.value)
    name = CATEGORIES.get(value.category, value.field.replace("_", " "))
    return Line(i18n.translate(lang, name), str(value.value))


def _retention(retention: str, lang: str) -> str:
    return i18n.translate(lang, words("until the webinar's data is erased") if retention == "webinar" else retention)


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
