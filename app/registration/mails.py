"""Mails to registrants: the kinds, their words (the organiser's own or ours, per language), placeholders, and how one is made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.core.brand import Brand
from app.core.errors import invalid
from app.core.i18n import languages, long_date, translate, words
from app.core.mail import Attachment
from app.core.templates import Pages
from app.core.unit import Unit
from app.registration.links import Links
from app.registration.models import MailText, Registrant
from app.rooms import calendar
from app.rooms.models import Webinar

SUBJECT_MAX, TEXT_MAX = 200, 5000
PLACEHOLDERS = ("name", "title", "when", "organisation", "link")
_PLACE = re.compile(r"\{(\w*)\}")


class Kind(msgspec.Struct, frozen=True):
    """One kind of mail: when it goes, our words for it, the button, and whether the calendar file comes along."""

    what: str
    subject: str
    text: str
    button: str = ""
    target: str = "enter"
    calendar: str = ""
    """``publish`` or ``cancel``."""


ENTER = words("Open the webinar")
KINDS: Mapping[str, Kind] = {
    "pending": Kind(
        words("To confirm the address"),
        words("Please confirm: {title}"),
        words("You, or somebody with your address, signed up for {title}. Press the button to keep your place.\n\n"
              "If it was not you, do nothing: what was typed is deleted in 7 days."),
        words("Confirm"), "confirm",
    ),
    "confirmed": Kind(
        words("After registering"),
        words("You are registered: {title}"),
        words("Good to have you with us.\n\nThe button below is your own way in. Keep this mail, and please do not pass it on: "
              "one place, one person."),
        ENTER, calendar="publish",
    ),
    "approval": Kind(
        words("While the organiser decides"),
        words("We have your registration: {title}"),
        words("{organisation} looks at registrations before they are final. You will get a mail with the answer."),
    ),
    "waiting": Kind(
        words("On the waiting list"),
        words("You are on the waiting list: {title}"),
        words("All places are taken at the moment. When one becomes free it is yours, and you get a mail at once."),
    ),
    "moved_up": Kind(
        words("When a place became free"),
        words("A place is free for you: {title}"),
        words("Somebody gave a place back, and it is yours now. The button below is your own way in."),
        ENTER, calendar="publish",
    ),
    "denied": Kind(
        words("When the organiser said no"),
        words("About your registration: {title}"),
        words("{organisation} could not accept your registration this time."),
    ),
    "cancelled": Kind(
        words("After giving the place back"),
        words("Your place was given back: {title}"),
        words("You do not take part any more, and somebody else can have your place."),
        calendar="cancel",
    ),
    "already": Kind(
        words("The link once more"),
        words("Your link: {title}"),
        words("You are registered. The button below is your own way in."),
        ENTER, calendar="publish",
    ),
    "reminder_day": Kind(
        words("A day before"),
        words("Tomorrow: {title}"),
        words("This is a reminder. Nothing to install: the webinar opens in your browser."),
        ENTER,
    ),
    "reminder_hour": Kind(
        words("An hour before"),
        words("Starts soon: {title}"),
        words("It begins in about an hour. You can come in now and test your sound."),
        ENTER,
    ),
    "changed": Kind(
        words("When the time changed"),
        words("New time: {title}"),
        words("The time has changed. The calendar file below replaces the old entry."),
        ENTER, calendar="publish",
    ),
    "called_off": Kind(
        words("When the webinar is cancelled"),
        words("Cancelled: {title}"),
        words("We are sorry: this webinar will not take place."),
        calendar="cancel",
    ),
    "attended": Kind(
        words("Afterwards, to those who came (only with attendance on)"),
        words("Thank you for coming: {title}"),
        words("Thank you for being there."),
    ),
    "missed": Kind(
        words("Afterwards, to those who did not come (only with attendance on)"),
        words("We missed you: {title}"),
        words("You could not make it this time. Perhaps at the next one."),
    ),
    "invitation": Kind(
        words("To those on the invitation list"),
        words("You are invited: {title}"),
        words("{organisation} invites you. Press the button to register; it knows your address already."),
        words("Register"), "invited",
    ),
    "erased": Kind(
        words("After everything about somebody was erased"),
        words("Your data is erased: {title}"),
        words("What was stored about you for this webinar is erased for good. This is the last mail about it."),
    ),
}  # fmt: skip
NOTE = Kind("", "{title}", "", ENTER)
"""Words the organiser writes to some registrants."""
QUIET = ("erased",)
"""Kinds that carry no link to one's data: there is none any more."""


class Made(msgspec.Struct, frozen=True):
    """A mail, ready to go."""

    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What one mail is made of."""

    webinar: Webinar
    account: Account
    row: Registrant
    name: str
    which: str
    lang: str
    own: MailText | None
    now: datetime

    @property
    def kind(self) -> Kind:
        """Its kind; words of the organiser's own, sent once, have the button of the personal link."""
        return KINDS.get(self.which, NOTE)


