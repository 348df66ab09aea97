"""Exports, erasures, statistics and a person's own data for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta
from sqlalchemy import select

from app.core.api import Answer, Body, Call, Content, Endpoint, acting_role
from app.core.errors import invalid, not_found
from app.core.permissions import Permission
from app.privacy.erase.ask import By, erase_all_persons, erase_persons
from app.privacy.erase.pipeline import Pipeline
from app.privacy.export import subject_export
from app.privacy.map import DataMap
from app.privacy.models import Erasure
from app.privacy.scope import Target
from app.privacy.vault import Vault
from app.reports.export import figures
from app.reports.export.all import offered
from app.reports.export.files import Asked, Exports
from app.reports.export.formats import MEDIA_TYPES
from app.reports.export.sets import Wanted
from app.reports.models import ExportFile
from app.rooms.api import ErasureStarted, own

PERSONS_MAX = 1000
PersonId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{20}$")]


class ExportContent(Content, frozen=True, kw_only=True):
    """An export: waiting, ready or failed."""

    id: str
    kind: str
    format: str
    names: bool
    state: str
    rows_done: int
    rows_total: int
    bytes: int
    made_at: datetime


class ExportList(Content, frozen=True, kw_only=True):
    """Exports that are not fetched yet."""

    items: list[ExportContent]


class ExportNew(Body, frozen=True, kw_only=True):
    """What to take out."""

    kind: Literal["registrants", "consents", "attendance", "chat", "questions", "polls", "ballots", "statistics"]
    format: Literal["csv", "xlsx", "json"] = "json"
    names: bool = False
    lang: Annotated[str, Meta(pattern=r"^[a-z]{2}(-[A-Za-z]{2,4})?$")] = "en"


class ErasureNew(Body, frozen=True, kw_only=True):
    """Whom to erase: some persons, or everybody in the webinar."""

    persons: Annotated[tuple[PersonId, ...], Meta(max_length=PERSONS_MAX)] = ()
    everybody: bool = False


class ErasureContent(Content, frozen=True, kw_only=True):
    """An erasure and, when it is done, its signed certificate as text."""

    id: str
    kind: str
    webinar: str
    state: str
    asked_at: datetime
    done_at: datetime | None
    certificate: str | None


class ErasureList(Content, frozen=True, kw_only=True):
    """The account's erasures, newest first."""

    items: list[ErasureContent]


class Figure(Content, frozen=True, kw_only=True):
    """A number that tells of nobody; null means fewer than five."""

    figure: str
    of: str
    number: int | None


class FigureList(Content, frozen=True, kw_only=True):
    """All figures of a webinar."""

    items: list[Figure]


class HeldValue(Content, frozen=True, kw_only=True):
    """One stored value with why it is there."""

    field: str
    value: str
    category: str
    purpose: str
    retention: str


class HeldPart(Content, frozen=True, kw_only=True):
    """What one place holds."""

    place: str
    rows: list[list[HeldValue]]


class PersonData(Content, frozen=True, kw_only=True):
    """Everything that is held about a person (Art. 15 GDPR)."""

    person: str
    made_at: datetime
    parts: list[HeldPart]


