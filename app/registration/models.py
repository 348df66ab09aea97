"""Tables of registration: policy and form of a webinar, who registered, what they answered, whom the organiser invited.

A registrant's id is the person's id in the whole webinar: the seat, the messages, the key. Everything they typed is sealed under that
key, so one person can be erased inside a webinar that goes on. Equal e-mail addresses are found by a blind index of the webinar.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal, personal

SETTING = not_personal("a setting of the organiser")
REGISTER = "run the registration of the webinar"
PERSON = personal("user.unique_id.pseudonymous", subject="participant", purpose="tell registrants apart, within their webinar")


class RegistrationPolicy(Base):
    """Who may register for a webinar, and how. No row: no registration, and nothing about participants is stored."""

    __tablename__ = "registration_policy"

    webinar_id: Mapped[str] = mapped_column(
        ForeignKey("webinar.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the webinar")
    )
    mode: Mapped[str] = mapped_column(String(12), info=SETTING)
    ask_name: Mapped[str] = mapped_column(String(10), info=SETTING)
    ask_email: Mapped[str] = mapped_column(String(10), info=SETTING)
    confirm_email: Mapped[bool] = mapped_column(info=SETTING)
    late_entry: Mapped[bool] = mapped_column(info=SETTING)
    capacity: Mapped[int | None] = mapped_column(info=SETTING)
    waiting_list: Mapped[bool] = mapped_column(info=SETTING)
    opens_at: Mapped[datetime | None] = mapped_column(UtcTime, info=SETTING)
    closes_at: Mapped[datetime | None] = mapped_column(UtcTime, info=SETTING)
    domains: Mapped[list[str]] = mapped_column(JSON, info=not_personal("domains of organisations that may register"))
    password: Mapped[str] = mapped_column(String(60), info=not_personal("word the organiser hands out to all who may register"))
    attendance: Mapped[bool] = mapped_column(info=SETTING)
    embed_hosts: Mapped[list[str]] = mapped_column(JSON, info=not_personal("sites that may show the form in a frame"))


class FormField(Base):
    """One question of a webinar's registration form, with what the data register must know about its answers."""

    __tablename__ = "form_field"
    __table_args__ = (UniqueConstraint("webinar_id", "identifier"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the field"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=not_personal("id of the webinar"))
    position: Mapped[int] = mapped_column(info=SETTING)
    identifier: Mapped[str] = mapped_column(String(40), info=not_personal("stable name of the field for programs"))
    kind: Mapped[str] = mapped_column(String(12), info=SETTING)
    labels: Mapped[dict[str, str]] = mapped_column(JSON, info=SETTING)
    helps: Mapped[dict[str, str]] = mapped_column(JSON, info=SETTING)
    need: Mapped[str] = mapped_column(String(10), info=SETTING)
    need_after: Mapped[datetime | None] = mapped_column(UtcTime, info=SETTING)
    low: Mapped[str] = mapped_column(String(20), info=not_personal("lower bound of an answer"))
    high: Mapped[str] = mapped_column(String(20), info=not_personal("upper bound of an answer"))
    choices: Mapped[list[dict[str, object]]] = mapped_column(JSON, info=SETTING)
    when_field: Mapped[str] = mapped_column(String(40), info=SETTING)
    when_values: Mapped[list[str]] = mapped_column(JSON, info=SETTING)
    purpose: Mapped[str] = mapped_column(String(200), info=SETTING)
    basis: Mapped[str] = mapped_column(String(24), info=SETTING)
    retention_days: Mapped[int | None] = mapped_column(info=SETTING)
    seen_by: Mapped[str] = mapped_column(String(10), info=SETTING)
    special: Mapped[bool] = mapped_column(info=SETTING)


class Registrant(Base):
    """Somebody who registered. Name, shown name and address are sealed under the registrant's own key."""

    __tablename__ = "registrant"
    __table_args__ = (
        UniqueConstraint("webinar_id", "email_index"),
        Index("ix_registrant_webinar_made", "webinar_id", "made_at"),
        Index("ix_registrant_webinar_state", "webinar_id", "state", "made_at"),
        Index("ix_registrant_webinar_changed", "webinar_id", "changed_at"),
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=PERSON)
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=not_personal("id of the webinar"))
    state: Mapped[str] = mapped_column(String(10), info=personal("user.behavior", subject="participant", purpose=REGISTER))
    source: Mapped[str] = mapped_column(
        String(10), info=not_personal("how they registered: form, api, import, staff, invitation")
    )
    lang: Mapped[str] = mapped_column(
        String(12), info=personal("user.demographic.language", subject="participant", purpose="write mails in their language")
    )
    zone: Mapped[str] = mapped_column(
        String(64), info=personal("user.location.imprecise", subject="participant", purpose="say the time as their clock does")
    )
    name: Mapped[bytes] = mapped_column(
        LargeBinary, info=personal("user.name", subject="participant", purpose=REGISTER, sealed=True)
    )
    shown_name: Mapped[bytes] = mapped_column(
        LargeBinary, info=personal("user.name", subject="participant", purpose="show who writes in the room", sealed=True)
    )
    email: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal("user.contact.email", subject="participant", purpose="send the link and reminders", sealed=True),
    )
    email_index: Mapped[bytes | None] = mapped_column(
        LargeBinary,
        info=personal(
            "user.contact.email",
            subject="participant",
            purpose="notice that an address is registered already: a keyed hash",
            export=False,
        ),
    )
    mark: Mapped[str] = mapped_column(String(20), info=not_personal("random mark in the personal link; a new one ends old links"))
    session: Mapped[str] = mapped_column(String(20), info=not_personal("random mark of the one open seat"))
    made_at: Mapped[datetime] = mapped_column(
        UtcTime, info=personal("user.behavior", subject="participant", purpose="order of registration and of the waiting list")
    )
    changed_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("last change of the row, for the list in memory"))
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when an unconfirmed registration goes"))
    attended_at: Mapped[datetime | None] = mapped_column(
        UtcTime,
        info=personal(
            "user.behavior", subject="participant", purpose="know who attended; only where the organiser switched attendance on"
        ),
    )


