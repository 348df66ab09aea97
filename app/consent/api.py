"""Notices, consents, restrictions and requests for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta
from sqlalchemy import select

from app.consent import items, marks, notices, records, requests
from app.consent.models import ConsentEvent, SubjectRequest
from app.consent.owner import account_of, known, webinars_of
from app.core.api import Answer, Body, Call, Content, Endpoint, Listing, cursor_of
from app.core.errors import not_found
from app.core.ids import is_id
from app.core.permissions import Permission
from app.privacy.vault import Vault

Lang = Annotated[str, Meta(pattern=r"^[a-z]{2}(-[A-Za-z]{2,4})?$")]


class WordsContent(Content, frozen=True, kw_only=True):
    """An item's words in one language, and their fingerprint as records carry it."""

    label: str
    url: str
    dialog: str
    sha256: str


class ItemContent(Content, frozen=True, kw_only=True):
    """One thing participants are asked to agree to."""

    id: str
    kind: str
    purpose: str
    required: bool
    words: dict[str, WordsContent]


class ConsentSetupContent(Content, frozen=True, kw_only=True):
    """Everything a form of your own has to ask."""

    items: list[ItemContent]
    age_min: int | None
    ask_recording: bool


class NoticeContent(Content, frozen=True, kw_only=True):
    """A notice in force."""

    lang: str
    version: int
    text: str
    sha256: str
    published_at: str


class NoticeList(Content, frozen=True, kw_only=True):
    """Notices in all languages."""

    items: list[NoticeContent]


class RecordContent(Content, frozen=True, kw_only=True):
    """One decision of one person."""

    id: str
    person: str
    item: str
    purpose: str
    state: str
    text_sha256: str
    notice_sha256: str
    lang: str
    method: str
    at: datetime


class RecordPage(Content, frozen=True, kw_only=True):
    """A page of decisions."""

    items: list[RecordContent]
    next: str | None


class Decision(Body, frozen=True, kw_only=True):
    """A decision somebody made in a form of yours, or a withdrawal."""

    item: Annotated[str, Meta(min_length=1, max_length=20)]
    given: bool
    lang: Lang = "en"


class MarksContent(Content, frozen=True, kw_only=True):
    """What must be respected about a person."""

    person: str
    restricted: bool
    objected: bool


class MarksChange(Body, frozen=True, kw_only=True):
    """Restrict or lift; note or take back an objection."""

    restricted: bool | None = None
    objected: bool | None = None


class RequestContent(Content, frozen=True, kw_only=True):
    """A request of a data subject, with its clock."""

    id: str
    webinar: str
    person: str
    kind: str
    state: str
    text: str
    answer: str
    asked_at: datetime
    due_at: datetime
    overdue: bool


class RequestList(Content, frozen=True, kw_only=True):
    """Requests, the most urgent first."""

    items: list[RequestContent]


class RequestAnswer(Body, frozen=True, kw_only=True):
    """The answer. A refusal needs its reason."""

    state: Literal["done", "refused"]
    answer: Annotated[str, Meta(max_length=5000)] = ""


