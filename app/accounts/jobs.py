"""Background jobs of accounts: mails of an invitation, of a forgotten password, and about the list of sub-processors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from app.accounts.invitations import InvitationLinks
from app.accounts.models import Account, Invitation, Staff
from app.accounts.processors import LOOK, MAIL, OBJECTED, NoticeMail, ProcessorChanges, notice_of
from app.accounts.reset import RESET_MAIL, ResetLinks, ResetMail
from app.core import i18n
from app.core.brand import Brand
from app.core.i18n import words
from app.core.jobs import Handler
from app.core.mail import Outbox
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


def handlers(settings: Settings, work: Work, pages: Pages, mailer: Outbox) -> Mapping[str, Handler]:
    """Kind of job → what does it."""
    links, resets = InvitationLinks(settings), ResetLinks(settings)

    async def invitation(payload: bytes) -> None:
        """Nothing is sent for an invitation that was taken up, renewed or has ended meanwhile."""
        ids = msgspec.json.decode(payload, type=InvitationMail)
        async with work.read() as session:
            found = await session.get(Invitation, ids.invitation)
            if found is None or found.expires_at < work.clock.now() or not mailer.ready:
                return
            account = await session.get_one(Account, found.account_id)
            host = await session.get(Staff, ids.by)
        lang = _lang(host)
        shown: dict[str, Any] = {
            "subject": i18n.translate(lang, "Invitation to the team of {organisation}", {"organisation": account.name}),
            "organisation": account.name,
            "host": host.name if host else "",
            "action_href": links.link(found.id),
            "action_text": i18n.translate(lang, "Join the team"),
        }
        await _send(pages, mailer, "mail/invitation", found.email, lang, account, shown)

    async def reset(payload: bytes) -> None:
        """An address nobody has: the job ends without a mail."""
        wanted = msgspec.json.decode(payload, type=ResetMail).staff
        async with work.read() as session:
            member = await session.get(Staff, wanted) if wanted else None
            if member is None or not mailer.ready:
                return
            account = await session.get_one(Account, member.account_id)
        lang = _lang(member)
        shown: dict[str, Any] = {
            "subject": i18n.translate(lang, "A new password for Lectern"),
            "action_href": resets.link(member),
            "action_text": i18n.translate(lang, "Choose a new password"),
        }
        await _send(pages, mailer, "mail/reset", member.email, lang, account, shown)

    return {INVITATION_MAIL: invitation, RESET_MAIL: reset, **_about_processors(settings, work, pages, mailer)}


def _about_processors(settings: Settings, work: Work, pages: Pages, mailer: Outbox) -> Mapping[str, Handler]:
    changes = ProcessorChanges(settings, work)

    async def look(_payload: bytes) -> None:
        await changes.sweep()

    async def tell(payload: bytes) -> None:
        """Nothing is sent to who left, nor when it was answered meanwhile."""
        ids = msgspec.json.decode(payload, type=NoticeMail)
        async with work.read() as session:
            notice, member = await notice_of(session, ids.account, ids.processors), await session.get(Staff, ids.staff)
            if notice is None or notice.answer or member is None or not mailer.ready:
                return
            account = await session.get_one(Account, ids.account)
        lang = _lang(member)
        day = i18n.long_date(notice.starts_at, lang, "UTC")
        shown = {
            "subject": i18n.translate(lang, words("Other sub-processors from {day}"), {"day": day}),
            "lead": i18n.translate(
                lang,
                words(
                    "{operator} changes who else handles data of {organisation}. See the new list, then accept it or object before {day}."
                ),
                {"operator": settings.operator_name, "organisation": account.name, "day": day},
            ),
            "action_href": f"{settings.origin}/admin/privacy/agreement#sub-processors",
            "action_text": i18n.translate(lang, words("See what changes")),
            "why": i18n.translate(lang, words("You get this mail because you may decide for your organisation.")),
        }
        await _send(pages, mailer, "mail/note", member.email, lang, account, shown)

    async def objected(payload: bytes) -> None:
        """To the operator; the reason stays here."""
        ids = msgspec.json.decode(payload, type=NoticeMail)
        async with work.read() as session:
            notice, account = await notice_of(session, ids.account, ids.processors), await session.get(Account, ids.account)
        if (
            notice is None
            or account is None
            or notice.answer != "objected"
            or "@" not in settings.operator_contact
            or not mailer.ready
        ):
            return
        lang = i18n.SOURCE
        shown = {
            "subject": i18n.translate(lang, words("{organisation} objects to a sub-processor"), {"organisation": account.name}),
            "lead": i18n.translate(lang, words("The reason is shown by: python -m app objections")),
            "action_href": f"{settings.origin}/admin/privacy/agreement",
            "action_text": i18n.translate(lang, words("The data processing agreement")),
            "why": i18n.translate(lang, words("You get this mail because you are the contact of whoever runs this server.")),
        }
        await _send(pages, mailer, "mail/note", settings.operator_contact, lang, account, shown)

    return {LOOK: look, MAIL: tell, OBJECTED: objected}


def _lang(member: Staff | None) -> str:
    return member.lang if member and member.lang in i18n.languages() else i18n.SOURCE


async def _send(
    pages: Pages, mailer: Outbox, template: str, to: str, lang: str, account: Account, shown: Mapping[str, Any]
) -> None:
    brand = Brand(name=account.name, accent=account.colour)
    text, html = (pages.render(f"{template}.{form}", lang=lang, brand=brand, **shown) for form in ("txt", "html"))
    await mailer.send(to, shown["subject"], text, html)
