"""The whole API joined: endpoints of all features, their documents, and the audit entry of every write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.accounts.api import KeyApi
from app.accounts.api_keys import ApiKeys
from app.accounts.api_team import TeamApi
from app.consent.api import ConsentApi
from app.core.api import Call, Endpoint
from app.core.api_router import ApiRouter
from app.core.tokens import Tokens
from app.core.unit import Unit
from app.media.api import RecordingApi
from app.media.api_settings import MediaSettingsApi
from app.media.api_videos import VideoApi
from app.moderation.api import QuestionApi
from app.privacy.audit import Act, note
from app.privacy.files import Shelf
from app.registration.api import RegistrationApi
from app.registration.api_mails import MailApi
from app.registration.api_series import SeriesApi
from app.reports.account_pages import AccountFile
from app.reports.api import ReportsApi
from app.reports.api_account import AccountDataApi
from app.reports.api_commands import CommandApi
from app.reports.api_consent import ConsentSetupApi
from app.reports.api_documents import ApiDocuments
from app.reports.api_polls import PollApi
from app.reports.features import Given, WithRoutes, exports_of
from app.rooms.api import WebinarApi
from app.rooms.api_room import RoomApi


def api_features(given: Given) -> Sequence[WithRoutes]:
    """Router and documents."""
    settings, vault = given.settings, given.vault
    tokens, shelf, consent = Tokens(settings.secret), Shelf(settings.data_dir), ConsentApi(vault)
    parts = (
        KeyApi(),
        WebinarApi(vault, given.pipeline, settings.origin),
        SeriesApi(settings.origin),
        RoomApi(vault, tokens, shelf, settings.origin),
        CommandApi(given.table),
        MediaSettingsApi(vault, tokens, settings.origin),
        RecordingApi(vault, shelf),
        VideoApi(settings, vault, shelf),
        QuestionApi(vault),
        PollApi(exports_of(given).source),
        consent,
        ConsentSetupApi(consent),
        RegistrationApi(vault, given.pipeline, given.links),
        MailApi(vault, given.registration.mail_room),
        given.webhooks.api,
        ReportsApi(vault, given.pipeline, given.data_map, exports_of(given)),
        TeamApi(settings),
        AccountDataApi(settings, vault, given.data_map, given.declared, AccountFile(vault, shelf)),
    )
    endpoints = [endpoint for part in parts for endpoint in part.endpoints()]
    router = ApiRouter(given.work, ApiKeys(given.work), endpoints, noted)
    return [router, ApiDocuments(endpoints, given.settings.origin)]


async def noted(unit: Unit, endpoint: Endpoint, call: Call[Any]) -> None:
    """One line in the account's audit log: which key did what to which thing, without values."""
    ids = [value for name, value in call.path.items() if name not in ("person", "lang")]
    act = Act(
        account_id=call.caller.account_id,
        actor=call.caller.key_id,
        role=call.caller.role,
        action=f"api.{endpoint.name}",
        object_kind=next(iter(call.path), "account"),
        object_id=(ids[0] if ids else call.caller.account_id)[:20],
    )
    await note(unit, act)
