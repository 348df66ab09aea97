"""Mails, messages and invitations of a webinar, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import select

from app.core import i18n
from app.core.api import Answer, Body, Call, Content, Endpoint, Listing, cursor_of
from app.core.errors import not_found
from app.core.permissions import Permission
from app.privacy.vault import Vault
from app.registration import invitations, jobs, mails, notes
from app.registration.mails import KINDS, MailRoom
from app.registration.models import MailText
from app.rooms.api import own
from app.rooms.models import Webinar

PersonId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{20}$")]
Persons = Annotated[tuple[PersonId, ...], Meta(min_length=1, max_length=500)]
Subject = Annotated[str, Meta(max_length=mails.SUBJECT_MAX)]
Text = Annotated[str, Meta(max_length=mails.TEXT_MAX)]


class MailContent(Content, frozen=True, kw_only=True):
    """A kind of mail in one language: the organiser's words, empty where ours stand, which are given too."""

    kind: str
    lang: str
    on: bool
    subject: str
    text: str
    our_subject: str
    our_text: str


class MailList(Content, frozen=True, kw_only=True):
    """All kinds in all languages, and what may stand in braces in their words."""

    items: list[MailContent]
    placeholders: list[str]


class MailChange(Body, frozen=True, kw_only=True):
    """The organiser's words; empty ones are ours again. Off, the mail does not go out in this language."""

    subject: Subject = ""
    text: Text = ""
    on: bool = True


class MailPreview(Content, frozen=True, kw_only=True):
    """The mail as somebody invented would get it."""

    subject: str
    text: str
    html: str
    attachments: list[str]


class MailTest(Body, frozen=True, kw_only=True):
    """Which member of the team gets it."""

    member: PersonId


class MessageNew(Body, frozen=True, kw_only=True):
    """Words to some registrants, each in a mail of their own."""

    persons: Persons
    subject: Subject
    text: Text


class Sent(Content, frozen=True, kw_only=True):
    """How many mails go out."""

    number: int


class InviteeNew(Body, frozen=True, kw_only=True):
    """Somebody to be invited."""

    email: Annotated[str, Meta(max_length=254)]
    name: Annotated[str, Meta(max_length=300)] = ""


class InviteesNew(Body, frozen=True, kw_only=True):
    """People for the list; an address stands on it once."""

    invitees: Annotated[tuple[InviteeNew, ...], Meta(min_length=1, max_length=1000)]


class InviteesAdded(Content, frozen=True, kw_only=True):
    """How many are new, how many stood there already, and what was no address."""

    new: int
    known: int
    wrong: list[str]


class InviteeContent(Content, frozen=True, kw_only=True):
    """Somebody on the list."""

    person: str
    name: str
    email: str
    state: str


class InviteePage(Content, frozen=True, kw_only=True):
    """A page of the list, newest first, a hundred at a time; how many there are in each state."""

    items: list[InviteeContent]
    counts: dict[str, int]
    next: str | None


class InvitationsSend(Body, frozen=True, kw_only=True):
    """To those not asked yet; `again`: also to those who have not registered."""

    again: bool = False


class InviteesGone(Body, frozen=True, kw_only=True):
    """Whom to take off the list; who registered stays a registrant."""

    persons: Persons