class ReportsApi:
    """Endpoints of reports."""

    def __init__(self, vault: Vault, pipeline: Pipeline, data_map: DataMap, exports: Exports) -> None:
        self._vault = vault
        self._pipeline = pipeline
        self._map = data_map
        self._exports = exports

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        of, take, erase = "/webinars/{webinar}", Permission.REGISTRANTS_EXPORT, Permission.PARTICIPANTS_ERASE
        one = of + "/exports/{export}"
        return [
            Endpoint(method="GET", path=of + "/exports", name="listExports", summary="Exports not fetched yet", tag="Exports", needs=take,
                     handler=self.exports, answer=ExportList),
            Endpoint(method="POST", path=of + "/exports", name="makeExport", summary="Make an export in the background", tag="Exports",
                     needs=take, handler=self.make, again=self.made, body=ExportNew, answer=ExportContent, status=202),
            Endpoint(method="GET", path=one, name="readExport", summary="How far an export is", tag="Exports", needs=take,
                     handler=self.export, answer=ExportContent),
            Endpoint(method="DELETE", path=one, name="dropExport", summary="Remove an export", tag="Exports", needs=take,
                     handler=self.drop, plain=True),
            Endpoint(method="POST", path=one + "/download", name="downloadExport", summary="The file; it is gone afterwards", tag="Exports",
                     needs=take, handler=self.download, plain=True, media_types=tuple(sorted(MEDIA_TYPES.values()))),
            Endpoint(method="POST", path=of + "/erasures", name="eraseParticipants", summary="Erase participants for good", tag="Erasures",
                     needs=erase, handler=self.erase, again=self.erasing, body=ErasureNew, answer=ErasureStarted, status=202),
            Endpoint(method="GET", path="/erasures", name="listErasures", summary="Erasures of the account", tag="Erasures", needs=erase,
                     handler=self.erasures, answer=ErasureList),
            Endpoint(method="GET", path="/erasures/{erasure}", name="readErasure", summary="One erasure with its certificate",
                     tag="Erasures", needs=erase, handler=self.erasure, answer=ErasureContent),
            Endpoint(method="GET", path=of + "/statistics", name="readStatistics", summary="Numbers that tell of nobody", tag="Statistics",
                     needs=Permission.STATISTICS_SEE, handler=self.statistics, answer=FigureList),
            Endpoint(method="GET", path=of + "/participants/{person}/data", name="readPersonData", tag="Participants",
                     summary="Everything held about a person, for an answer to their request", needs=Permission.CONSENT_MANAGE,
                     handler=self.data, answer=PersonData),
        ]  # fmt: skip

    async def exports(self, call: Call[Any]) -> Answer:
        """Newest first."""
        row = await own(call)
        return Answer(content=ExportList(items=[_export(one) for one in await self._exports.of_webinar(row.id)]))

    async def make(self, call: Call[ExportNew]) -> Answer:
        """Always in the background, however small, so that a program has one way."""
        row = await own(call)
        said = call.body
        if said.kind not in await offered(self._exports.source, row.id):
            raise invalid({"kind": "This webinar does not have that."})
        asked = Asked(
            webinar=row, kind=said.kind, form=said.format, named=said.names, lang=said.lang, role=acting_role(call.caller)
        )
        made = await self._exports.ask(call.unit, asked)
        return Answer(content=_export(made), location=f"/api/v1/webinars/{row.id}/exports/{made.id}", thing=made.id)

    async def made(self, call: Call[Any]) -> Answer:
        """The export of the same request before."""
        row = await own(call)
        return Answer(content=_export(await self._exports.one(row.id, call.path["thing"])))

    async def export(self, call: Call[Any]) -> Answer:
        """Ask again until it is ready."""
        return Answer(content=_export(await self._one(call)))

    async def drop(self, call: Call[Any]) -> Answer:
        """File and entry."""
        await self._exports.drop(await self._one(call))
        return Answer()

    async def download(self, call: Call[Any]) -> Answer:
        """Once."""
        row = await self._one(call)
        stream = await self._exports.give(row, acting_role(call.caller))
        return Answer(stream=stream, media_type=MEDIA_TYPES[row.form], file_name=f"{row.kind}.{row.form}")

    async def erase(self, call: Call[ErasureNew]) -> Answer:
        """Sockets close with this commit; the rest follows within seconds."""
        row = await own(call)
        by = By(call.caller.account_id, call.caller.key_id, call.caller.role)
        if bool(call.body.persons) == call.body.everybody:
            raise invalid({"persons": "Name persons, or say everybody."})
        if call.body.everybody:
            erasure = await erase_all_persons(call.unit, self._pipeline, by, row.id)
        else:
            erasure = await erase_persons(call.unit, self._pipeline, by, row.id, list(dict.fromkeys(call.body.persons)))
        return Answer(content=ErasureStarted(id=erasure, state="waiting"), location=f"/api/v1/erasures/{erasure}", thing=erasure)

    async def erasing(self, call: Call[Any]) -> Answer:
        """The erasure of the same request before."""
        return Answer(content=ErasureStarted(id=call.path["thing"], state="waiting"))

    async def erasures(self, call: Call[Any]) -> Answer:
        """At most a hundred."""
        query = select(Erasure).where(Erasure.of_account == call.caller.account_id).order_by(Erasure.asked_at.desc()).limit(100)
        return Answer(content=ErasureList(items=[_erasure(row) for row in (await call.session.execute(query)).scalars()]))

    async def erasure(self, call: Call[Any]) -> Answer:
        """The certificate is checked with ``python -m app verify``."""
        row = await call.session.get(Erasure, call.path["erasure"])
        if row is None or row.of_account != call.caller.account_id:
            raise not_found()
        return Answer(content=_erasure(row))

    async def statistics(self, call: Call[Any]) -> Answer:
        """The same set as the export's."""
        row = await own(call)
        wanted = Wanted(webinar=row, named=False, lang="en", permissions=call.caller.permissions)
        table = await figures.statistics(self._exports.source, wanted)
        found = [
            Figure(figure=str(name), of=str(of), number=number if isinstance(number, int) else None)
            async for name, of, number in table.rows
        ]
        return Answer(content=FigureList(items=found))

    async def data(self, call: Call[Any]) -> Answer:
        """From the data map, so that a new column shows by itself. Also of restricted persons (Art. 18(2))."""
        row, person = await own(call), call.path["person"]
        target = Target("participant", row.account_id, row.id, (person,))
        export = await subject_export(call.session, self._vault, self._map, target, call.now)
        if not export.parts:
            raise not_found()
        parts = [
            HeldPart(
                place=part.place,
                rows=[
                    [
                        HeldValue(
                            field=value.field,
                            value=_text(value.value),
                            category=value.category,
                            purpose=value.purpose,
                            retention=value.retention,
                        )
                        for value in one
                    ]
                    for one in part.rows
                ],
            )
            for part in export.parts
        ]
        return Answer(content=PersonData(person=person, made_at=call.now, parts=parts))

    async def _one(self, call: Call[Any]) -> ExportFile:
        row = await own(call)
        return await self._exports.one(row.id, call.path["export"])


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _export(row: ExportFile) -> ExportContent:
    return ExportContent(
        id=row.id,
        kind=row.kind,
        format=row.form,
        names=row.named,
        state=row.state,
        rows_done=row.rows_done,
        rows_total=row.rows_total,
        bytes=row.size,
        made_at=row.made_at,
    )


def _erasure(row: Erasure) -> ErasureContent:
    return ErasureContent(
        id=row.id,
        kind=row.kind,
        webinar=row.of_webinar,
        state=row.state,
        asked_at=row.asked_at,
        done_at=row.done_at,
        certificate=row.certificate,
    )
