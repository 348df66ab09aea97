"""Tables of the webinar: its settings, its state, and the chat said in it.

``Replicated`` rows are the things browsers hold copies of: each carries the room sequence number of its last change, so the
snapshot and what changed since are the same query.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal, personal

SETTING = not_personal("a setting of the organiser")
STATE = not_personal("state of the webinar")


class Webinar(Base):
    """One webinar: what it is, when, and in which state. Its row's lock orders everything that happens in its room."""

    __tablename__ = "webinar"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the webinar"))
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True, info=not_personal("id of the organisation"))
    slug: Mapped[str] = mapped_column(String(60), unique=True, info=not_personal("address of the public page"))
    title: Mapped[str] = mapped_column(String(160), info=SETTING)
    summary: Mapped[str] = mapped_column(Text, default="", info=SETTING)
    lang: Mapped[str] = mapped_column(String(12), default="en", info=SETTING)
    zone: Mapped[str] = mapped_column(String(64), default="UTC", info=SETTING)
    starts_at: Mapped[datetime] = mapped_column(UtcTime, info=SETTING)
    ends_at: Mapped[datetime] = mapped_column(UtcTime, info=SETTING)
    publication: Mapped[str] = mapped_column(String(10), default="draft", info=STATE)
    broadcast: Mapped[str] = mapped_column(String(10), default="idle", info=STATE)
    replay: Mapped[str] = mapped_column(String(12), default="none", info=STATE)
    data_state: Mapped[str] = mapped_column(String(12), default="collecting", info=STATE)
    recording: Mapped[bool] = mapped_column(default=False, info=SETTING)
    retention_days: Mapped[int] = mapped_column(default=30, info=SETTING)
    chat_mode: Mapped[str] = mapped_column(String(10), default="stored", info=SETTING)
    state_texts: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, info=SETTING)
    picture: Mapped[str | None] = mapped_column(String(20), info=not_personal("file id of the picture shown while waiting"))
    live_since: Mapped[datetime | None] = mapped_column(UtcTime, info=STATE)
    live_ended: Mapped[datetime | None] = mapped_column(UtcTime, info=STATE)
    hls_token: Mapped[str] = mapped_column(String(43), index=True, info=not_personal("path of the stream, the same for everyone"))
    crew_token: Mapped[str] = mapped_column(String(43), index=True, info=not_personal("path of the crew's stream"))
    seq: Mapped[int] = mapped_column(default=0, info=not_personal("number of the room's last change"))
    epoch: Mapped[str] = mapped_column(String(20), info=not_personal("changes when what was said before must be forgotten"))
    entity_seq: Mapped[int] = mapped_column(default=0, info=not_personal("room number of this row's last change"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the webinar was made"))


class Message(Base):
    """One chat message. Who said it is known by a random id of this webinar alone; name and text are sealed."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("webinar_id", "person", "ref"),
        Index("ix_message_webinar_seq", "webinar_id", "seq"),
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the message"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=not_personal("id of the webinar"))
    seq: Mapped[int] = mapped_column(info=not_personal("room number of the last change"))
    lane: Mapped[str] = mapped_column(String(10), default="audience", info=not_personal("who can see it: audience or crew"))
    person: Mapped[str] = mapped_column(
        String(20),
        info=personal(
            "user.unique_id.pseudonymous", subject="participant", purpose="tell who said a message, within its webinar"
        ),
    )
    role: Mapped[str] = mapped_column(String(24), info=not_personal("role in the room"))
    name: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal("user.name", subject="participant", purpose="show who said a message", sealed=True),
    )
    text: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal("user.content.public", subject="participant", purpose="show the chat of the webinar", sealed=True),
    )
    ref: Mapped[str] = mapped_column(String(40), info=not_personal("random mark of a try, so that a retry says nothing twice"))
    reply_to: Mapped[str | None] = mapped_column(String(20), info=not_personal("id of the message answered"))
    state: Mapped[str] = mapped_column(String(10), default="visible", info=not_personal("visible, hidden or removed"))
    edited: Mapped[bool] = mapped_column(default=False, info=not_personal("whether its author changed it"))
    at: Mapped[datetime] = mapped_column(
        UtcTime, info=personal("user.behavior", subject="participant", purpose="show when a message was said")
    )
