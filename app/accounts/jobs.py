"""Background jobs of accounts: the mail of an invitation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from app.accounts.invitations import InvitationLinks
from app.accounts.models import Account, Invitation, Staff
from app.core import i18n
from app.core.brand import Brand
from app.core.jobs import Handler
from app.core.mail import Mailer
from app.core.templates import Pages
from app.core.unit import Unit, Work
from app.settings import Settings

INVITATION_MAIL = "mail.invitation"


class InvitationMail(msgspec.Struct, frozen=True):
    """What the job is told: ids only."""

    invitation: str
    by: str


def enqueue_invitation(unit: Unit, invitation_id: str, account_id: str, by: str) -> None:
    """Mail the invitation after the commit."""
    unit.enqueue(INVITATION_MAIL, InvitationMail(invitation_id, by), about=account_id)


def handlers(settings: Settings, work: Work, pages: Pages, mailer: Mailer) -> Mapping[str, Handler]:
    """Kind of job → what does it."""
    links = InvitationLinks(settings)

    async def invitation(payload: bytes) -> None:
        """Nothing is sent for an invitation that was taken up, renewed or has ended meanwhile."""
        ids = msgspec.json.decode(payload, type=InvitationMail)
        async with work.read() as session:
            found = await session.get(Invitation, ids.invitation)
            if found is None or found.expires_at < work.clock.now() or not mailer.ready:
                return
            account = await session.get_one(Account, found.account_id)
            host = await session.get(Staff, ids.by)
        lang = host.lang if host and host.lang in i18n.languages() else i18n.SOURCE
        subject = i18n.translate(lang, "Invitation to the team of {organisation}", {"organisation": account.name})
        shown: dict[str, Any] = {
            "subject": subject,
            "organisation": account.name,
            "host": host.name if host else "",
            "action_href": links.link(found.id),
            "action_text": i18n.translate(lang, "Join the team"),
            "brand": Brand(name=account.name, accent=account.colour),
        }
        text, html = (
            pages.render("mail/invitation.txt", lang=lang, **shown),
            pages.render("mail/invitation.html", lang=lang, **shown),
        )
        await mailer.send(found.email, subject, text, html)

    return {INVITATION_MAIL: invitation}
