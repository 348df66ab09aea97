"""Table of captions: what is said on stage, written down while it is said."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal, personal


class Caption(Base):
    """One line of captions in one language."""

    __tablename__ = "caption"
    __table_args__ = (Index("ix_caption_webinar_id_seq", "webinar_id", "seq"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the line"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=not_personal("id of the webinar"))
    seq: Mapped[int] = mapped_column(info=not_personal("room number of the line"))
    lang: Mapped[str] = mapped_column(String(12), info=not_personal("language of the line"))
    text: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal(
            "user.content.public", subject="participant", purpose="show what is said on stage to who cannot hear it", sealed=True
        ),
    )
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was said"))
