"""The mail that says which webinars are erased soon, to those who can still save what they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import select

from app.accounts.models import Account, Staff
from app.core import i18n
from app.core.brand import Brand
from app.core.jobs import Handler
from app.core.mail import Outbox
from app.core.permissions import Role
from app.core.templates import Pages
from app.core.unit import Unit, Work
from app.privacy.models import RetentionNotice
from app.privacy.retention import Due
from app.rooms.models import Webinar
from app.settings import Settings

MAIL = "mail.retention"
TOLD = (Role.OWNER, Role.ADMIN)


class RetentionMail(msgspec.Struct, frozen=True):
    """One mail to one member, about some webinars."""

    staff: str
    webinars: list[str]


async def warn_account(unit: Unit, account_id: str, due: Sequence[Due]) -> None:
    """Enqueue a mail to every owner and admin, in the transaction that notes that they were told."""
    query = select(Staff.id).where(Staff.account_id == account_id, Staff.role.in_(TOLD))
    for staff_id in (await unit.session.execute(query)).scalars().all():
        unit.enqueue(MAIL, RetentionMail(staff_id, [one.webinar_id for one in due]), about=account_id)


def handlers(settings: Settings, work: Work, pages: Pages, mailer: Outbox) -> Mapping[str, Handler]:
    """Kind of job → what does it."""

    async def tell(payload: bytes) -> None:
        """Webinars that were erased or given more time meanwhile are left out; with none left, no mail."""
        ids = msgspec.json.decode(payload, type=RetentionMail)
        async with work.read() as session:
            member = await session.get(Staff, ids.staff)
            if member is None or not mailer.ready:
                return
            account = await session.get_one(Account, member.account_id)
            query = select(Webinar, RetentionNotice.erase_at).join(RetentionNotice, RetentionNotice.webinar_id == Webinar.id)
            query = query.where(Webinar.id.in_(ids.webinars), Webinar.account_id == account.id).order_by(RetentionNotice.erase_at)
            rows = (await session.execute(query)).all()
        if not rows:
            return
        lang = member.lang if member.lang in i18n.languages() else i18n.SOURCE

        shown: dict[str, Any] = {
            "subject": i18n.translate_n(lang, "{n} webinar will be erased soon", "{n} webinars will be erased soon", len(rows)),
            "list": [
                (row.title, i18n.long_date(at, lang, row.zone), f"{settings.origin}/admin/webinars/{row.id}") for row, at in rows
            ],
            "action_href": f"{settings.origin}/admin",
            "action_text": i18n.translate(lang, "Open your webinars"),
        }
        brand = Brand(name=account.name, accent=account.colour)
        text, html = (pages.render(f"mail/retention.{form}", lang=lang, brand=brand, **shown) for form in ("txt", "html"))
        await mailer.send(member.email, shown["subject"], text, html)

    return {MAIL: tell}
