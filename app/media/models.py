"""Tables of the stage: who can be seen and heard, and how the program is made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal, personal


class Presenter(Base):
    """Somebody with a place on stage or backstage: crew, a guest from the audience, or a program such as OBS."""

    __tablename__ = "presenter"
    __table_args__ = (UniqueConstraint("webinar_id", "person"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the place"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=not_personal("id of the webinar"))
    seq: Mapped[int] = mapped_column(info=not_personal("room number of the last change"))
    person: Mapped[str] = mapped_column(
        String(20),
        info=personal("user.unique_id.pseudonymous", subject="participant", purpose="tell who is on stage, within the webinar"),
    )
    name: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal("user.name", subject="participant", purpose="show the crew who is on stage", sealed=True),
    )
    sort: Mapped[str] = mapped_column(String(12), info=not_personal("crew, guest, encoder, interpreter or screen"))
    language: Mapped[str | None] = mapped_column(String(20), info=not_personal("id of the language interpreted into"))
    on_stage: Mapped[bool] = mapped_column(info=not_personal("on stage, or backstage"))
    muted: Mapped[bool] = mapped_column(default=False, info=not_personal("microphone closed by the crew"))
    connected: Mapped[bool] = mapped_column(default=False, info=not_personal("sends now"))
    video: Mapped[bool] = mapped_column(default=False, info=not_personal("sends a picture"))
    audio: Mapped[bool] = mapped_column(default=False, info=not_personal("sends sound"))
    shown: Mapped[bool] = mapped_column(default=False, info=not_personal("seen by the audience now"))
    backup: Mapped[bool] = mapped_column(default=False, info=not_personal("comes by the backup way in now"))
    removed: Mapped[bool] = mapped_column(default=False, info=not_personal("taken off for good"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the place was made"))


class StageRow(Base):
    """How a webinar's program is made."""

    __tablename__ = "stage"

    webinar_id: Mapped[str] = mapped_column(
        ForeignKey("webinar.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the webinar")
    )
    seq: Mapped[int] = mapped_column(default=0, info=not_personal("room number of the last change"))
    chosen: Mapped[str | None] = mapped_column(String(20), info=not_personal("id of the place that is to be seen"))
    layout: Mapped[str] = mapped_column(
        String(8), default="single", server_default="single", info=not_personal("how many pictures are seen, and how")
    )
    breaks: Mapped[int] = mapped_column(default=0, info=not_personal("discontinuities of the stream so far"))
    clip: Mapped[str | None] = mapped_column(String(20), info=not_personal("id of the recording that is being played"))
    clip_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when it begins"))
    clip_until: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when it has been shown to its end"))


class Language(Base):
    """A language the webinar is interpreted into, and the mark that makes its secure link."""

    __tablename__ = "language"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the language"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=not_personal("id of the webinar"))
    code: Mapped[str] = mapped_column(String(12), info=not_personal("a setting of the organiser"))
    key: Mapped[str] = mapped_column(String(20), info=not_personal("random mark; another one ends the old link"))
