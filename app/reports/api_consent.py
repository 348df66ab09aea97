"""Setting up what participants are told and asked, for programs: notices per language in versions, consent items, the set-up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from app.consent import items, notices
from app.consent.api import ConsentApi, ConsentSetupContent
from app.consent.items import ItemDetails, Setup, Words
from app.core.api import Answer, Body, Call, Content, Endpoint
from app.core.errors import not_found
from app.core.permissions import Permission
from app.rooms.api import own
from app.rooms.label import privacy_label
from app.rooms.models import Webinar

Slot = Annotated[str, Meta(max_length=notices.TEXT_MAX)]
Lang = Annotated[str, Meta(max_length=8)]


class NoticeVersionContent(Content, frozen=True, kw_only=True):
    """A version of a notice, as it was published and will stay."""

    version: int
    text: str
    sha256: str
    published_at: datetime


class NoticeDraftContent(Content, frozen=True, kw_only=True):
    """A notice in one language: the words being written, by part, which parts are needed, and all versions, newest first."""

    lang: str
    slots: dict[str, str]
    needed: list[str]
    versions: list[NoticeVersionContent]


class NoticeChange(Body, frozen=True, kw_only=True):
    """All parts of the notice. Published, they are in force at once and never change; the same words make no new version."""

    slots: Annotated[dict[Annotated[str, Meta(max_length=20)], Slot], Meta(max_length=20)]
    publish: bool = False


class WordsNew(Body, frozen=True, kw_only=True):
    """An item's words in one language."""

    label: Annotated[str, Meta(min_length=3, max_length=items.LABEL_MAX)]
    url: Annotated[str, Meta(max_length=500)] = ""
    dialog: Annotated[str, Meta(max_length=items.DIALOG_MAX)] = ""


class ItemNew(Body, frozen=True, kw_only=True):
    """One thing to agree to. Changed words hold for whoever decides from now on; old records keep the words they were about."""

    kind: Literal["text", "link", "dialog"] = "text"
    purpose: Literal["terms", "marketing", "partner", "recording", "special", "other"]
    required: bool = False
    words: Annotated[dict[Lang, WordsNew], Meta(min_length=1, max_length=40)]


class ItemMade(Content, frozen=True, kw_only=True):
    """The item, and what to think about once more."""

    id: str
    kind: str
    purpose: str
    required: bool
    words: dict[str, Words]
    warnings: list[str]


class ItemMove(Body, frozen=True, kw_only=True):
    """Where it goes in the form."""

    to: Literal["up", "down"]


class SetupChange(Body, frozen=True, kw_only=True):
    """What is asked before anything else."""

    age_min: Annotated[int, Meta(ge=items.YOUNGEST, le=items.OLDEST)] | None = None
    ask_recording: bool = False


