"""Mails about requests of data subjects: the team hears that one came, the person that it was answered. Neither repeats what was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import select

from app.accounts.models import Account, Staff
from app.consent import marks
from app.consent.models import SubjectRequest
from app.consent.mydata import MyData
from app.consent.owner import account_of
from app.core import i18n
from app.core.brand import Brand
from app.core.i18n import words
from app.core.jobs import Handler
from app.core.mail import Outbox
from app.core.permissions import Permission, Role, permissions_of
from app.core.templates import Pages
from app.core.unit import Unit, Work
from app.privacy.vault import Vault
from app.registration import registrants
from app.rooms.models import Webinar
from app.settings import Settings

CAME, ANSWERED = "mail.request.came", "mail.request.answered"
TOLD = [role for role in Role if Permission.CONSENT_MANAGE in permissions_of(role)]


class RequestMail(msgspec.Struct, frozen=True):
    """Which request; ``staff`` is who of the team is told."""

    request: str
    staff: str = ""


async def tell_team(unit: Unit, row: SubjectRequest) -> None:
    """Enqueue a mail to everybody who may answer."""
    account_id = await account_of(unit.session, row.webinar_id)
    query = select(Staff.id).where(Staff.account_id == account_id, Staff.role.in_(TOLD))
    for staff_id in (await unit.session.execute(query)).scalars().all():
        unit.enqueue(CAME, RequestMail(row.id, staff_id), about=row.webinar_id)


def tell_person(unit: Unit, row: SubjectRequest) -> None:
    """Enqueue a mail to the person, if an address of theirs is known when it is sent."""
    unit.enqueue(ANSWERED, RequestMail(row.id), about=row.webinar_id)


class RequestMails:
    """Sends them."""

    def __init__(self, settings: Settings, work: Work, vault: Vault, pages: Pages, mailer: Outbox, links: MyData) -> None:
        self._settings = settings
        self._work = work
        self._vault = vault
        self._pages = pages
        self._mailer = mailer
        self._links = links

    def handlers(self) -> Mapping[str, Handler]:
        """Kind of job → what does it."""
        return {CAME: self.came, ANSWERED: self.answered}

    async def came(self, payload: bytes) -> None:
        """Nothing is sent about a request that was answered or erased meanwhile."""
        ids = msgspec.json.decode(payload, type=RequestMail)
        async with self._work.read() as session:
            row, member = await session.get(SubjectRequest, ids.request), await session.get(Staff, ids.staff)
            if row is None or member is None or row.state != "open":
                return
            webinar = await session.get_one(Webinar, row.webinar_id)
            account = await session.get_one(Account, webinar.account_id)
        lang = member.lang if member.lang in i18n.languages() else i18n.SOURCE
        due = i18n.long_date(row.due_at, lang, webinar.zone)
        shown = {
            "subject": i18n.translate(lang, words("A participant asks something about their data")),
            "lead": i18n.translate(lang, words("In “{title}”. Answer by {day}."), {"title": webinar.title, "day": due}),
            "action_href": f"{self._settings.origin}/admin/privacy/requests/{row.id}",
            "action_text": i18n.translate(lang, words("Read and answer")),
            "why": i18n.translate(lang, words("You get this mail because you may answer requests of participants.")),
        }
        await self._send(member.email, lang, account, shown)

    async def answered(self, payload: bytes) -> None:
        """To a registrant with an address who did not restrict their data; others read the answer on their page."""
        ids = msgspec.json.decode(payload, type=RequestMail)
        async with self._work.read() as session:
            row = await session.get(SubjectRequest, ids.request)
            if row is None or marks.RESTRICTED in await marks.of_person(session, row.webinar_id, row.person):
                return
            webinar = await session.get_one(Webinar, row.webinar_id)
            account = await session.get_one(Account, webinar.account_id)
            known = await registrants.of_persons(session, self._vault, row.webinar_id, [row.person])
        if not known or not known[0].email:
            return
        lang = known[0].lang if known[0].lang in i18n.languages() else i18n.SOURCE
        shown = {
            "subject": i18n.translate(lang, words("Your request about your data was answered")),
            "lead": i18n.translate(lang, words("In “{title}”. The answer stands on your page."), {"title": webinar.title}),
            "action_href": self._links.link(row.webinar_id, row.person),
            "action_text": i18n.translate(lang, words("My data")),
            "why": i18n.translate(lang, words("You get this mail because you asked something about your data.")),
        }
        await self._send(known[0].email, lang, account, shown)

    async def _send(self, to: str, lang: str, account: Account, shown: dict[str, Any]) -> None:
        if not self._mailer.ready:
            return
        brand = Brand(name=account.name, accent=account.colour)
        text, html = (self._pages.render(f"mail/note.{form}", lang=lang, brand=brand, **shown) for form in ("txt", "html"))
        await self._mailer.send(to, shown["subject"], text, html)
