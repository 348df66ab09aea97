"""What an account is told of a breach: the slots of Art. 33(3), its own clock, and the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.breach_models import Breach, BreachNotice
from app.accounts.current import needs, staff_of
from app.accounts.models import Account, Staff
from app.core import i18n
from app.core.brand import Brand
from app.core.http import page
from app.core.jobs import Handler
from app.core.mail import Outbox
from app.core.permissions import Permission
from app.core.templates import Pages
from app.core.unit import Work
from app.reports import breach
from app.reports.breach import MAIL, THEIRS, BreachMail
from app.settings import Settings


class BreachPages:
    """Handlers and their routes."""

    def __init__(self, settings: Settings, work: Work) -> None:
        self._settings = settings
        self._work = work

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [Route("/admin/privacy/breaches", self.list), Route("/admin/privacy/breaches/{breach}", self.one)]

    @needs(Permission.ACCOUNT_MANAGE)
    async def list(self, request: Request) -> Response:
        """All this account was told of."""
        async with self._work.read() as session:
            rows = await breach.of_account(session, staff_of(request).account_id)
        return page(request, "privacy/breaches.html", breaches=rows)

    @needs(Permission.ACCOUNT_MANAGE)
    async def one(self, request: Request) -> Response:
        """One of them. Opening it is the receipt."""
        who = staff_of(request)
        async with self._work.unit() as unit:
            row, notice, told_at = await breach.opened(unit, who, request.path_params["breach"])
        context = _slots(row, who.account_id) | {"told_at": told_at, "until": told_at + THEIRS, "now_at": self._work.clock.now()}
        return page(request, "privacy/breach.html", breach=row, notice=notice, operator=self._settings, **context)


def handlers(settings: Settings, work: Work, pages: Pages, mailer: Outbox) -> Mapping[str, Handler]:
    """Kind of job → what does it."""

    async def mail(payload: bytes) -> None:
        """Whoever left meanwhile gets none."""
        wanted = msgspec.json.decode(payload, type=BreachMail).notice
        async with work.read() as session:
            notice = await session.get(BreachNotice, wanted)
            if notice is None or not mailer.ready:
                return
            row = await session.get_one(Breach, notice.breach_id)
            member = await session.get_one(Staff, notice.staff_id)
            account = await session.get_one(Account, notice.account_id)
        lang = member.lang if member.lang in i18n.languages() else i18n.SOURCE
        shown: dict[str, Any] = {
            **_slots(row, account.id),
            "subject": i18n.translate(lang, "A breach of personal data concerns {organisation}", {"organisation": account.name}),
            "breach": row,
            "operator": settings,
            "until": notice.told_at + THEIRS,
            "action_href": f"{settings.origin}/admin/privacy/breaches/{row.id}",
            "action_text": i18n.translate(lang, "Read it and confirm"),
            "brand": Brand(name=account.name, accent=account.colour),
        }
        text, html = (pages.render(f"mail/breach.{form}", lang=lang, **shown) for form in ("txt", "html"))
        await mailer.send(member.email, shown["subject"], text, html)
        async with work.unit() as unit:
            (await unit.session.get_one(BreachNotice, wanted)).mailed_at = unit.now

    return {MAIL: mail}


def _slots(row: Breach, account_id: str) -> dict[str, Any]:
    reach = row.scope.get(account_id, {})
    return {"categories": reach.get("categories", {}), "persons": reach.get("persons", 0), "records": reach.get("records", 0)}
