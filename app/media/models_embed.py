"""Table of where a webinar may be embedded."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.privacy import not_personal

SETTING = not_personal("a setting of the organiser")


class Embed(Base):
    """Which sites may show a webinar inside their pages, and whether people may take part there."""

    __tablename__ = "embed"

    webinar_id: Mapped[str] = mapped_column(
        ForeignKey("webinar.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the webinar")
    )
    hosts: Mapped[list[str]] = mapped_column(JSON, default=list, info=SETTING)
    interaction: Mapped[bool] = mapped_column(default=False, info=SETTING)
