"""Tables of the polls. An anonymous poll has counters and texts that know nobody; a named one has ballots besides."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal, personal
from app.rooms.models import REF

WEBINAR = not_personal("id of the webinar")
SETTING = not_personal("a setting of the crew")
STATE = not_personal("state of the poll")


class Poll(Base):
    """One poll, quiz or survey: what is asked, who sees results, and where it is in its life."""

    __tablename__ = "poll"
    __table_args__ = (UniqueConstraint("webinar_id", "number"), Index("ix_poll_webinar_seq", "webinar_id", "seq"))

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the poll"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=WEBINAR)
    seq: Mapped[int] = mapped_column(info=not_personal("room number of the last change"))
    number: Mapped[int] = mapped_column(info=not_personal("number by making, never given again"))
    title: Mapped[str] = mapped_column(String(200), default="", info=SETTING)
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON, info=SETTING)
    state: Mapped[str] = mapped_column(String(10), info=STATE)
    anonymous: Mapped[bool] = mapped_column(default=True, info=SETTING)
    results: Mapped[str] = mapped_column(String(8), default="voted", info=SETTING)
    place: Mapped[str] = mapped_column(String(8), default="sidebar", info=SETTING)
    seconds: Mapped[int | None] = mapped_column(info=SETTING)
    opens_at: Mapped[datetime | None] = mapped_column(UtcTime, info=STATE)
    opened_at: Mapped[datetime | None] = mapped_column(UtcTime, info=STATE)
    closes_at: Mapped[datetime | None] = mapped_column(UtcTime, info=STATE)
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime, info=STATE)
    seen: Mapped[bool] = mapped_column(default=False, info=not_personal("whether the audience ever saw it"))
    voters: Mapped[int] = mapped_column(default=0, info=not_personal("how many voted"))
    version: Mapped[int] = mapped_column(default=1, info=not_personal("number of changes, to notice two at a time"))
    by_id: Mapped[str] = mapped_column(String(20), default="", info=not_personal("random id of who of the crew changed it last"))
    by_name: Mapped[bytes] = mapped_column(
        LargeBinary,
        default=b"",
        info=personal("user.name", subject="staff", purpose="tell moderators who changed a poll", basis="contract", sealed=True),
    )
    copied_from: Mapped[str | None] = mapped_column(String(20), info=not_personal("id of the poll it corrects"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the poll was made"))


class PollCount(Base):
    """How often something was chosen in one question of a poll; ``choice`` empty: how many answered it."""

    __tablename__ = "poll_count"

    poll_id: Mapped[str] = mapped_column(
        ForeignKey("poll.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the poll")
    )
    item: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("id of the question in the poll"))
    choice: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("id of an option, or a rating"))
    n: Mapped[int] = mapped_column(info=not_personal("a count"))


class PollText(Base):
    """An answer in somebody's own words. In an anonymous poll nobody's: ``person`` is empty and there is no time."""

    __tablename__ = "poll_text"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the text"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=WEBINAR)
    poll_id: Mapped[str] = mapped_column(
        ForeignKey("poll.id", ondelete="CASCADE"), index=True, info=not_personal("id of the poll")
    )
    item: Mapped[str] = mapped_column(String(20), info=not_personal("id of the question in the poll"))
    person: Mapped[str] = mapped_column(
        String(20),
        default="",
        info=personal("user.unique_id.pseudonymous", subject="participant", purpose="erase and export what somebody answered"),
    )
    text: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal("user.content.public", subject="participant", purpose="show answers in people's own words", sealed=True),
    )
    held: Mapped[bool] = mapped_column(default=False, info=not_personal("whether one of the organiser's words held it"))


class Ballot(Base):
    """What one person answered in a poll that the organiser declared to be with names."""

    __tablename__ = "ballot"
    __table_args__ = (UniqueConstraint("poll_id", "person"), Index("ix_ballot_webinar_person", "webinar_id", "person"))

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the ballot"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=WEBINAR)
    poll_id: Mapped[str] = mapped_column(ForeignKey("poll.id", ondelete="CASCADE"), info=not_personal("id of the poll"))
    seq: Mapped[int] = mapped_column(info=not_personal("room number of the last change"))
    person: Mapped[str] = mapped_column(
        String(20),
        info=personal("user.unique_id.pseudonymous", subject="participant", purpose="count each person's vote once"),
    )
    name: Mapped[bytes] = mapped_column(
        LargeBinary, info=personal("user.name", subject="participant", purpose="say who answered, as the poll says", sealed=True)
    )
    answers: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal("user.content.private", subject="participant", purpose="answers of polls with names", sealed=True),
    )
    ref: Mapped[str] = mapped_column(String(40), info=REF)
    at: Mapped[datetime] = mapped_column(
        UtcTime, info=personal("user.behavior", subject="participant", purpose="say when somebody answered")
    )