class ConsentSetupApi:
    """Endpoints."""

    def __init__(self, consent: ConsentApi) -> None:
        self._consent = consent

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        of, may, tag = "/webinars/{webinar}", Permission.CONSENT_MANAGE, "Consent"
        notice, many = of + "/notices/{lang}", of + "/consents/items"
        one = many + "/{item}"
        return [
            Endpoint(method="GET", path=notice, name="readNotice", summary="A notice in one language: draft and versions", tag=tag,
                     needs=may, handler=self.notice, answer=NoticeDraftContent),
            Endpoint(method="PUT", path=notice, name="writeNotice", summary="Write a notice, and publish it", tag=tag, needs=may,
                     handler=self.write_notice, again=self.notice, current=self.notice, body=NoticeChange, answer=NoticeDraftContent),
            Endpoint(method="PUT", path=of + "/consents", name="setUpConsents", summary="Age gate and question about being recorded",
                     tag=tag, needs=may, handler=self.set_up, again=self._consent.asked, current=self._consent.asked, body=SetupChange,
                     answer=ConsentSetupContent),
            Endpoint(method="POST", path=many, name="makeConsentItem", summary="Ask for one more consent", tag=tag, needs=may,
                     handler=self.make, again=self.made, body=ItemNew, answer=ItemMade, status=201),
            Endpoint(method="GET", path=one, name="readConsentItem", summary="One consent, also one no longer asked", tag=tag, needs=may,
                     handler=self.item, answer=ItemMade),
            Endpoint(method="PUT", path=one, name="changeConsentItem", summary="Change a consent", tag=tag, needs=may,
                     handler=self.change, again=self.item, current=self.item, body=ItemNew, answer=ItemMade),
            Endpoint(method="POST", path=one + "/move", name="moveConsentItem", summary="Move a consent up or down in the form", tag=tag,
                     needs=may, handler=self.move, again=self._consent.asked, body=ItemMove, answer=ConsentSetupContent),
            Endpoint(method="DELETE", path=one, name="dropConsentItem", summary="Ask no more; records stay and can be withdrawn", tag=tag,
                     needs=may, handler=self.drop, current=self.item, status=204),
        ]  # fmt: skip

    async def notice(self, call: Call[Any]) -> Answer:
        """Starting words until somebody wrote some."""
        row, lang = await own(call), _lang(call)
        versions = [one for one in await notices.versions(call.session, row.id) if one.lang == lang]
        content = NoticeDraftContent(
            lang=lang,
            slots=await notices.draft(call.session, row.id, lang, row.retention_days),
            needed=sorted(notices.needed(_stores(row))),
            versions=[
                NoticeVersionContent(version=one.n, text=one.text, sha256=one.hash, published_at=one.published_at)
                for one in versions
            ],
        )
        return Answer(content=content)

    async def write_notice(self, call: Call[NoticeChange]) -> Answer:
        """By the verbs of the page: an empty part that is needed is refused by its name."""
        row, lang = await own(call), _lang(call)
        if call.body.publish:
            await notices.publish(call.unit, row.id, lang, call.body.slots, stores=_stores(row))
        else:
            await notices.save(call.unit, row.id, lang, call.body.slots)
        await call.session.flush()
        return await self.notice(call)

    async def set_up(self, call: Call[SetupChange]) -> Answer:
        """Both at once."""
        row = await own(call)
        await items.save_setup(call.unit, row.id, Setup(call.body.age_min, call.body.ask_recording))
        await call.session.flush()
        return await self._consent.asked(call)

    async def make(self, call: Call[ItemNew]) -> Answer:
        """At the end of the form."""
        row = await own(call)
        item = await items.save(call.unit, row.id, _details(call.body))
        return Answer(content=_item(item), location=f"/api/v1/webinars/{row.id}/consents/items/{item.id}", thing=item.id)

    async def made(self, call: Call[Any]) -> Answer:
        """The item of the same request before."""
        return Answer(content=_item(await items.one_of(call.session, (await own(call)).id, call.path["thing"])))

    async def item(self, call: Call[Any]) -> Answer:
        """As it is now."""
        return Answer(content=_item(await items.one_of(call.session, (await own(call)).id, call.path["item"])))

    async def change(self, call: Call[ItemNew]) -> Answer:
        """Every text it ever had is kept."""
        row = await own(call)
        return Answer(content=_item(await items.save(call.unit, row.id, _details(call.body), call.path["item"])))

    async def move(self, call: Call[ItemMove]) -> Answer:
        """One place."""
        row = await own(call)
        await items.move(call.unit, row.id, call.path["item"], -1 if call.body.to == "up" else 1)
        await call.session.flush()
        return await self._consent.asked(call)

    async def drop(self, call: Call[Any]) -> Answer:
        """No form shows it any more."""
        await items.drop(call.unit, (await own(call)).id, call.path["item"])
        return Answer()


def _lang(call: Call[Any]) -> str:
    lang = call.path["lang"]
    if lang not in notices.wordings():
        raise not_found()
    return lang


def _stores(row: Webinar) -> bool:
    return bool(privacy_label(row)["stored"])


def _details(said: ItemNew) -> ItemDetails:
    words = {lang: Words(one.label, one.url, one.dialog) for lang, one in said.words.items()}
    return ItemDetails(said.kind, said.purpose, said.required, words)


def _item(row: Any) -> ItemMade:
    words = {lang: Words(one.get("label", ""), one.get("url", ""), one.get("dialog", "")) for lang, one in row.texts.items()}
    warnings = items.warnings(row)
    return ItemMade(id=row.id, kind=row.kind, purpose=row.purpose, required=row.required, words=words, warnings=warnings)
