"""Webhooks joined: what pages, worker and erasures need of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.jobs import Handler
from app.core.mail import Outbox
from app.core.outbound import Outbound
from app.core.templates import Pages
from app.core.unit import Work
from app.privacy.certificate import Signer
from app.privacy.map import Entry
from app.privacy.vault import Vault
from app.rooms.models import Webinar
from app.settings import Settings
from app.webhooks import endpoints, jobs
from app.webhooks.api import WebhookApi
from app.webhooks.dispatcher import Dispatcher
from app.webhooks.eraser import WebhookEraser
from app.webhooks.fields import Fields, FieldSource
from app.webhooks.pages import WebhookPages


class Webhooks:
    """All parts, for app.main."""

    def __init__(self, settings: Settings, work: Work, vault: Vault, sources: Sequence[FieldSource]) -> None:
        self._settings = settings
        self._work = work
        self.fields = Fields(sources)
        self.outbound = Outbound(settings.webhook_networks)
        self.eraser = WebhookEraser(work, vault)
        self.pages = WebhookPages(work, vault, self.outbound, self.fields)
        self.api = WebhookApi(vault, self.outbound, self.fields)
        self.dispatcher = Dispatcher(work, vault, self.outbound, self.fields)

    async def declared(
        self,
        session: AsyncSession,
        account_id: str,
        webinar_id: str | None = None,
    ) -> Sequence[Entry]:
        """Recipients, for the data register."""
        return await endpoints.declared(session, self.fields, account_id)

    async def leaves(self, session: AsyncSession, webinar: Webinar) -> str:
        """Who receives which fields of a webinar's people, for its privacy label; empty for nobody."""
        found = await endpoints.recipients(session, webinar)
        labels = await self.fields.known(session, webinar.account_id) if found else {}
        said = [f"{row.name}: {', '.join(labels.get(name, name) for name in row.fields)} ({row.purpose})" for row in found]
        return "; ".join(said)

    def handlers(self, pages: Pages, mailer: Outbox) -> Mapping[str, Handler]:
        """Kind of job → what does it."""
        return jobs.handlers(self._settings, self._work, pages, mailer, Signer(self._settings.keys_path))
