"""Table of recordings. Picture and sound lie in sealed files; see :mod:`app.media.tape`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal

SETTING = not_personal("a setting of the organiser")


class Recording(Base):
    """One recording of a webinar, or a video that was uploaded for it: where it begins and ends, and whether people may watch it."""

    __tablename__ = "recording"
    __table_args__ = (Index("ix_recording_webinar_id", "webinar_id"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the recording"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=not_personal("id of the webinar"))
    token: Mapped[str] = mapped_column(String(43), index=True, info=not_personal("path of the replay, the same for everyone"))
    title: Mapped[str] = mapped_column(String(120), default="", server_default="", info=SETTING)
    """Of an uploaded video; a recording is named by when it was made."""
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was begun"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when it ended"))
    seconds: Mapped[float] = mapped_column(default=0.0, info=not_personal("how long it is"))
    size: Mapped[int] = mapped_column(BigInteger, default=0, info=not_personal("bytes"))
    published: Mapped[bool] = mapped_column(default=False, info=SETTING)
    start: Mapped[float] = mapped_column(default=0.0, info=SETTING)
    end: Mapped[float | None] = mapped_column(info=SETTING)
    chapters: Mapped[list[dict[str, object]]] = mapped_column(JSON, default=list, info=SETTING)
