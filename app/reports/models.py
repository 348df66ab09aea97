"""Tables of reports: export files on their way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal

SETTING = not_personal("what was asked for")


class ExportFile(Base):
    """A large export: asked for, being written, ready as a sealed file, gone after its download or seven days."""

    __tablename__ = "export_file"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the export"))
    webinar_id: Mapped[str] = mapped_column(
        ForeignKey("webinar.id", ondelete="CASCADE"), index=True, info=not_personal("id of the webinar")
    )
    kind: Mapped[str] = mapped_column(String(20), info=SETTING)
    form: Mapped[str] = mapped_column(String(6), info=SETTING)
    named: Mapped[bool] = mapped_column(info=SETTING)
    lang: Mapped[str] = mapped_column(String(12), info=SETTING)
    role: Mapped[str] = mapped_column(String(24), info=not_personal("role that asked, which says what may be in it"))
    state: Mapped[str] = mapped_column(String(10), info=not_personal("waiting, ready or failed"))
    rows_done: Mapped[int] = mapped_column(default=0, info=not_personal("rows written so far"))
    rows_total: Mapped[int] = mapped_column(default=0, info=not_personal("about how many rows there are"))
    size: Mapped[int] = mapped_column(default=0, info=not_personal("bytes of the file"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was asked for"))
    beat_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("last sign of the worker that writes it"))
