"""Background jobs of webhooks: the mail when an endpoint was switched off, and the acknowledgements in a certificate."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import select

from app.accounts.models import Account, Staff
from app.core import i18n
from app.core.brand import Brand
from app.core.jobs import Handler
from app.core.mail import Outbox
from app.core.permissions import Role
from app.core.templates import Pages
from app.core.unit import Work
from app.privacy.certificate import Recipient, Signer, with_recipients
from app.privacy.models import Erasure
from app.settings import Settings
from app.webhooks.endpoints import ON
from app.webhooks.farewell import Farewell
from app.webhooks.models import Delivery, Endpoint
from app.webhooks.outcome import ACKNOWLEDGED, OFF_MAIL, Acknowledged, OffMail

STATES = {"done": "acknowledged", "dead": "given up"}


def handlers(settings: Settings, work: Work, pages: Pages, mailer: Outbox, signer: Signer) -> Mapping[str, Handler]:
    """Kind of job → what does it."""

    async def off(payload: bytes) -> None:
        """Owners hear of it, unless it is on again meanwhile."""
        wanted = msgspec.json.decode(payload, type=OffMail).endpoint
        async with work.read() as session:
            row = await session.get(Endpoint, wanted)
            if row is None or row.state == ON or not mailer.ready:
                return
            account = await session.get_one(Account, row.account_id)
            query = select(Staff).where(Staff.account_id == row.account_id, Staff.role == Role.OWNER)
            owners = list((await session.execute(query)).scalars())
        for owner in owners:
            lang = owner.lang if owner.lang in i18n.languages() else i18n.SOURCE
            subject = i18n.translate(lang, "The webhook {name} was switched off", {"name": row.name})
            shown = {
                "subject": subject,
                "name": row.name,
                "why": row.state,
                "action_href": f"{settings.origin}/admin/integrations/webhooks/{row.id}",
                "action_text": i18n.translate(lang, "See what it answered"),
                "brand": Brand(name=account.name, accent=account.colour),
            }
            text, html = (pages.render(f"mail/webhook_off.{form}", lang=lang, **shown) for form in ("txt", "html"))
            await mailer.send(owner.email, subject, text, html)

    async def acknowledged(payload: bytes) -> None:
        """The certificate says anew who has answered; its claim about the erasure stays as it was."""
        erasure_id = msgspec.json.decode(payload, type=Acknowledged).erasure
        async with work.unit() as unit:
            row = await unit.session.get(Erasure, erasure_id)
            if row is None or row.certificate is None:
                return
            query = select(Delivery, Endpoint).join(Endpoint, Endpoint.id == Delivery.endpoint_id)
            told = (await unit.session.execute(query.where(Delivery.erasure == erasure_id).order_by(Endpoint.name))).all()
            recipients = [Recipient(e.name, STATES.get(d.state, "waiting"), d.ended_at) for d, e in told]
            last = select(Farewell).where(Farewell.erasure == erasure_id).order_by(Farewell.name, Farewell.id)
            rows = (await unit.session.execute(last)).scalars()
            recipients += [Recipient(row.name, STATES.get(row.state, "waiting"), row.ended_at) for row in rows]
            row.certificate = with_recipients(signer, row.certificate, recipients)

    return {OFF_MAIL: off, ACKNOWLEDGED: acknowledged}
