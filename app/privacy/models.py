"""Tables of the proof: erasures, which of the ledger's entries this database has seen through, and the audit log.

They hold ids and field names, never values. Erasures and marks outlive what was erased (``KEPT``): they are the account's proof.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.core.declare import not_personal, personal
from app.privacy.scope import KEPT


class Erasure(Base):
    """One erasure: what was asked, how far it is, and its certificate."""

    __tablename__ = "erasure"
    __table_args__ = {"info": KEPT}  # noqa: RUF012 - the form SQLAlchemy reads

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the erasure"))
    kind: Mapped[str] = mapped_column(String(12), info=not_personal("one participant, a selection, all, a webinar, an account"))
    of_account: Mapped[str] = mapped_column(String(20), index=True, info=not_personal("id of the account"))
    of_webinar: Mapped[str] = mapped_column(String(20), index=True, info=not_personal("id of the webinar"))
    role: Mapped[str] = mapped_column(String(24), info=not_personal("role of who asked"))
    state: Mapped[str] = mapped_column(String(10), index=True, info=not_personal("waiting, done or residue"))
    step: Mapped[int] = mapped_column(default=0, info=not_personal("number of steps done"))
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict, info=not_personal("numbers of values per category"))
    result: Mapped[dict[str, int]] = mapped_column(JSON, default=dict, info=not_personal("numbers of what each step removed"))
    memory: Mapped[bytes | None] = mapped_column(
        LargeBinary,
        info=personal(
            "user.unique_id.pseudonymous",
            subject="participant",
            purpose="finish an erasure that was interrupted; its key is destroyed with the last step",
            basis="legal_obligation",
            retention="until the erasure is done",
            sealed=True,
            erase="key",
            export=False,
        ),
    )
    asked_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was asked"))
    done_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when it was done"))
    certificate: Mapped[str | None] = mapped_column(Text, info=not_personal("signed counts, no names"))


class LedgerMark(Base):
    """An entry of the erasure ledger that this database has seen through to its end."""

    __tablename__ = "ledger_mark"
    __table_args__ = {"info": KEPT}  # noqa: RUF012 - the form SQLAlchemy reads

    entry_id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the erasure"))
    n: Mapped[int] = mapped_column(info=not_personal("number of the entry in the ledger"))


class AuditEntry(Base):
    """One action of staff or operator. Each entry's hash covers the one before it."""

    __tablename__ = "audit_entry"
    __table_args__ = (UniqueConstraint("account_id", "n"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the entry"))
    account_id: Mapped[str] = mapped_column(String(20), info=not_personal("id of the account"))
    n: Mapped[int] = mapped_column(info=not_personal("number in the account's chain"))
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when"))
    actor: Mapped[str] = mapped_column(
        String(20),
        info=personal(
            "user.unique_id.pseudonymous",
            subject="staff",
            purpose="show the account who did what",
            basis="legal_obligation",
            retention="account",
        ),
    )
    role: Mapped[str] = mapped_column(String(24), info=not_personal("role of the actor"))
    action: Mapped[str] = mapped_column(String(60), info=not_personal("name of the action"))
    object_kind: Mapped[str] = mapped_column(String(30), info=not_personal("kind of thing acted on"))
    object_id: Mapped[str] = mapped_column(String(20), info=not_personal("id of the thing acted on"))
    fields: Mapped[list[str]] = mapped_column(JSON, info=not_personal("names of changed fields, never values"))
    reason: Mapped[str] = mapped_column(String(300), default="", info=not_personal("reason an operator gave for an access"))
    hash: Mapped[str] = mapped_column(String(64), info=not_personal("chain of the log"))


class AuditHead(Base):
    """The newest entry of an account's audit log, so that a cut tail is noticed; its lock orders the writers."""

    __tablename__ = "audit_head"

    account_id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("id of the account"))
    n: Mapped[int] = mapped_column(info=not_personal("number of the newest entry"))
    hash: Mapped[str] = mapped_column(String(64), info=not_personal("hash of the newest entry"))


class OperatorAccess(Base):
    """That the operator may look at an account's data: why, and until when. The account sees it."""

    __tablename__ = "operator_access"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the access"))
    account_id: Mapped[str] = mapped_column(String(20), index=True, info=not_personal("id of the account"))
    actor: Mapped[str] = mapped_column(
        String(20),
        info=personal(
            "user.unique_id.pseudonymous",
            subject="staff",
            purpose="show the account who looked at its data",
            basis="legal_obligation",
            retention="account",
        ),
    )
    reason: Mapped[str] = mapped_column(String(300), info=not_personal("reason given for the access"))
    since: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it began"))
    until: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it ends"))


class RetentionNotice(Base):
    """That the account was told when a webinar will be erased."""

    __tablename__ = "retention_notice"

    webinar_id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("id of the webinar"))
    erase_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("the day that was told"))


class AccountEnd(Base):
    """When an account's plan ends, and whether its data is returned before it is erased."""

    __tablename__ = "account_end"

    account_id: Mapped[str] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the account")
    )
    ends_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("the day"))
    choice: Mapped[str] = mapped_column(String(10), info=not_personal("return and erase, or erase"))
    told_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when the team was told"))
