"""Table of captions sent as a file for a recording."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal, personal


class RecordingText(Base):
    """Captions of a recording in one language."""

    __tablename__ = "recording_text"
    __table_args__ = (UniqueConstraint("recording_id", "lang"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the captions"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=not_personal("id of the webinar"))
    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.id", ondelete="CASCADE"), info=not_personal("id of the recording")
    )
    lang: Mapped[str] = mapped_column(String(12), info=not_personal("language of the captions"))
    cues: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal(
            "user.content.public", subject="participant", purpose="show what is said on stage to who cannot hear it", sealed=True
        ),
    )
    count: Mapped[int] = mapped_column(info=not_personal("how many captions"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when they were sent"))