class Answer(Base):
    """An answer to a question of the form; of a file, its content in base64."""

    __tablename__ = "answer"

    registrant_id: Mapped[str] = mapped_column(ForeignKey("registrant.id", ondelete="CASCADE"), primary_key=True, info=PERSON)
    field_id: Mapped[str] = mapped_column(
        ForeignKey("form_field.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the question")
    )
    value: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal(
            "user.content.private",
            subject="participant",
            purpose="what the organiser asks; each question says its own purpose",
            sealed=True,
        ),
    )
    file_name: Mapped[bytes] = mapped_column(
        LargeBinary, info=personal("user.content.private", subject="participant", purpose="name of a file they sent", sealed=True)
    )
    agreed: Mapped[str] = mapped_column(
        String(64),
        info=personal(
            "user.behavior",
            subject="participant",
            purpose="show that they agreed to the storing of a special category: hash of the text they saw",
            basis="legal_obligation",
        ),
    )


class Invitee(Base):
    """Somebody on the invitation list. The id becomes the registrant's."""

    __tablename__ = "invitee"
    __table_args__ = (UniqueConstraint("webinar_id", "email_index"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=PERSON)
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=not_personal("id of the webinar"))
    name: Mapped[bytes] = mapped_column(
        LargeBinary, info=personal("user.name", subject="participant", purpose="invite them", sealed=True)
    )
    email: Mapped[bytes] = mapped_column(
        LargeBinary, info=personal("user.contact.email", subject="participant", purpose="invite them", sealed=True)
    )
    email_index: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal("user.contact.email", subject="participant", purpose="invite nobody twice: a keyed hash", export=False),
    )
    state: Mapped[str] = mapped_column(
        String(10), info=personal("user.behavior", subject="participant", purpose="know who was invited and who registered")
    )
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when they were put on the list"))


class MailText(Base):
    """The organiser's own words for one kind of mail in one language."""

    __tablename__ = "mail_text"

    webinar_id: Mapped[str] = mapped_column(
        ForeignKey("webinar.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the webinar")
    )
    kind: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("kind of mail"))
    lang: Mapped[str] = mapped_column(String(12), primary_key=True, info=not_personal("language of the words"))
    subject: Mapped[str] = mapped_column(String(200), info=SETTING)
    text: Mapped[str] = mapped_column(String(5000), info=SETTING)
    off: Mapped[bool] = mapped_column(info=SETTING)


class MailSent(Base):
    """That a mail of a kind went to a registrant, or did not arrive. What it said is not kept."""

    __tablename__ = "mail_sent"
    __table_args__ = (Index("ix_mail_sent_person", "webinar_id", "person"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the note"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=not_personal("id of the webinar"))
    person: Mapped[str] = mapped_column(String(20), info=PERSON)
    kind: Mapped[str] = mapped_column(String(40), info=not_personal("kind of mail, and which one of its kind"))
    state: Mapped[str] = mapped_column(String(10), info=not_personal("sent or bounced"))
    note: Mapped[str] = mapped_column(String(60), info=not_personal("number of the mail server's refusal"))
    at: Mapped[datetime] = mapped_column(
        UtcTime, info=personal("user.behavior", subject="participant", purpose="know whether a mail went out")
    )


class MailRound(Base):
    """That everybody of a webinar was told something once: a reminder, a new time, the end."""

    __tablename__ = "mail_round"

    webinar_id: Mapped[str] = mapped_column(
        ForeignKey("webinar.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the webinar")
    )
    kind: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("kind of mail"))
    starts_at: Mapped[datetime] = mapped_column(UtcTime, primary_key=True, info=not_personal("start of the webinar it was about"))
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was told"))


class Series(Base):
    """Webinars that belong together, such as the weeks of a course."""

    __tablename__ = "series"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the series"))
    account_id: Mapped[str] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True, info=not_personal("id of the organisation")
    )
    title: Mapped[str] = mapped_column(String(160), info=SETTING)


class SeriesPart(Base):
    """One session of a series."""

    __tablename__ = "series_part"

    webinar_id: Mapped[str] = mapped_column(
        ForeignKey("webinar.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the webinar")
    )
    series_id: Mapped[str] = mapped_column(
        ForeignKey("series.id", ondelete="CASCADE"), index=True, info=not_personal("id of the series")
    )
