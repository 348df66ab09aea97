"""All pages of this folder that answer for themselves, joined in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
from starlette.routing import Route

from app.accounts.passwords import Passwords
from app.consent.mydata import MyData
from app.core.api_router import forget_replays
from app.core.jobs import Handler
from app.core.unit import Work
from app.live.commands import CommandTable
from app.privacy.certificate import Signer
from app.privacy.erase.pipeline import Pipeline
from app.privacy.files import Shelf
from app.privacy.map import DataMap
from app.privacy.vault import Vault
from app.registration.links import Links
from app.registration.parts import Registration
from app.reports.account_pages import AccountFile, AccountPages
from app.reports.audit_pages import AuditPages
from app.reports.breach_pages import BreachPages
from app.reports.consent_pages import ConsentPages
from app.reports.export.files import MAKE, SWEEP, Exports
from app.reports.export_pages import ExportPages
from app.reports.my_data_pages import MyDataPages
from app.reports.names import registrant_names
from app.reports.people_pages import PeoplePages
from app.reports.portability.pages import ArchivePages
from app.reports.privacy_pages import Declared
from app.reports.request_pages import RequestPages
from app.reports.statistics_pages import StatisticsPages
from app.rooms.names import chat_names
from app.rooms.seats import Seats
from app.settings import Settings
from app.webhooks.work import Webhooks


class WithRoutes(Protocol):
    """Whatever has routes for the URL map."""

    def routes(self) -> list[Route]:
        """Its routes."""
        ...


class Given(msgspec.Struct, frozen=True):
    """What the pages need."""

    settings: Settings
    work: Work
    vault: Vault
    pipeline: Pipeline
    data_map: DataMap
    seats: Seats
    registration: Registration
    table: CommandTable
    webhooks: Webhooks
    declared: Sequence[Declared]
    """What organisers added to the data register themselves."""

    @property
    def my_data(self) -> MyData:
        """Links to "my data"."""
        return self.registration.my_data

    @property
    def links(self) -> Links:
        """Links of registrants."""
        return self.registration.links


def exports_of(given: Given) -> Exports:
    """What makes export files; for the pages and for the worker."""
    return Exports(given.work, given.vault, Shelf(given.settings.data_dir))


def handlers(given: Given) -> Mapping[str, Handler]:
    """Background jobs of reports."""
    exports = exports_of(given)

    async def sweep(payload: bytes) -> None:
        await exports.sweep(payload)
        await forget_replays(given.work)

    return {MAKE: exports.make, SWEEP: sweep}


def features(given: Given) -> Sequence[WithRoutes]:
    """The pages."""
    signer = Signer(given.settings.keys_path)
    return [
        ConsentPages(given.work),
        MyDataPages(given.work, given.vault, given.my_data, given.pipeline, given.data_map, signer, given.seats),
        RequestPages(given.work, given.vault),
        PeoplePages(given.work, given.vault, given.pipeline, given.data_map, [registrant_names, chat_names]),
        StatisticsPages(given.work),
        ExportPages(given.work, exports_of(given), given.registration.directory),
        AuditPages(given.work),
        AccountPages(given.work, AccountFile(given.vault, Shelf(given.settings.data_dir))),
        BreachPages(given.settings, given.work),
        ArchivePages(given.work, given.vault, Passwords(), Shelf(given.settings.data_dir)),
    ]