class MailApi:
    """Endpoints."""

    def __init__(self, vault: Vault, room: MailRoom) -> None:
        self._vault = vault
        self._room = room

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        of, may, tag = "/webinars/{webinar}", Permission.REGISTRANTS_MANAGE, "Mails"
        one, invited = of + "/mails/{kind}/{lang}", of + "/invitations"
        return [
            Endpoint(method="GET", path=of + "/mails", name="listMails", summary="All mails with their words", tag=tag, needs=may,
                     handler=self.all, answer=MailList),
            Endpoint(method="GET", path=one, name="readMail", summary="The words of one mail", tag=tag, needs=may, handler=self.read,
                     answer=MailContent),
            Endpoint(method="PUT", path=one, name="changeMail", summary="Set the words of a mail, or switch it off", tag=tag, needs=may,
                     handler=self.change, again=self.read, current=self.read, body=MailChange, answer=MailContent),
            Endpoint(method="GET", path=one + "/preview", name="previewMail", summary="A mail as it would arrive", tag=tag, needs=may,
                     handler=self.preview, answer=MailPreview),
            Endpoint(method="POST", path=one + "/test", name="testMail", summary="Send a mail to a member of the team", tag=tag, needs=may,
                     handler=self.test, again=self.tested, body=MailTest, answer=Sent, status=202),
            Endpoint(method="POST", path=of + "/messages", name="mailRegistrants", summary="Write to some registrants", tag=tag, needs=may,
                     handler=self.message, again=self.tested, body=MessageNew, answer=Sent, status=202),
            Endpoint(method="GET", path=invited, name="listInvitees", summary="The invitation list", tag="Invitations", needs=may,
                     handler=self.invitees, query=Listing, answer=InviteePage),
            Endpoint(method="POST", path=invited, name="addInvitees", summary="Put people on the invitation list", tag="Invitations",
                     needs=may, handler=self.add, again=self.added, body=InviteesNew, answer=InviteesAdded),
            Endpoint(method="POST", path=invited + "/send", name="sendInvitations", summary="Invite who is on the list", tag="Invitations",
                     needs=may, handler=self.send, again=self.tested, body=InvitationsSend, answer=Sent, status=202),
            Endpoint(method="POST", path=invited + "/remove", name="removeInvitees", summary="Take people off the list, with their data",
                     tag="Invitations", needs=may, handler=self.remove, again=self.tested, body=InviteesGone, answer=Sent),
        ]  # fmt: skip

    async def all(self, call: Call[Any]) -> Answer:
        """In every language of the platform."""
        row = await own(call)
        query = select(MailText).where(MailText.webinar_id == row.id)
        texts = {(one.kind, one.lang): one for one in (await call.session.execute(query)).scalars()}
        found = [_content(kind, lang, texts.get((kind, lang))) for kind in KINDS for lang in i18n.languages()]
        return Answer(content=MailList(items=found, placeholders=list(mails.PLACEHOLDERS)))

    async def read(self, call: Call[Any]) -> Answer:
        """Ours and the organiser's."""
        row, kind, lang = await _which(call)
        return Answer(content=_content(kind, lang, await call.session.get(MailText, (row.id, kind, lang))))

    async def change(self, call: Call[MailChange]) -> Answer:
        """From the next mail on."""
        row, kind, lang = await _which(call)
        said = call.body
        await mails.save_text(call.unit, row.id, kind, lang, subject=said.subject, text=said.text, off=not said.on)
        await call.session.flush()
        return await self.read(call)

    async def preview(self, call: Call[Any]) -> Answer:
        """To somebody invented."""
        row, kind, lang = await _which(call)
        own_words = await call.session.get(MailText, (row.id, kind, lang))
        made = self._room.compose(await mails.sample(call.session, row, kind, lang, call.now, own_words))
        names = [one.name for one in made.attachments]
        return Answer(content=MailPreview(subject=made.subject, text=made.text, html=made.html, attachments=names))

    async def test(self, call: Call[MailTest]) -> Answer:
        """The same, by mail, to a colleague and nobody else: the server sends no mail to addresses a program makes up."""
        row, kind, lang = await _which(call)
        await jobs.test(call.unit, row, kind, lang, call.body.member)
        return Answer(content=Sent(number=1))

    async def tested(self, _call: Call[Any]) -> Answer:
        """The same request did it before; nothing more goes out."""
        return Answer(content=Sent(number=0))

    async def message(self, call: Call[MessageNew]) -> Answer:
        """Who gave no address, or is no registrant of this webinar, gets none."""
        row, said = await own(call), call.body
        number = await notes.send(call.unit, row.id, list(dict.fromkeys(said.persons)), subject=said.subject, text=said.text)
        return Answer(content=Sent(number=number))

    async def invitees(self, call: Call[Any]) -> Answer:
        """Opened."""
        row = await own(call)
        page = max(1, min(call.query.after(int) or 1, 1_000_000))
        found, counts = await invitations.page_of(call.session, self._vault, row.id, page)
        more = cursor_of(page + 1) if sum(counts.values()) > page * invitations.PER_PAGE else None
        items = [InviteeContent(person=one.person, name=one.name, email=one.email, state=one.state) for one in found]
        return Answer(content=InviteePage(items=items, counts=counts, next=more))

    async def add(self, call: Call[InviteesNew]) -> Answer:
        """Nobody is written to yet."""
        row = await own(call)
        entries = [(one.name, one.email) for one in call.body.invitees]
        added = await invitations.add(call.unit, self._vault, row.id, entries)
        return Answer(content=InviteesAdded(**msgspec.structs.asdict(added)))

    async def added(self, _call: Call[Any]) -> Answer:
        """The same request did it before."""
        return Answer(content=InviteesAdded(new=0, known=0, wrong=[]))

    async def send(self, call: Call[InvitationsSend]) -> Answer:
        """In the background."""
        return Answer(content=Sent(number=await invitations.send(call.unit, (await own(call)).id, again=call.body.again)))

    async def remove(self, call: Call[InviteesGone]) -> Answer:
        """Key first."""
        row = await own(call)
        return Answer(content=Sent(number=await invitations.remove(call.unit, self._vault, row.id, call.body.persons)))


async def _which(call: Call[Any]) -> tuple[Webinar, str, str]:
    row, kind, lang = await own(call), call.path["kind"], call.path["lang"]
    if kind not in KINDS or lang not in i18n.languages():
        raise not_found()
    return row, kind, lang


def _content(kind: str, lang: str, words: MailText | None) -> MailContent:
    return MailContent(
        kind=kind,
        lang=lang,
        on=words is None or not words.off,
        subject=words.subject if words else "",
        text=words.text if words else "",
        our_subject=i18n.translate(lang, KINDS[kind].subject),
        our_text=i18n.translate(lang, KINDS[kind].text),
    )
