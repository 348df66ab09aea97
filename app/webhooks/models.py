"""Tables of webhooks: endpoints, deliveries with their attempts, and who was told about whom.

A delivery holds ids; its body is made for each attempt from what may be said at that moment, so nothing personal waits in a
queue. The one exception is the news of an erasure: what it names is erased by then, so it carries its sealed body itself.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal, personal

TELL = "tell the organiser's own systems what happened"
CHOICE = not_personal("a choice of the organiser")


class Endpoint(Base):
    """An address of the organiser's that is told what happens."""

    __tablename__ = "webhook_endpoint"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the endpoint"))
    account_id: Mapped[str] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True, info=not_personal("id of the organisation")
    )
    name: Mapped[str] = mapped_column(String(80), info=not_personal("name of the recipient, shown to participants"))
    url: Mapped[str] = mapped_column(String(2000), info=CHOICE)
    events: Mapped[list[str]] = mapped_column(JSON, info=CHOICE)
    webinars: Mapped[list[str]] = mapped_column(JSON, info=not_personal("ids of the webinars it is told of; empty: all"))
    fields: Mapped[list[str]] = mapped_column(JSON, info=not_personal("names of personal fields it is given"))
    purpose: Mapped[str] = mapped_column(
        String(200), default="", info=not_personal("why it is given them, shown to participants")
    )
    secret: Mapped[bytes] = mapped_column(LargeBinary, info=not_personal("signing key, sealed under the account's key"))
    old_secret: Mapped[bytes | None] = mapped_column(
        LargeBinary, info=not_personal("signing key before the last rotation, sealed")
    )
    old_until: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("end of signing with both keys"))
    private_key: Mapped[bytes | None] = mapped_column(
        LargeBinary, info=not_personal("Ed25519 key, sealed under the account's key")
    )
    public_key: Mapped[str] = mapped_column(String(80), default="", info=not_personal("Ed25519 key for the receiver"))
    state: Mapped[str] = mapped_column(String(10), default="on", info=not_personal("on, or off and why"))
    failing_since: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when it last began to fail"))
    made_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was made"))


class Delivery(Base):
    """One event on its way to one endpoint; afterwards its line in the log, for 30 days."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_due", "state", "due_at"),
        Index("ix_webhook_delivery_log", "endpoint_id", "n"),
        Index("ix_webhook_delivery_person", "endpoint_id", "person"),
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the delivery"))
    endpoint_id: Mapped[str] = mapped_column(
        ForeignKey("webhook_endpoint.id", ondelete="CASCADE"), info=not_personal("id of the endpoint")
    )
    account_id: Mapped[str] = mapped_column(String(20), index=True, info=not_personal("id of the account"))
    webinar_id: Mapped[str] = mapped_column(String(20), default="", index=True, info=not_personal("id of the webinar"))
    event_id: Mapped[str] = mapped_column(String(20), info=not_personal("random id of the event, sent as webhook-id"))
    kind: Mapped[str] = mapped_column(String(40), info=not_personal("name of the event"))
    n: Mapped[int] = mapped_column(info=not_personal("order of the events"))
    person: Mapped[str | None] = mapped_column(
        String(20),
        info=personal("user.unique_id.pseudonymous", subject="participant", purpose=TELL, retention="30 days", export=False),
    )
    ids: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, info=not_personal("ids of things"))
    body: Mapped[bytes | None] = mapped_column(
        LargeBinary,
        info=personal(
            "user",
            subject="participant",
            purpose="tell recipients whom to erase (Art. 19 GDPR); dropped when they acknowledged it",
            basis="legal_obligation",
            retention="until acknowledged, at most 4 days",
            sealed=True,
            export=False,
        ),
    )
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it happened"))
    state: Mapped[str] = mapped_column(String(10), default="waiting", info=not_personal("waiting, held, done, dead or withheld"))
    tries: Mapped[int] = mapped_column(default=0, info=not_personal("number of attempts so far"))
    due_at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("next attempt"))
    leased_until: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("lease of the worker at it"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when it was acknowledged or given up"))
    erasure: Mapped[str] = mapped_column(String(24), default="", index=True, info=not_personal("id of the erasure it tells of"))


class Attempt(Base):
    """One try: when, how long, what was answered."""

    __tablename__ = "webhook_attempt"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the attempt"))
    delivery_id: Mapped[str] = mapped_column(
        ForeignKey("webhook_delivery.id", ondelete="CASCADE"), index=True, info=not_personal("id of the delivery")
    )
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when"))
    status: Mapped[int] = mapped_column(default=0, info=not_personal("status of the answer; 0: none"))
    trouble: Mapped[str] = mapped_column(String(20), default="", info=not_personal("what went wrong, by a short name"))
    millis: Mapped[int] = mapped_column(info=not_personal("how long it took"))
    answer: Mapped[bytes | None] = mapped_column(
        LargeBinary,
        info=personal(
            "user",
            subject="participant",
            purpose="let the organiser see what their receiver answered; a receiver may repeat what it was sent",
            retention="30 days",
            sealed=True,
            export=False,
        ),
    )


class Told(Base):
    """That an endpoint was given something about a person, so that it can be told when they are erased."""

    __tablename__ = "webhook_told"

    endpoint_id: Mapped[str] = mapped_column(
        ForeignKey("webhook_endpoint.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the endpoint")
    )
    webinar_id: Mapped[str] = mapped_column(String(20), primary_key=True, index=True, info=not_personal("id of the webinar"))
    person: Mapped[str] = mapped_column(
        String(20),
        primary_key=True,
        info=personal(
            "user.unique_id.pseudonymous",
            subject="participant",
            purpose="tell recipients of data when it is erased (Art. 19 GDPR)",
            basis="legal_obligation",
        ),
    )
