"""What the account can look up about itself, for programs: data register, audit log, agreement, breaches, and its own data to take along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec

from app.accounts import agreement
from app.accounts.models import ProcessorNotice
from app.accounts.processors import REASON_MAX, notice_of, object_to, reason_of
from app.core.api import Answer, Body, Call, Content, Endpoint, Listing, cursor_of
from app.core.errors import not_found
from app.core.permissions import Permission
from app.core.subprocessors import digest, listed
from app.media.tapes import threaded
from app.privacy.audit import entries, verify
from app.privacy.files import SealedReader
from app.privacy.map import DataMap
from app.privacy.register import register
from app.privacy.vault import Vault
from app.reports import breach
from app.reports.account_pages import KEPT, AccountFile, prepare, preparing
from app.reports.privacy_pages import Declared
from app.reports.register_view import about_people
from app.rooms.api import own
from app.settings import Settings

_NOTHING: dict[str, object] = {"categories": {}, "persons": 0, "records": 0}


class RegisterEntry(Content, frozen=True, kw_only=True):
    """One kind of personal data that is stored."""

    kind: str
    place: str
    field: str
    category: str
    subject: str
    purpose: str
    basis: str
    retention: str
    sealed: bool
    erased: str


class RegisterContent(Content, frozen=True, kw_only=True):
    """The data register (Art. 30 GDPR)."""

    operator: str
    contact: str
    location: str
    entries: list[RegisterEntry]


class AuditContent(Content, frozen=True, kw_only=True):
    """Who did what to which thing; names of fields, never values."""

    n: int
    at: datetime
    actor: str
    role: str
    action: str
    object_kind: str
    object_id: str
    fields: list[str]
    reason: str


class AuditPage(Content, frozen=True, kw_only=True):
    """A page of the log, newest first; `broken_at` is the number of the first entry that does not fit the chain, null for a whole log."""

    items: list[AuditContent]
    broken_at: int | None
    next: str | None


class BreachContent(Content, frozen=True, kw_only=True):
    """A breach the operator told this account of, with what Art. 33(3) GDPR asks."""

    id: str
    nature: str
    found_at: datetime
    told_at: datetime | None
    categories: dict[str, int]
    persons: int
    records: int
    consequences: str
    measures: str


class BreachList(Content, frozen=True, kw_only=True):
    """All of them, newest first."""

    items: list[BreachContent]


class ProcessorContent(Content, frozen=True, kw_only=True):
    """Who else handles data (Art. 28(2) GDPR). One whose day is to come handles none yet."""

    name: str
    hosts: list[str]
    purpose: str
    place: str
    transfer: str
    since: date | None


class ProcessorChangeContent(Content, frozen=True, kw_only=True):
    """What the account was told of a changed list, and what it said to it."""

    told_at: datetime
    starts_at: datetime
    objected_at: datetime | None
    reason: str


class ObjectionBody(Body, frozen=True, kw_only=True):
    """Why the account does not agree with the change."""

    reason: Annotated[str, msgspec.Meta(min_length=10, max_length=REASON_MAX)]


class AgreementContent(Content, frozen=True, kw_only=True):
    """The data processing agreement in force, and whether the account accepted it; without, nothing is published."""

    version: str
    sha256: str
    accepted: bool
    accepted_at: datetime | None
    processors: list[ProcessorContent]
    change: ProcessorChangeContent | None
    """Of the list of sub-processors, as long as the new one is not accepted."""


class ArchiveContent(Content, frozen=True, kw_only=True):
    """The file with everything of the account: under way, there, or neither. It goes by itself at `gone_at`."""

    preparing: bool
    made_at: datetime | None
    gone_at: datetime | None


class AccountDataApi:
    """Endpoints."""

    def __init__(
        self, settings: Settings, vault: Vault, data_map: DataMap, declared: Sequence[Declared], file: AccountFile
    ) -> None:
        self._settings = settings
        self._vault = vault
        self._map = data_map
        self._declared = declared
        self._file = file

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        see, manage, archive = Permission.REGISTER_SEE, Permission.ACCOUNT_MANAGE, "/account/archive"
        return [
            Endpoint(method="GET", path="/register", name="readRegister", summary="The data register of the account", tag="Privacy", needs=see,
                     handler=self.register, answer=RegisterContent),
            Endpoint(method="GET", path="/webinars/{webinar}/register", name="readWebinarRegister", tag="Privacy", needs=see,
                     summary="What is stored about the people of a webinar", handler=self.of_webinar, answer=RegisterContent),
            Endpoint(method="GET", path="/audit", name="listAudit", summary="The audit log", tag="Privacy", needs=Permission.AUDIT_SEE,
                     handler=self.audit, query=Listing, answer=AuditPage),
            Endpoint(method="GET", path="/breaches", name="listBreaches", summary="Breaches this account was told of", tag="Privacy",
                     needs=manage, handler=self.breaches, answer=BreachList),
            Endpoint(method="GET", path="/agreement", name="readAgreement", summary="The agreement in force, and its acceptance", tag="Account",
                     needs=manage, handler=self.agreement, answer=AgreementContent),
            Endpoint(method="POST", path="/agreement/objection", name="objectToProcessors", tag="Account", needs=manage,
                     summary="Object to a change of the list of sub-processors", handler=self.object, body=ObjectionBody,
                     answer=AgreementContent),
            Endpoint(method="GET", path=archive, name="readArchive", summary="Whether the file to take along is there", tag="Account",
                     needs=Permission.ACCOUNT_ERASE, handler=self.archive, answer=ArchiveContent),
            Endpoint(method="POST", path=archive, name="makeArchive", summary="Have the file with everything made anew", tag="Account",
                     needs=Permission.ACCOUNT_ERASE, handler=self.make_archive, again=self.archive, answer=ArchiveContent, status=202),
            Endpoint(method="GET", path=archive + "/file", name="downloadArchive", summary="The file: a ZIP that another installation imports",
                     tag="Account", needs=Permission.ACCOUNT_ERASE, handler=self.download, media_types=("application/zip",)),
        ]  # fmt: skip

    async def register(self, call: Call[Any]) -> Answer:
        """Derived from the schema itself."""
        return Answer(content=_register(await self._read(call, None)))

    async def of_webinar(self, call: Call[Any]) -> Answer:
        """With the questions its organiser added."""
        return Answer(content=_register(about_people(await self._read(call, (await own(call)).id))))

    async def audit(self, call: Call[Any]) -> Answer:
        """What this API does is in it, too."""
        number, account = call.query.number, call.caller.account_id
        found = await entries(call.session, account, before=call.query.after(int), limit=number + 1)
        shown = [AuditContent(**{name: getattr(one, name) for name in AuditContent.__struct_fields__}) for one in found[:number]]
        more = cursor_of(shown[-1].n) if len(found) > number else None
        return Answer(content=AuditPage(items=shown, broken_at=await verify(call.session, account), next=more))

    async def breaches(self, call: Call[Any]) -> Answer:
        """Reading it here is no receipt: a person gives that on the page."""
        account = call.caller.account_id
        found = []
        for row in await breach.of_account(call.session, account):
            reach = msgspec.convert(row.scope.get(account, _NOTHING), breach.Reach)
            found.append(
                BreachContent(
                    id=row.id,
                    nature=row.nature,
                    found_at=row.found_at,
                    told_at=row.notified_at,
                    categories=reach.categories,
                    persons=reach.persons,
                    records=reach.records,
                    consequences=row.consequences,
                    measures=row.measures,
                )
            )
        return Answer(content=BreachList(items=found))

    async def agreement(self, call: Call[Any]) -> Answer:
        """A person accepts it, on the page."""
        current, processors = agreement.current(), digest(self._settings)
        row = await agreement.accepted(call.session, call.caller.account_id)
        notice = await notice_of(call.session, call.caller.account_id, processors)
        return Answer(
            content=AgreementContent(
                version=current.version,
                sha256=current.hash,
                accepted=agreement.is_current(row, processors),
                accepted_at=row.at if row else None,
                processors=[
                    ProcessorContent(
                        name=one.name,
                        hosts=list(one.hosts),
                        purpose=one.purpose,
                        place=one.place,
                        transfer=one.transfer,
                        since=one.since,
                    )
                    for one in listed(self._settings)
                ],
                change=await self._change(notice) if notice and notice.answer != "accepted" else None,
            )
        )

    async def object(self, call: Call[ObjectionBody]) -> Answer:
        """The operator is told."""
        await object_to(
            call.unit, self._vault, call.caller.account_id, call.caller.key_id, digest(self._settings), call.body.reason
        )
        await call.session.flush()
        return await self.agreement(call)

    async def _change(self, notice: ProcessorNotice) -> ProcessorChangeContent:
        return ProcessorChangeContent(
            told_at=notice.told_at,
            starts_at=notice.starts_at,
            objected_at=notice.answered_at,
            reason=await reason_of(self._vault, notice),
        )

    async def archive(self, call: Call[Any]) -> Answer:
        """Ask again until it is there."""
        path = self._file.path(call.caller.account_id)
        made = datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None
        busy = await preparing(call.session, call.caller.account_id)
        return Answer(content=ArchiveContent(preparing=busy, made_at=made, gone_at=made + KEPT if made else None))

    async def make_archive(self, call: Call[Any]) -> Answer:
        """In the background; one at a time."""
        await prepare(call.unit, call.caller.account_id)
        await call.session.flush()
        return await self.archive(call)

    async def download(self, call: Call[Any]) -> Answer:
        """Opened on its way out."""
        try:
            reader = await self._file.read(call.caller.account_id)
        except FileNotFoundError:
            raise not_found() from None
        return Answer(stream=threaded(_chunks(reader)), media_type="application/zip", file_name="account.zip")

    async def _read(self, call: Call[Any], webinar_id: str | None) -> Any:
        found = [await read(call.session, call.caller.account_id, webinar_id) for read in self._declared]
        return register(self._settings, self._map, [entry for some in found for entry in some])


def _chunks(reader: SealedReader) -> Iterator[bytes]:
    with reader:
        yield from reader.chunks()


def _register(content: Any) -> RegisterContent:
    names = RegisterEntry.__struct_fields__
    shown = [RegisterEntry(**{name: getattr(one, name) for name in names}) for one in content.entries]
    return RegisterContent(operator=content.operator, contact=content.contact, location=content.location, entries=shown)
