"""Languages, captions, embedding and the stage of a webinar, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta
from sqlalchemy import select

from app.core.api import Answer, Body, Call, Content, Endpoint
from app.core.permissions import Permission
from app.core.tokens import Tokens
from app.media import captions, embed, languages
from app.media.models import Language, Presenter, StageRow
from app.privacy.vault import Vault
from app.rooms.api import own


class LanguageContent(Content, frozen=True, kw_only=True):
    """A language the webinar is interpreted into; `link` is for its interpreters, who need no account."""

    id: str
    code: str
    name: str
    link: str


class LanguageList(Content, frozen=True, kw_only=True):
    """All of them."""

    items: list[LanguageContent]


class LanguageNew(Body, frozen=True, kw_only=True):
    """Which one, such as `fr` or `pt-BR`."""

    code: Annotated[str, Meta(min_length=2, max_length=12)]


class CaptionLinks(Content, frozen=True, kw_only=True):
    """Language → link for a captioner, or an address that a speech-to-text service posts lines to."""

    links: dict[str, str]


class EmbedContent(Content, frozen=True, kw_only=True):
    """Where the player may be embedded, whether people can take part there, and its address."""

    hosts: list[str]
    interaction: bool
    url: str


class EmbedChange(Body, frozen=True, kw_only=True):
    """One origin each, such as `https://www.example.org` or `https://*.example.org`."""

    hosts: Annotated[tuple[Annotated[str, Meta(max_length=300)], ...], Meta(max_length=embed.MOST_HOSTS)] = ()
    interaction: bool = False


class PresenterContent(Content, frozen=True, kw_only=True):
    """Somebody with a place on stage or backstage, or a program that sends."""

    id: str
    person: str
    name: str
    sort: str
    language: str | None
    on_stage: bool
    muted: bool
    connected: bool
    video: bool
    audio: bool
    shown: bool


class StageContent(Content, frozen=True, kw_only=True):
    """The stage, and who was chosen to be seen; null: whoever speaks. Commands `stage.…` direct it."""

    chosen: str | None
    layout: str
    clip: str | None
    """The recording that is being played; null: none."""
    presenters: list[PresenterContent]


class MediaSettingsApi:
    """Endpoints."""

    def __init__(self, vault: Vault, tokens: Tokens, origin: str) -> None:
        self._vault = vault
        self._tokens = tokens
        self._origin = origin

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        of, edit, tag = "/webinars/{webinar}", Permission.WEBINAR_EDIT, "Languages"
        many, one = of + "/languages", of + "/languages/{language}"
        return [
            Endpoint(method="GET", path=many, name="listLanguages", summary="Languages with the links of their interpreters", tag=tag,
                     needs=edit, handler=self.all, answer=LanguageList),
            Endpoint(method="POST", path=many, name="addLanguage", summary="Interpret into one more language", tag=tag, needs=edit,
                     handler=self.add, again=self.added, body=LanguageNew, answer=LanguageContent, status=201),
            Endpoint(method="DELETE", path=one, name="removeLanguage", summary="Take a language away", tag=tag, needs=edit,
                     handler=self.remove, status=204),
            Endpoint(method="POST", path=one + "/renew", name="renewLanguage", summary="A new link for interpreters; the old one stops",
                     tag=tag, needs=edit, handler=self.renew, again=self.added, answer=LanguageContent),
            Endpoint(method="GET", path=of + "/captions", name="readCaptionLinks", summary="Links for captioners, per language", tag=tag,
                     needs=edit, handler=self.captions, answer=CaptionLinks),
            Endpoint(method="GET", path=of + "/embed", name="readEmbed", summary="Where the webinar may be embedded", tag="Embedding",
                     needs=edit, handler=self.embed, answer=EmbedContent),
            Endpoint(method="PUT", path=of + "/embed", name="changeEmbed", summary="Set where it may be embedded", tag="Embedding", needs=edit,
                     handler=self.change_embed, again=self.embed, current=self.embed, body=EmbedChange, answer=EmbedContent),
            Endpoint(method="GET", path=of + "/stage", name="readStage", summary="Who is on stage and backstage", tag="Room",
                     needs=Permission.STAGE_CONTROL, handler=self.stage, answer=StageContent),
        ]  # fmt: skip

    async def all(self, call: Call[Any]) -> Answer:
        """By code."""
        rows = await languages.of_webinar(call.session, (await own(call)).id)
        return Answer(content=LanguageList(items=[self._language(row) for row in rows]))

    async def add(self, call: Call[LanguageNew]) -> Answer:
        """Once each."""
        row = await languages.add(call.unit, (await own(call)).id, call.body.code)
        await call.session.flush()
        return Answer(content=self._language(row), thing=row.id)

    async def added(self, call: Call[Any]) -> Answer:
        """The language of the same request before."""
        return Answer(
            content=self._language(await languages.one(call.session, (await own(call)).id, call.path["thing"])),
        )

    async def remove(self, call: Call[Any]) -> Answer:
        """With the places of its interpreters."""
        await languages.remove(call.unit, (await own(call)).id, call.path["language"])
        return Answer()

    async def renew(self, call: Call[Any]) -> Answer:
        """For when a link went astray."""
        row, language = await own(call), call.path["language"]
        await languages.renew(call.unit, row.id, language)
        return Answer(content=self._language(await languages.one(call.session, row.id, language)), thing=language)

    async def captions(self, call: Call[Any]) -> Answer:
        """The webinar's own language, and each it is interpreted into."""
        row = await own(call)
        codes = {row.lang} | {one.code for one in await languages.of_webinar(call.session, row.id)}
        return Answer(
            content=CaptionLinks(links={code: self._origin + captions.link(self._tokens, row, code) for code in sorted(codes)})
        )

    async def embed(self, call: Call[Any]) -> Answer:
        """Nowhere, unless somebody set it."""
        row = await own(call)
        setting = await embed.of_webinar(call.session, row.id)
        url = f"{self._origin}/embed/{row.slug}"
        return Answer(content=EmbedContent(hosts=list(setting.hosts), interaction=setting.interaction, url=url))

    async def change_embed(self, call: Call[EmbedChange]) -> Answer:
        """Both at once."""
        row = await own(call)
        await embed.change(call.unit, row.id, "\n".join(call.body.hosts), interaction=call.body.interaction)
        await call.session.flush()
        return await self.embed(call)

    async def stage(self, call: Call[Any]) -> Answer:
        """As the console shows it."""
        row = await own(call)
        query = select(Presenter).where(Presenter.webinar_id == row.id, Presenter.removed.is_(False))
        rows = list((await call.session.execute(query.order_by(Presenter.made_at, Presenter.id))).scalars())
        boxes = await self._vault.boxes_of(row.id, [one.person for one in rows])
        stage = await call.session.get(StageRow, row.id)
        shown = [
            PresenterContent(
                id=one.id,
                person=one.person,
                name=boxes[one.person].open_text(one.name, f"presenter.name|{one.id}"),
                sort=one.sort,
                language=one.language,
                on_stage=one.on_stage,
                muted=one.muted,
                connected=one.connected,
                video=one.video,
                audio=one.audio,
                shown=one.shown,
            )
            for one in rows
            if one.person in boxes
        ]
        chosen, layout, clip = (stage.chosen, stage.layout, stage.clip) if stage is not None else (None, "single", None)
        return Answer(content=StageContent(chosen=chosen, layout=layout, clip=clip, presenters=shown))

    def _language(self, row: Language) -> LanguageContent:
        link = self._origin + languages.link(self._tokens, row)
        return LanguageContent(id=row.id, code=row.code, name=languages.own_name(row.code), link=link)
