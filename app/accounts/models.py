"""Organisations and their staff. Of staff only name, e-mail and password are stored (and a second factor, if they set one)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal, personal

ACCESS = "secure access to the web application and permissions"
AGREED = "show who accepted the data processing agreement for the organisation"


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
    totp: Mapped[bytes | None] = mapped_column(
        LargeBinary,
        info=personal(
            "user.authorization.credentials",
            subject="staff",
            purpose="second factor of the sign-in, if they set one",
            basis="contract",
            retention="account",
            sealed=True,
            export=False,
        ),
    )
    totp_on: Mapped[bool] = mapped_column(default=False, info=not_personal("whether the second factor is asked for"))
    totp_step: Mapped[int] = mapped_column(
        default=0, info=not_personal("last 30 seconds a code was used for, so that none works twice")
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


class RecoveryCode(Base):
    """A code that lets somebody in once without their second factor. Only its hash is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[str] = mapped_column(String(64), primary_key=True, info=not_personal("SHA-256 of a random code"))
    staff_id: Mapped[str] = mapped_column(
        ForeignKey("staff.id", ondelete="CASCADE"), index=True, info=not_personal("id of the staff member")
    )


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


class AgreementAcceptance(Base):
    """That an account accepted a version of the data processing agreement."""

    __tablename__ = "agreement_acceptance"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the acceptance"))
    account_id: Mapped[str] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True, info=not_personal("id of the organisation")
    )
    version: Mapped[str] = mapped_column(String(20), info=not_personal("version of the text"))
    hash: Mapped[str] = mapped_column(String(64), info=not_personal("SHA-256 of the text"))
    processors: Mapped[str] = mapped_column(String(64), info=not_personal("SHA-256 of the list of sub-processors"))
    staff: Mapped[str] = mapped_column(
        String(20),
        info=personal(
            "user.unique_id.pseudonymous", subject="staff", purpose=AGREED, basis="legal_obligation", retention="account"
        ),
    )
    name: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal("user.name", subject="staff", purpose=AGREED, basis="legal_obligation", retention="account", sealed=True),
    )
    role: Mapped[str] = mapped_column(String(24), info=not_personal("role of who accepted"))
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was accepted"))


class ProcessorNotice(Base):
    """That an account was told of a changed list of sub-processors, and what it said to it."""

    __tablename__ = "processor_notice"

    account_id: Mapped[str] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the organisation")
    )
    processors: Mapped[str] = mapped_column(String(64), primary_key=True, info=not_personal("SHA-256 of the new list"))
    told_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the account was told"))
    starts_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when the change takes effect"))
    answer: Mapped[str] = mapped_column(String(10), info=not_personal("nothing yet, accepted or objected"))
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when it answered"))
    staff: Mapped[str] = mapped_column(
        String(20),
        info=personal(
            "user.unique_id.pseudonymous", subject="staff", purpose=AGREED, basis="legal_obligation", retention="account"
        ),
    )
    reason: Mapped[bytes] = mapped_column(
        LargeBinary,
        info=personal(
            "user.content.private", subject="staff", purpose=AGREED, basis="legal_obligation", retention="account", sealed=True
        ),
    )
