"""Table of videos that are being uploaded or made ready; what comes of one is a recording."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal

STATE = not_personal("how far the upload is")


class Video(Base):
    """A video on its way: its parts lie sealed beside the database until it has become a recording."""

    __tablename__ = "video"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the upload"))
    webinar_id: Mapped[str] = mapped_column(
        ForeignKey("webinar.id", ondelete="CASCADE"), index=True, info=not_personal("id of the webinar")
    )
    title: Mapped[str] = mapped_column(String(120), info=not_personal("a setting of the organiser"))
    size: Mapped[int] = mapped_column(BigInteger, info=not_personal("bytes of the file"))
    mark: Mapped[str] = mapped_column(String(60), info=not_personal("size and date of the file, to know it again"))
    state: Mapped[str] = mapped_column(String(10), info=STATE)
    """receiving, waiting, working or failed; one that is done has become a recording."""
    percent: Mapped[int] = mapped_column(default=0, info=STATE)
    problem: Mapped[str] = mapped_column(String(30), default="", info=not_personal("code of why it cannot be used"))
    recording_id: Mapped[str | None] = mapped_column(String(20), info=not_personal("id of the recording it becomes"))
    beat_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when somebody last worked at it"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was begun"))
