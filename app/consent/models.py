"""Tables of consent: notices and their versions, consent items and every text they ever had, the append-only records, marks on
persons, who received somebody's data, and requests of data subjects. No address, no browser, no name: a person is a random id.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.core.declare import Personal, not_personal, personal

SETTING = not_personal("a setting of the organiser")
OF_WEBINAR = not_personal("id of the webinar")


def _person(purpose: str) -> dict[str, Personal]:
    return personal("user.unique_id.pseudonymous", subject="participant", purpose=purpose, basis="legal_obligation")


def _choice(purpose: str) -> dict[str, Personal]:
    return personal("user.privacy_preferences", subject="participant", purpose=purpose, basis="legal_obligation")


PROOF = "show what somebody agreed to, in which words and when"
ANSWER = "answer a request of the person"


class NoticeDraft(Base):
    """The words of a webinar's notice in one language, as the organiser is writing them."""

    __tablename__ = "notice_draft"
    __table_args__ = (UniqueConstraint("webinar_id", "lang"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the draft"))
    webinar_id: Mapped[str] = mapped_column(String(20), info=OF_WEBINAR)
    lang: Mapped[str] = mapped_column(String(12), info=SETTING)
    slots: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, info=not_personal("words the organisation publishes"))
    changed_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was last changed"))


class NoticeVersion(Base):
    """A published notice. Never changed: a new version follows it."""

    __tablename__ = "notice_version"
    __table_args__ = (UniqueConstraint("webinar_id", "lang", "n"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the version"))
    webinar_id: Mapped[str] = mapped_column(String(20), info=OF_WEBINAR)
    lang: Mapped[str] = mapped_column(String(12), info=SETTING)
    n: Mapped[int] = mapped_column(info=not_personal("number of the version in its language"))
    slots: Mapped[dict[str, str]] = mapped_column(JSON, info=not_personal("words the organisation publishes"))
    text: Mapped[str] = mapped_column(Text, info=not_personal("the whole notice as it was shown"))
    hash: Mapped[str] = mapped_column(String(64), info=not_personal("SHA-256 of the text"))
    published_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was published"))


class ConsentSetup(Base):
    """What a webinar asks before anything else: age, and consent to being recorded."""

    __tablename__ = "consent_setup"

    webinar_id: Mapped[str] = mapped_column(String(20), primary_key=True, info=OF_WEBINAR)
    age_min: Mapped[int | None] = mapped_column(info=SETTING)
    ask_recording: Mapped[bool] = mapped_column(default=False, info=SETTING)


class ConsentItem(Base):
    """One thing a participant may agree to."""

    __tablename__ = "consent_item"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the consent item"))
    webinar_id: Mapped[str] = mapped_column(String(20), index=True, info=OF_WEBINAR)
    position: Mapped[int] = mapped_column(info=SETTING)
    kind: Mapped[str] = mapped_column(String(8), info=not_personal("text, link or dialog"))
    purpose: Mapped[str] = mapped_column(String(20), info=SETTING)
    required: Mapped[bool] = mapped_column(default=False, info=SETTING)
    active: Mapped[bool] = mapped_column(default=True, info=SETTING)
    texts: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON, info=not_personal("words of the organiser per language"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was made"))


class ConsentText(Base):
    """Every text a consent item ever had, so that the hash in a record can be worked out again."""

    __tablename__ = "consent_text"
    __table_args__ = (UniqueConstraint("item_id", "hash"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the text"))
    webinar_id: Mapped[str] = mapped_column(String(20), index=True, info=OF_WEBINAR)
    item_id: Mapped[str] = mapped_column(String(20), info=not_personal("id of the consent item"))
    lang: Mapped[str] = mapped_column(String(12), info=SETTING)
    text: Mapped[str] = mapped_column(Text, info=not_personal("words of the organiser"))
    hash: Mapped[str] = mapped_column(String(64), info=not_personal("SHA-256 of the text"))
    since: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was first used"))


class ConsentEvent(Base):
    """One step in a person's decision about one item. Rows are only added."""

    __tablename__ = "consent_event"
    __table_args__ = (
        UniqueConstraint("webinar_id", "person", "n"),
        Index("ix_consent_event_item", "webinar_id", "item_id", "state"),
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the record"))
    webinar_id: Mapped[str] = mapped_column(String(20), info=OF_WEBINAR)
    person: Mapped[str] = mapped_column(String(20), info=_person(PROOF))
    n: Mapped[int] = mapped_column(info=not_personal("number among the records of this person"))
    item_id: Mapped[str] = mapped_column(String(20), info=not_personal("id of the consent item, or age or recording"))
    purpose: Mapped[str] = mapped_column(String(20), info=_choice(PROOF))
    state: Mapped[str] = mapped_column(String(10), info=_choice(PROOF))
    text_hash: Mapped[str] = mapped_column(String(64), info=_choice(PROOF))
    notice_hash: Mapped[str] = mapped_column(String(64), default="", info=not_personal("SHA-256 of the notice in force"))
    lang: Mapped[str] = mapped_column(String(12), info=_choice(PROOF))
    method: Mapped[str] = mapped_column(String(16), info=not_personal("form, room, my data, double opt-in, API or import"))
    at: Mapped[datetime] = mapped_column(UtcTime, info=_choice(PROOF))


class PersonMark(Base):
    """That the use of a person's data is restricted (Art. 18 GDPR), or that they objected (Art. 21)."""

    __tablename__ = "person_mark"
    __table_args__ = (UniqueConstraint("webinar_id", "person", "kind"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the mark"))
    webinar_id: Mapped[str] = mapped_column(String(20), info=OF_WEBINAR)
    person: Mapped[str] = mapped_column(String(20), info=_person("respect a restriction or an objection"))
    kind: Mapped[str] = mapped_column(String(12), info=_choice("respect a restriction or an objection"))
    at: Mapped[datetime] = mapped_column(UtcTime, info=_choice("respect a restriction or an objection"))


class Disclosure(Base):
    """That somebody's data was given to a recipient: an integration, or a file an organiser took out."""

    __tablename__ = "disclosure"
    __table_args__ = (UniqueConstraint("webinar_id", "person", "recipient", "what"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the entry"))
    webinar_id: Mapped[str] = mapped_column(String(20), info=OF_WEBINAR)
    person: Mapped[str] = mapped_column(String(20), info=_person("tell people who received their data"))
    recipient: Mapped[str] = mapped_column(String(120), info=not_personal("name of an integration or of a kind of file"))
    what: Mapped[str] = mapped_column(String(200), info=not_personal("kinds of data, never the data"))
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was first given"))


class SubjectRequest(Base):
    """A request that the organiser has to answer within a month (Art. 12(3) GDPR)."""

    __tablename__ = "subject_request"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the request"))
    webinar_id: Mapped[str] = mapped_column(String(20), index=True, info=OF_WEBINAR)
    person: Mapped[str] = mapped_column(String(20), info=_person(ANSWER))
    kind: Mapped[str] = mapped_column(String(12), info=_choice(ANSWER))
    state: Mapped[str] = mapped_column(String(10), index=True, info=not_personal("open, done or refused"))
    text: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal(
            "user.content.private", subject="participant", purpose=ANSWER, basis="legal_obligation", sealed=True, erase="key"
        ),
    )
    answer: Mapped[bytes] = mapped_column(
        LargeBinary,
        default=b"",
        info=personal(
            "user.content.private", subject="participant", purpose=ANSWER, basis="legal_obligation", sealed=True, erase="key"
        ),
    )
    asked_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was asked"))
    due_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("by when it must be answered"))
    extended: Mapped[bool] = mapped_column(default=False, info=not_personal("whether the time was extended"))
    done_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when it was answered"))
