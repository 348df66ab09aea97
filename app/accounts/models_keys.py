"""The table of API keys."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal, personal


class ApiKey(Base):
    """A program's access to an account. Only the hash of the key is kept; it is shown once."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the key"))
    account_id: Mapped[str] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True, info=not_personal("id of the organisation")
    )
    name: Mapped[str] = mapped_column(String(80), info=not_personal("name of a program"))
    hash: Mapped[str] = mapped_column(String(64), unique=True, info=not_personal("SHA-256 of 256 random bits"))
    hint: Mapped[str] = mapped_column(String(12), info=not_personal("first signs of the key, to tell it apart"))
    scopes: Mapped[list[str]] = mapped_column(JSON, info=not_personal("what the key may do"))
    made_by: Mapped[str] = mapped_column(
        String(20),
        info=personal(
            "user.unique_id.pseudonymous",
            subject="staff",
            purpose="show who made a key",
            basis="contract",
            retention="until the key is withdrawn",
        ),
    )
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was made"))
    expires_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it ends"))
    used_on: Mapped[date | None] = mapped_column(Date, info=not_personal("day of its last use"))
