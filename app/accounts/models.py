"""Organisations and their staff. Of staff only name, e-mail and password are stored (and a second factor, if they set one)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal, personal

ACCESS = "secure access to the web application and permissions"


class Account(Base):
    """One organisation: the controller of its webinars' data."""

    __tablename__ = "account"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the organisation"))
    name: Mapped[str] = mapped_column(String(120), info=not_personal("name of an organisation"))
    colour: Mapped[str] = mapped_column(String(7), default="", info=not_personal("brand colour"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the account was made"))


class Staff(Base):
    """Somebody who works in an account."""

    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of a staff member"))
    account_id: Mapped[str] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True, info=not_personal("id of the organisation")
    )
    name: Mapped[str] = mapped_column(
        String(120), info=personal("user.name", subject="staff", purpose=ACCESS, basis="contract", retention="account")
    )
    email: Mapped[str] = mapped_column(
        String(254), info=personal("user.contact.email", subject="staff", purpose=ACCESS, basis="contract", retention="account")
    )
    email_key: Mapped[str] = mapped_column(
        String(254),
        unique=True,
        info=personal("user.contact.email", subject="staff", purpose=ACCESS, basis="contract", retention="account", export=False),
    )
    password: Mapped[str] = mapped_column(
        String(200),
        info=personal(
            "user.authorization.password", subject="staff", purpose=ACCESS, basis="contract", retention="account", export=False
        ),
    )
    role: Mapped[str] = mapped_column(String(24), info=not_personal("role in the account"))
    lang: Mapped[str] = mapped_column(String(12), default="", info=not_personal("language of the pages"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the access was made"))


class StaffSession(Base):
    """One signed-in browser. Only a hash of its cookie is kept: no address, no browser name."""

    __tablename__ = "staff_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True, info=not_personal("SHA-256 of a random cookie"))
    staff_id: Mapped[str] = mapped_column(
        ForeignKey("staff.id", ondelete="CASCADE"), index=True, info=not_personal("id of the staff member")
    )
    mark: Mapped[str] = mapped_column(String(20), info=not_personal("random mark that binds sockets to the session"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("start of the session, for its absolute end"))
    used_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("last use to the minute, for its idle end"))


class Invitation(Base):
    """A colleague who was asked to join; gone when accepted, withdrawn or too old."""

    __tablename__ = "invitation"

    id: Mapped[str] = mapped_column(
        String(20), primary_key=True, info=not_personal("random id of an invitation; opens nothing without our signature")
    )
    account_id: Mapped[str] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True, info=not_personal("id of the organisation")
    )
    email: Mapped[str] = mapped_column(
        String(254), info=personal("user.contact.email", subject="staff", purpose=ACCESS, basis="contract", retention="7 days")
    )
    role: Mapped[str] = mapped_column(String(24), info=not_personal("role offered"))
    expires_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("end of the invitation"))
