"""Tables of breaches: the operator's register of them (Art. 33(5) GDPR) and who was told and has read it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal

TOLD = not_personal("told by the operator; names nobody, by rule of docs/operate.md")


class Breach(Base):
    """One breach of personal data, with the slots of Art. 33(3). Outlives the accounts it concerned."""

    __tablename__ = "breach"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the breach"))
    state: Mapped[str] = mapped_column(String(10), default="assessed", info=not_personal("assessed, notified or closed"))
    found_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the operator became aware"))
    since: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("begin of the time it concerns"))
    until: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("end of the time it concerns"))
    nature: Mapped[str] = mapped_column(Text, info=TOLD)
    consequences: Mapped[str] = mapped_column(Text, default="", info=TOLD)
    measures: Mapped[str] = mapped_column(Text, default="", info=TOLD)
    keys_exposed: Mapped[bool] = mapped_column(
        default=False, info=not_personal("whether keys were exposed too, so sealing did not help")
    )
    webinars: Mapped[list[str]] = mapped_column(JSON, info=not_personal("ids of the webinars it concerns; empty: all"))
    stores: Mapped[list[str]] = mapped_column(JSON, info=not_personal("names of the stores it concerns; empty: all"))
    scope: Mapped[dict[str, dict[str, object]]] = mapped_column(
        JSON, info=not_personal("account id → numbers per category and of persons")
    )
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was written down"))
    notified_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when accounts were told"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when it was closed"))


class BreachNotice(Base):
    """That one owner or administrator was told."""

    __tablename__ = "breach_notice"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the notice"))
    breach_id: Mapped[str] = mapped_column(
        ForeignKey("breach.id", ondelete="CASCADE"), index=True, info=not_personal("id of the breach")
    )
    account_id: Mapped[str] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True, info=not_personal("id of the organisation")
    )
    staff_id: Mapped[str] = mapped_column(
        ForeignKey("staff.id", ondelete="CASCADE"), index=True, info=not_personal("id of the staff member")
    )
    told_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the notice was made"))
    mailed_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when the mail server took the mail"))
    read_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when it was opened"))
