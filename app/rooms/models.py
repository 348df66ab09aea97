"""Tables of the webinar: its settings, its state, and the chat said in it.

``Replicated`` rows are the things browsers hold copies of: each carries the room sequence number of its last change, so the
snapshot and what changed since are the same query.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false, true
from sqlalchemy import text as literal
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal, personal

SETTING = not_personal("a setting of the organiser")
STATE = not_personal("state of the webinar")
REF = personal(
    "user.behavior",
    subject="participant",
    purpose="recognise a retry by the mark the browser chose, so that nothing is done twice",
    export=False,
)
"""A mark that a browser chooses: ours are random, but nobody can know what another program puts there."""


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
    rewind: Mapped[int] = mapped_column(default=0, server_default="0", info=SETTING)
    ladder: Mapped[bool] = mapped_column(default=False, server_default=false(), info=SETTING)
    """A smaller picture is offered beside the one that is sent."""
    source: Mapped[str] = mapped_column(String(10), default="live", server_default="live", info=SETTING)
    """Where the picture comes from: live (the stage), simulive (a video, as if live) or ondemand (a video, when people like)."""
    video: Mapped[str | None] = mapped_column(String(20), info=not_personal("id of the recording it plays"))
    retention_days: Mapped[int] = mapped_column(default=30, info=SETTING)
    chat_mode: Mapped[str] = mapped_column(String(10), default="stored", info=SETTING)
    modes: Mapped[dict[str, dict[str, object]]] = mapped_column(JSON, default=dict, server_default="{}", info=SETTING)
    words: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]", info=SETTING)
    views_mark: Mapped[str] = mapped_column(
        String(20), default="", server_default="", info=not_personal("changes when the links of the views are made anew")
    )
    in_step: Mapped[bool] = mapped_column(default=False, server_default=false(), info=SETTING)
    restricted: Mapped[bool] = mapped_column(
        default=False,
        server_default=false(),
        info=not_personal("whether anybody was ever muted or banned here, so that verbs need not look"),
    )
    state_texts: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, info=SETTING)
    state_pictures: Mapped[dict[str, str]] = mapped_column(
        JSON, default=dict, info=not_personal("ids of the pictures shown in each state")
    )
    picture: Mapped[str | None] = mapped_column(String(20), info=not_personal("id of the picture of states without their own"))
    live_since: Mapped[datetime | None] = mapped_column(UtcTime, info=STATE)
    live_ended: Mapped[datetime | None] = mapped_column(UtcTime, info=STATE)
    hls_token: Mapped[str] = mapped_column(String(43), index=True, info=not_personal("path of the stream, the same for everyone"))
    crew_token: Mapped[str] = mapped_column(String(43), index=True, info=not_personal("path of the crew's stream"))
    seq: Mapped[int] = mapped_column(default=0, info=not_personal("number of the room's last change"))
    epoch: Mapped[str] = mapped_column(String(20), info=not_personal("changes when what was said before must be forgotten"))
    entity_seq: Mapped[int] = mapped_column(default=0, info=not_personal("room number of this row's last change"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the webinar was made"))


class Picture(Base):
    """A picture the organiser chose for the page and its states: made anew from what was uploaded, so nothing hides in it."""

    __tablename__ = "picture"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the picture"))
    webinar_id: Mapped[str] = mapped_column(
        ForeignKey("webinar.id", ondelete="CASCADE"), index=True, info=not_personal("id of the webinar")
    )
    body: Mapped[bytes] = mapped_column(
        LargeBinary, info=not_personal("a picture of the organiser for everybody, without metadata")
    )
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was uploaded"))


class Message(Base):
    """One chat message. Who said it is known by a random id of this webinar alone; name and text are sealed."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("webinar_id", "person", "ref"),
        Index("ix_message_webinar_seq", "webinar_id", "seq"),
        Index("ix_message_webinar_at", "webinar_id", "at", "seq"),
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
    ref: Mapped[str] = mapped_column(String(40), info=REF)
    reply_to: Mapped[str | None] = mapped_column(String(20), info=not_personal("id of the message answered"))
    question_id: Mapped[str | None] = mapped_column(String(20), info=not_personal("id of the question it was made into"))
    state: Mapped[str] = mapped_column(
        String(10), default="visible", info=not_personal("visible, held, hidden, refused or removed")
    )
    partner: Mapped[str | None] = mapped_column(
        String(20),
        index=True,
        info=personal(
            "user.unique_id.pseudonymous", subject="participant", purpose="show a conversation with the crew to whom it is with"
        ),
    )
    shown: Mapped[bool] = mapped_column(
        default=True, server_default=true(), info=not_personal("whether the audience ever saw it")
    )
    held: Mapped[str] = mapped_column(
        String(10), default="", server_default="", info=not_personal("why it waits: delay, approval or words")
    )
    release_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when a delayed message is shown"))
    reason: Mapped[bytes] = mapped_column(
        LargeBinary,
        default=b"",
        server_default=literal("''"),
        info=personal("user.behavior", subject="participant", purpose="tell an author why a message was not shown", sealed=True),
    )
    pinned: Mapped[bool] = mapped_column(default=False, server_default=false(), info=STATE)
    reactions: Mapped[dict[str, int]] = mapped_column(
        JSON, default=dict, server_default="{}", info=not_personal("how many reacted with what")
    )
    edited: Mapped[bool] = mapped_column(default=False, info=not_personal("whether its author changed it"))
    at: Mapped[datetime] = mapped_column(
        UtcTime, info=personal("user.behavior", subject="participant", purpose="show when a message was said")
    )
