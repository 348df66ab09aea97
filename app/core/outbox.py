"""What happened, for whoever listens outside: rows of the same commit, handed on to webhooks and then deleted.

A verb says it in one line: ``happened(unit, "registration.created", account_id=…, webinar_id=…, person=registrant.id)``. It carries ids,
never values: what an endpoint may know besides is read when it is sent, so that nobody hears what was erased meanwhile.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.core.declare import not_personal, personal
from app.core.ids import new_id
from app.core.unit import Unit
from app.protocol.events import EVENTS


class Happening(Base):
    """One event on its way to webhooks."""

    __tablename__ = "happening"
    # Without it SQLite gives the number of a deleted row again, and a later event would look earlier.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - the form SQLAlchemy reads

    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=True, info=not_personal("order of the events"))
    id: Mapped[str] = mapped_column(String(20), unique=True, info=not_personal("random id of the event"))
    kind: Mapped[str] = mapped_column(String(40), info=not_personal("name of the event"))
    account_id: Mapped[str] = mapped_column(String(20), index=True, info=not_personal("id of the account"))
    webinar_id: Mapped[str] = mapped_column(String(20), default="", index=True, info=not_personal("id of the webinar"))
    person: Mapped[str | None] = mapped_column(
        String(20),
        info=personal(
            "user.unique_id.pseudonymous",
            subject="participant",
            purpose="tell the organiser's own systems what happened",
            retention="until it is handed on, within seconds",
            export=False,
        ),
    )
    ids: Mapped[dict[str, str]] = mapped_column(
        JSON, default=dict, info=not_personal("ids of things, by rule of app.core.outbox")
    )
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it happened"))


def happened(unit: Unit, kind: str, *, account_id: str, webinar_id: str = "", person: str | None = None, **ids: str) -> str:
    """Tell webhooks after the commit; returns the event's id. ``ids`` name things (``question=…``), never people and no words of theirs."""
    if kind not in EVENTS:
        raise ValueError(f"{kind} is not an event of app.protocol.events")
    event = Happening(
        id=new_id(), kind=kind, account_id=account_id, webinar_id=webinar_id, person=person, ids=dict(ids), at=unit.now
    )
    unit.session.add(event)
    return event.id
