"""Webinars and their questions for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import select, tuple_

from app.core.api import Answer, Body, Call, Content, Endpoint, Listing, cursor_of
from app.core.errors import not_found
from app.core.permissions import Permission
from app.privacy.erase.ask import By, erase_webinar
from app.privacy.erase.pipeline import Pipeline
from app.privacy.vault import Box, Vault
from app.rooms import modes, webinars
from app.rooms.models import Webinar
from app.rooms.models_questions import Question
from app.rooms.webinars import Details

Title = Annotated[str, Meta(min_length=3, max_length=160)]
Summary = Annotated[str, Meta(max_length=5000)]
Minutes = Annotated[int, Meta(ge=5, le=1440)]
Days = Annotated[int, Meta(ge=1, le=3650)]
Zone = Annotated[str, Meta(max_length=64)]
Slug = Annotated[str, Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]{1,58}[a-z0-9])$")]
Rewind = Literal[0, 5, 15, 30, 60, 1440]
Publication = Literal["draft", "unlisted", "public", "cancelled"]
Moment = Annotated[datetime, Meta(tz=True)]


class WebinarContent(Content, frozen=True, kw_only=True):
    """A webinar."""

    id: str
    slug: str
    url: str
    title: str
    summary: str
    lang: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    publication: Publication
    broadcast: str
    recording: bool
    chat: str
    questions: str
    rewind: int
    ladder: bool
    retention_days: int
    made_at: datetime


class WebinarNew(Body, frozen=True, kw_only=True):
    """A webinar to be made. The defaults ask participants for nothing."""

    title: Title
    starts_at: Moment
    minutes: Minutes = 60
    summary: Summary = ""
    zone: Zone = "UTC"
    publication: Publication = "draft"
    chat: Literal["off", "unstored", "stored"] = "stored"
    questions: Literal["off", "crew", "moderated", "open"] = "moderated"
    rewind: Rewind = 0
    ladder: bool = False
    """Whether a smaller picture is offered too, for poor links."""
    slug: Slug | None = None
    retention_days: Days = 30
    lang: Annotated[str, Meta(pattern=r"^[a-z]{2}(-[A-Za-z]{2,4})?$")] = "en"


class WebinarChange(Body, frozen=True, kw_only=True):
    """What to change; what is left out stays."""

    title: Title | UnsetType = UNSET
    starts_at: Moment | UnsetType = UNSET
    minutes: Minutes | UnsetType = UNSET
    summary: Summary | UnsetType = UNSET
    zone: Zone | UnsetType = UNSET
    publication: Publication | UnsetType = UNSET
    chat: Literal["off", "unstored", "stored"] | UnsetType = UNSET
    questions: Literal["off", "crew", "moderated", "open"] | UnsetType = UNSET
    rewind: Rewind | UnsetType = UNSET
    ladder: bool | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    retention_days: Days | UnsetType = UNSET


class WebinarPage(Content, frozen=True, kw_only=True):
    """A page of webinars."""

    items: list[WebinarContent]
    next: str | None


class ErasureStarted(Content, frozen=True, kw_only=True):
    """An erasure that was asked for; follow it at `/api/v1/erasures/{id}`."""

    id: str
    state: str


class QuestionContent(Content, frozen=True, kw_only=True):
    """A question. Who asked is known by a random id of this webinar alone."""

    id: str
    number: int
    person: str
    name: str
    text: str
    answer: str
    state: str
    published: bool
    votes: int
    label: str
    merged_into: str | None
    at: datetime


class QuestionPage(Content, frozen=True, kw_only=True):
    """A page of questions."""

    items: list[QuestionContent]
    next: str | None


class WebinarApi:
    """Endpoints of webinars."""

    def __init__(self, vault: Vault, pipeline: Pipeline, origin: str) -> None:
        self._vault = vault
        self._pipeline = pipeline
        self._origin = origin

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        see, edit = Permission.WEBINAR_SEE, Permission.WEBINAR_EDIT
        one, tag = "/webinars/{webinar}", "Webinars"
        return [
            Endpoint(method="GET", path="/webinars", name="listWebinars", summary="All webinars, soonest first", tag=tag,
                     needs=see, handler=self.list, query=Listing, answer=WebinarPage),
            Endpoint(method="POST", path="/webinars", name="makeWebinar", summary="Make a webinar", tag=tag, needs=edit,
                     handler=self.make, again=self.made, body=WebinarNew, answer=WebinarContent, status=201),
            Endpoint(method="GET", path=one, name="readWebinar", summary="One webinar", tag=tag, needs=see,
                     handler=self.read, answer=WebinarContent),
            Endpoint(method="PATCH", path=one, name="changeWebinar", summary="Change a webinar; its room sees it at once", tag=tag,
                     needs=edit, handler=self.change, again=self.read, current=self.read, body=WebinarChange, answer=WebinarContent),
            Endpoint(method="DELETE", path=one, name="eraseWebinar", summary="Erase a webinar and everything of its participants for good",
                     tag=tag, needs=Permission.WEBINAR_ERASE, handler=self.erase, again=self.erasing, current=self.read,
                     answer=ErasureStarted, status=202),
            Endpoint(method="GET", path=one + "/questions", name="listQuestions", summary="All questions with answers, by number",
                     tag="Questions", needs=Permission.QUESTIONS_MODERATE, handler=self.questions, query=Listing, answer=QuestionPage),
        ]  # fmt: skip

    async def list(self, call: Call[Any]) -> Answer:
        """By start, so that a page holds what comes next."""
        query = select(Webinar).where(
            Webinar.account_id == call.caller.account_id, Webinar.data_state.not_in(("purging", "purged"))
        )
        if (after := call.query.after(tuple[datetime, str])) is not None:
            query = query.where(tuple_(Webinar.starts_at, Webinar.id) > after)
        rows = (
            (await call.session.execute(query.order_by(Webinar.starts_at, Webinar.id).limit(call.query.number + 1)))
            .scalars()
            .all()
        )
        shown = rows[: call.query.number]
        more = cursor_of((shown[-1].starts_at, shown[-1].id)) if len(rows) > len(shown) else None
        return Answer(content=WebinarPage(items=[webinar_content(row, self._origin) for row in shown], next=more))

    async def make(self, call: Call[WebinarNew]) -> Answer:
        """A draft, unless it is said otherwise."""
        row = await webinars.make(call.unit, call.caller.account_id, _details(call.body), call.body.lang)
        await call.session.flush()
        return Answer(content=webinar_content(row, self._origin), location=f"/api/v1/webinars/{row.id}", thing=row.id)

    async def made(self, call: Call[Any]) -> Answer:
        """What was made by the same request before."""
        row = await webinars.one_of(call.session, call.caller.account_id, call.path["thing"])
        return Answer(content=webinar_content(row, self._origin), location=f"/api/v1/webinars/{row.id}")

    async def read(self, call: Call[Any]) -> Answer:
        """As it is now."""
        return Answer(content=webinar_content(await own(call), self._origin))

    async def change(self, call: Call[WebinarChange]) -> Answer:
        """Only what is said."""
        row = await own(call)
        now = {
            "title": row.title,
            "summary": row.summary,
            "starts_at": row.starts_at,
            "minutes": round((row.ends_at - row.starts_at).total_seconds() / 60),
            "zone": row.zone,
            "publication": row.publication,
            "chat": row.chat_mode,
            "questions": modes.modes_of(row).questions,
            "rewind": row.rewind,
            "ladder": row.ladder,
            "slug": row.slug,
            "retention_days": row.retention_days,
        }
        said = {name: value for name, value in msgspec.structs.asdict(call.body).items() if value is not UNSET}
        details = _details(WebinarNew(**{**now, **said}), webinars.longest(row.source))
        row = await webinars.change(call.unit, self._vault, call.caller.account_id, row.id, details)
        await call.session.flush()
        return Answer(content=webinar_content(row, self._origin))

    async def erase(self, call: Call[Any]) -> Answer:
        """The same pipeline as the admin page's, with a certificate at its end."""
        row = await own(call)
        by = By(call.caller.account_id, call.caller.key_id, call.caller.role)
        erasure = await erase_webinar(call.unit, self._pipeline, by, row.id)
        return Answer(content=ErasureStarted(id=erasure, state="waiting"), location=f"/api/v1/erasures/{erasure}", thing=erasure)

    async def erasing(self, call: Call[Any]) -> Answer:
        """The erasure that the same request asked for before."""
        return Answer(content=ErasureStarted(id=call.path["thing"], state="waiting"))

    async def questions(self, call: Call[Any]) -> Answer:
        """Withdrawn ones are not listed."""
        row = await own(call)
        query = select(Question).where(Question.webinar_id == row.id, Question.state != "withdrawn")
        if (after := call.query.after(int)) is not None:
            query = query.where(Question.number > after)
        rows = (await call.session.execute(query.order_by(Question.number).limit(call.query.number + 1))).scalars().all()
        shown = rows[: call.query.number]
        boxes = await self._vault.boxes_of(row.id, {one.person for one in shown})
        found = [question_content(one, boxes.get(one.person)) for one in shown]
        return Answer(content=QuestionPage(items=found, next=cursor_of(shown[-1].number) if len(rows) > len(shown) else None))


