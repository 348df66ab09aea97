"""Tables of the statistics: counters per webinar and minute. No row says anything about a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.core.declare import not_personal


class MinuteCount(Base):
    """How many there were, or how often something happened, in one minute of a webinar."""

    __tablename__ = "minute_count"

    webinar_id: Mapped[str] = mapped_column(
        ForeignKey("webinar.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the webinar")
    )
    at: Mapped[datetime] = mapped_column(UtcTime, primary_key=True, info=not_personal("begin of the minute"))
    what: Mapped[str] = mapped_column(String(40), primary_key=True, info=not_personal("what was counted"))
    n: Mapped[int] = mapped_column(info=not_personal("a count over everybody"))


class StayCount(Base):
    """How many stayed how long in a webinar, in classes of minutes."""

    __tablename__ = "stay_count"

    webinar_id: Mapped[str] = mapped_column(
        ForeignKey("webinar.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the webinar")
    )
    minutes: Mapped[int] = mapped_column(primary_key=True, info=not_personal("lower end of a class of times"))
    n: Mapped[int] = mapped_column(info=not_personal("a count over everybody"))