class MailRoom:
    """Makes mails."""

    def __init__(self, pages: Pages, links: Links, origin: str, my_data: Callable[[str, str], str]) -> None:
        self._pages = pages
        self._links = links
        self._origin = origin
        self._my_data = my_data

    async def letter(
        self, session: AsyncSession, webinar: Webinar, row: Registrant, name: str, which: str, now: datetime
    ) -> Letter | None:
        """What a mail to a registrant is made of, in their language; None when the organiser switched it off."""
        lang = row.lang if row.lang in languages() else webinar.lang
        own = await session.get(MailText, (webinar.id, which, lang))
        if own is None and which not in KINDS:
            own = await session.get(MailText, (webinar.id, which, ""))
        if (own is not None and own.off) or (own is None and which not in KINDS):
            return None
        account = await session.get_one(Account, webinar.account_id)
        return Letter(webinar=webinar, account=account, row=row, name=name, which=which, lang=lang, own=own, now=now)

    def compose(self, letter: Letter) -> Made:
        """The mail."""
        webinar, lang, kind, own = letter.webinar, letter.lang, letter.kind, letter.own
        zone = letter.row.zone or webinar.zone
        gone = letter.which == "erased"
        filled = {
            "name": letter.name,
            "title": webinar.title,
            "when": long_date(webinar.starts_at, lang, zone),
            "organisation": letter.account.name,
            "link": self._target(kind, webinar, letter.row),
        }
        body = fill(own.text if own and own.text else translate(lang, kind.text), filled)
        shown: dict[str, Any] = {
            "subject": fill(own.subject if own and own.subject else translate(lang, kind.subject), filled),
            "name": letter.name,
            "paragraphs": [part for part in body.split("\n\n") if part.strip()],
            "title": webinar.title,
            "when": "" if gone else filled["when"],
            "event_when": long_date(webinar.starts_at, lang, webinar.zone) if zone != webinar.zone and not gone else "",
            "action_href": filled["link"] if kind.button else "",
            "action_text": translate(lang, kind.button),
            "my_data_href": "" if letter.which in QUIET else self._my_data(webinar.id, letter.row.id),
            "page_href": f"{self._origin}/w/{webinar.slug}",
            "brand": Brand(name=letter.account.name, accent=letter.account.colour),
        }
        return Made(
            shown["subject"],
            self._pages.render("mail/registration.txt", lang=lang, **shown),
            self._pages.render("mail/registration.html", lang=lang, **shown),
            self._calendar(kind, webinar, filled["link"], letter.now),
        )

    def _target(self, kind: Kind, webinar: Webinar, row: Registrant) -> str:
        if kind.target == "confirm":
            return self._links.confirm(webinar.slug, row)
        if kind.target == "invited":
            return self._links.invited(webinar.slug, webinar.id, row.id)
        return self._links.enter(webinar.slug, row)

    def _calendar(self, kind: Kind, webinar: Webinar, link: str, now: datetime) -> tuple[Attachment, ...]:
        if not kind.calendar:
            return ()
        cancelled = kind.calendar == "cancel"
        data = calendar.event(webinar, self._origin, now, link=link, cancelled=cancelled)
        method = "CANCEL" if cancelled or webinar.publication == "cancelled" else "PUBLISH"
        return (Attachment(f"{webinar.slug}.ics", "text/calendar", data, {"method": method, "charset": "utf-8"}),)


async def sample(session: AsyncSession, webinar: Webinar, which: str, lang: str, now: datetime, own: MailText | None) -> Letter:
    """A mail to somebody invented, as preview and test show it."""
    account = await session.get_one(Account, webinar.account_id)
    somebody = Registrant(id="preview", webinar_id=webinar.id, lang=lang, zone="America/New_York", mark="preview", email=b"x")
    name = translate(lang, "Ada Example")
    return Letter(webinar=webinar, account=account, row=somebody, name=name, which=which, lang=lang, own=own, now=now)


def fill(text: str, values: Mapping[str, str]) -> str:
    """``{name}`` and its like replaced; anything else in braces stays as it is written."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)


async def save_text(unit: Unit, webinar_id: str, kind: str, lang: str, *, subject: str, text: str, off: bool) -> None:
    """Set the organiser's words; empty ones are ours again."""
    wrong: dict[str, str] = {}
    for name, value, most in (("subject", subject, SUBJECT_MAX), ("text", text, TEXT_MAX)):
        if len(value) > most:
            wrong[name] = "This is too long."
        elif unknown := [place for place in _PLACE.findall(value) if place not in PLACEHOLDERS]:
            wrong[name] = f"There is no placeholder {{{unknown[0]}}}."
    if kind not in KINDS:
        wrong["kind"] = "There is no such mail."
    if wrong:
        raise invalid(wrong)
    row = await unit.session.get(MailText, (webinar_id, kind, lang))
    if row is None:
        row = MailText(webinar_id=webinar_id, kind=kind, lang=lang)
        unit.session.add(row)
    row.subject, row.text, row.off = " ".join(subject.split()), text.strip(), off