def webinar_content(row: Webinar, origin: str) -> WebinarContent:
    """A webinar as programs see it."""
    return WebinarContent(
        id=row.id,
        slug=row.slug,
        url=f"{origin}/w/{row.slug}",
        title=row.title,
        summary=row.summary,
        lang=row.lang,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        zone=row.zone,
        publication=row.publication,  # type: ignore[arg-type]
        broadcast=row.broadcast,
        recording=row.recording,
        chat=row.chat_mode,
        questions=modes.modes_of(row).questions,
        rewind=row.rewind,
        ladder=row.ladder,
        retention_days=row.retention_days,
        made_at=row.made_at,
    )


def question_content(one: Question, box: Box | None) -> QuestionContent:
    """A question, opened; asked without a name it has none here either."""
    texts = {
        name: box.open_text(blob, f"question.{name}|{one.id}") if box is not None and blob else ""
        for name, blob in (("name", one.name), ("text", one.text), ("answer", one.answer))
    }
    hidden = bool(one.anonymous)
    return QuestionContent(
        id=one.id,
        number=one.number,
        person="" if hidden else one.person,
        name="" if hidden else texts["name"],
        text=texts["text"],
        answer=texts["answer"],
        state=one.state,
        published=one.published,
        votes=one.votes,
        label=one.label,
        merged_into=one.merged_into,
        at=one.at,
    )


async def own(call: Call[Any]) -> Webinar:
    """The webinar of the address. Raises 404 for another account's, and for one being erased."""
    row = await webinars.one_of(call.session, call.caller.account_id, call.path["webinar"])
    if row.data_state in ("purging", "purged"):
        raise not_found("webinar")
    return row


def _details(body: WebinarNew, most: int = webinars.LONGEST) -> Details:
    """Through the one parser of the form, so that a rule stands once."""
    local = body.starts_at
    values = {
        "title": body.title,
        "summary": body.summary,
        "starts_date": local.date().isoformat(),
        "starts_time": local.strftime("%H:%M"),
        "starts_zone": body.zone,
        "minutes": str(body.minutes),
        "publication": body.publication,
        "chat_mode": body.chat,
        "questions": body.questions,
        "rewind": str(body.rewind),
        "ladder": "on" if body.ladder else "off",
        "slug": body.slug or "",
        "retention_days": str(body.retention_days),
    }
    read = webinars.read_details(values, most)
    return msgspec.structs.replace(read, starts_at=body.starts_at)