class ConsentApi:
    """Endpoints of consent."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        of, person, may = "/webinars/{webinar}", "/webinars/{webinar}/participants/{person}", Permission.CONSENT_MANAGE
        return [
            Endpoint(method="GET", path=of + "/notices", name="listNotices", summary="The notices in force, per language", tag="Consent",
                     needs=may, handler=self.notices, answer=NoticeList),
            Endpoint(method="GET", path=of + "/consents", name="readConsents", summary="What participants are asked, in all languages",
                     tag="Consent", needs=may, handler=self.asked, answer=ConsentSetupContent),
            Endpoint(method="GET", path=of + "/consents/records", name="listConsentRecords", summary="All decisions, each step of them",
                     tag="Consent", needs=may, handler=self.records, query=Listing, answer=RecordPage),
            Endpoint(method="GET", path=person + "/consents", name="readPersonConsents", summary="All decisions of one person",
                     tag="Consent", needs=may, handler=self.of_person, answer=RecordPage),
            Endpoint(method="POST", path=person + "/consents", name="decideConsent", summary="Record a consent, or withdraw it; holds at once",
                     tag="Consent", needs=may, handler=self.decide, again=self.of_person, body=Decision, answer=RecordPage),
            Endpoint(method="GET", path=person + "/marks", name="readMarks", summary="Restriction and objection of one person",
                     tag="Participants", needs=may, handler=self.marks, answer=MarksContent),
            Endpoint(method="PATCH", path=person + "/marks", name="changeMarks", summary="Restrict the use of a person's data, or lift it",
                     tag="Participants", needs=may, handler=self.change_marks, again=self.marks, current=self.marks, body=MarksChange,
                     answer=MarksContent),
            Endpoint(method="GET", path="/requests", name="listRequests", summary="Requests of data subjects, with their 30-day clock",
                     tag="Requests", needs=may, handler=self.inbox, answer=RequestList),
            Endpoint(method="POST", path="/requests/{request}/answer", name="answerRequest", summary="Answer a request", tag="Requests",
                     needs=may, handler=self.answer, again=self.answered, body=RequestAnswer, answer=RequestContent),
        ]  # fmt: skip

    async def notices(self, call: Call[Any]) -> Answer:
        """One for each language that is published."""
        webinar_id = await own_id(call)
        found = [
            await notices.published(call.session, webinar_id, lang) for lang in await notices.ready(call.session, webinar_id)
        ]
        shown = [
            NoticeContent(lang=n.lang, version=n.version, text=n.text, sha256=n.hash, published_at=n.published_at)
            for n in found
            if n is not None
        ]
        return Answer(content=NoticeList(items=shown))

    async def asked(self, call: Call[Any]) -> Answer:
        """For a form of your own."""
        webinar_id = await own_id(call)
        setup = await items.setup(call.session, webinar_id)
        rows = await items.of_webinar(call.session, webinar_id)
        shown = [
            ItemContent(
                id=row.id,
                kind=row.kind,
                purpose=row.purpose,
                required=row.required,
                words={lang: _words(items.shown_item(row, lang)) for lang in row.texts},
            )
            for row in rows
        ]
        return Answer(content=ConsentSetupContent(items=shown, age_min=setup.age_min, ask_recording=setup.ask_recording))

    async def records(self, call: Call[Any]) -> Answer:
        """In the order of their ids, so that a page is never read twice. Restricted persons are left out."""
        webinar_id = await own_id(call)
        held = await marks.restricted(call.session, webinar_id)
        query = select(ConsentEvent).where(ConsentEvent.webinar_id == webinar_id)
        if (after := call.query.after(str)) is not None:
            query = query.where(ConsentEvent.id > after)
        rows = (await call.session.execute(query.order_by(ConsentEvent.id).limit(call.query.number + 1))).scalars().all()
        page = rows[: call.query.number]
        more = cursor_of(page[-1].id) if len(rows) > len(page) else None
        return Answer(content=RecordPage(items=[_record(row) for row in page if row.person not in held], next=more))

    async def of_person(self, call: Call[Any]) -> Answer:
        """Oldest first."""
        webinar_id, person = await own_id(call), person_of(call)
        rows = await records.history(call.session, webinar_id, person)
        return Answer(content=RecordPage(items=[_record(row) for row in rows], next=None))

    async def decide(self, call: Call[Decision]) -> Answer:
        """Through the same verb as "my data". Of somebody unknown nothing is recorded."""
        webinar_id, person = await own_id(call), person_of(call)
        await self._known(call, webinar_id, person)
        said = call.body
        await records.decide(call.unit, webinar_id, person, said.item, said.given, lang=said.lang, method="api")
        return about(await self.of_person(call), person)

    async def marks(self, call: Call[Any]) -> Answer:
        """Both are false for most people."""
        webinar_id, person = await own_id(call), person_of(call)
        found = await marks.of_person(call.session, webinar_id, person)
        content = MarksContent(person=person, restricted=marks.RESTRICTED in found, objected=marks.OBJECTED in found)
        return Answer(content=content)

    async def change_marks(self, call: Call[MarksChange]) -> Answer:
        """Holds at once in lists, exports, mails and webhooks."""
        webinar_id, person = await own_id(call), person_of(call)
        await self._known(call, webinar_id, person)
        if call.body.restricted is not None:
            await (marks.restrict if call.body.restricted else marks.lift)(call.unit, webinar_id, person)
        if call.body.objected is not None:
            await (marks.object_to if call.body.objected else marks.withdraw_objection)(call.unit, webinar_id, person)
        await call.session.flush()
        return about(await self.marks(call), person)

    async def inbox(self, call: Call[Any]) -> Answer:
        """At most 500."""
        webinars = await webinars_of(call.session, call.caller.account_id)
        found = await requests.inbox(call.session, self._vault, webinars, call.now)
        return Answer(content=RequestList(items=[_request(one) for one in found]))

    async def answer(self, call: Call[RequestAnswer]) -> Answer:
        """The person reads it on their page."""
        row = await self._request(call, call.path["request"])
        await requests.answer(call.unit, self._vault, row, call.body.state, call.body.answer)
        return Answer(content=_request(await requests.opened(self._vault, row, call.now)), thing=row.id)

    async def answered(self, call: Call[Any]) -> Answer:
        """The request as it is now."""
        row = await self._request(call, call.path["thing"])
        return Answer(content=_request(await requests.opened(self._vault, row, call.now)))

    async def _request(self, call: Call[Any], request_id: str) -> SubjectRequest:
        row = await requests.one(call.session, request_id)
        if await account_of(call.session, row.webinar_id) != call.caller.account_id:
            raise not_found()
        return row

    async def _known(self, call: Call[Any], webinar_id: str, person: str) -> None:
        if not await known(call.session, webinar_id, person):
            raise not_found()


async def own_id(call: Call[Any]) -> str:
    """The webinar of the address. Raises 404 for another account's."""
    webinar_id = call.path["webinar"]
    if not is_id(webinar_id) or await account_of(call.session, webinar_id) != call.caller.account_id:
        raise not_found("webinar")
    return webinar_id


def person_of(call: Call[Any]) -> str:
    """The person of the address; an id of 20 signs."""
    person = call.path["person"]
    if not is_id(person):
        raise not_found()
    return person


def about(answer: Answer, person: str) -> Answer:
    """The same answer, remembered as being about ``person``."""
    return Answer(content=answer.content, person=person)


def _words(item: items.ShownItem) -> WordsContent:
    return WordsContent(label=item.label, url=item.url, dialog=item.dialog, sha256=item.text_hash)


def _record(row: ConsentEvent) -> RecordContent:
    return RecordContent(
        id=row.id,
        person=row.person,
        item=row.item_id,
        purpose=row.purpose,
        state=row.state,
        text_sha256=row.text_hash,
        notice_sha256=row.notice_hash,
        lang=row.lang,
        method=row.method,
        at=row.at,
    )


def _request(one: requests.Opened) -> RequestContent:
    return RequestContent(
        id=one.id,
        webinar=one.webinar_id,
        person=one.person,
        kind=one.kind,
        state=one.state,
        text=one.text,
        answer=one.answer,
        asked_at=one.asked_at,
        due_at=one.due_at,
        overdue=one.overdue,
    )
