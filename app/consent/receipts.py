"""Consent receipts: what a participant agreed to, as a file they keep, signed with the key of the erasure certificates.

The shape follows ISO/IEC TS 27560:2023 (record header, processing, parties, events) in the terms of the W3C Data Privacy
Vocabulary. Whoever holds the file can prove it without this server: ``python -m app verify`` or any Ed25519 library.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.consent import notices, records
from app.consent.items import AGE, RECORDING
from app.consent.models import ConsentEvent, ConsentText, NoticeVersion
from app.core.ids import new_id
from app.privacy.certificate import Signer

SCHEMA = "ISO/IEC TS 27560:2023"
FORMAT = "lectern.consent-receipt/1"
RIGHTS = ("access", "rectification", "erasure", "restriction", "portability", "objection", "withdrawal", "complaint")


class NoticeReference(msgspec.Struct, frozen=True, kw_only=True):
    """The notice in force when somebody decided."""

    version: int
    language: str
    sha256: str


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """One purpose with the exact words that were agreed to."""

    purpose: str
    purpose_description: str
    text_sha256: str
    lawful_basis: str = "consent"
    privacy_notice: NoticeReference | None = None
    language: str


class Processing(msgspec.Struct, frozen=True, kw_only=True):
    """What the consents are about."""

    purposes: list[Purpose]
    retention: str
    withdrawal_method: str
    privacy_rights: list[str]


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A party of the processing."""

    party_id: str
    party_type: str
    name: str
    contact: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One decision."""

    event_id: str
    event_time: datetime
    event_type: str
    event_state: str
    purpose: str
    text_sha256: str
    collection_method: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The whole receipt."""

    format: str = FORMAT
    schema_version: str = SCHEMA
    context: str = "https://w3id.org/dpv"
    receipt_id: str
    issued_at: datetime
    pii_principal_id: str
    webinar: str
    webinar_title: str
    pii_processing: Processing
    party_identification: list[Party]
    events: list[Event]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the receipt says of the webinar and its organiser."""

    webinar_id: str
    title: str
    account_id: str
    account_name: str
    retention_days: int
    my_data: str


async def receipt(session: AsyncSession, signer: Signer, about: About, person: str, lang: str, now: datetime) -> str:
    """The signed receipt of all decisions of a person, as JSON text."""
    events = await records.history(session, about.webinar_id, person)
    notice = await notices.published(session, about.webinar_id, lang)
    content = Receipt(
        receipt_id=new_id(),
        issued_at=now,
        pii_principal_id=person,
        webinar=about.webinar_id,
        webinar_title=about.title,
        pii_processing=Processing(
            purposes=[await _purpose(session, about.webinar_id, event) for event in _newest(events)],
            retention=f"{about.retention_days} days after the webinar",
            withdrawal_method=about.my_data,
            privacy_rights=list(RIGHTS),
        ),
        party_identification=[
            Party(
                party_id=about.account_id,
                party_type="pii_controller",
                name=about.account_name,
                contact=notice.controller if notice else "",
            )
        ],
        events=[_event(event) for event in events],
    )
    return signer.sign(content)


def _newest(events: list[ConsentEvent]) -> list[ConsentEvent]:
    return list({event.item_id: event for event in events}.values())


async def _purpose(session: AsyncSession, webinar_id: str, event: ConsentEvent) -> Purpose:
    return Purpose(
        purpose=event.purpose,
        purpose_description=await _words(session, event),
        text_sha256=event.text_hash,
        privacy_notice=await _notice(session, webinar_id, event),
        language=event.lang,
    )


async def _words(session: AsyncSession, event: ConsentEvent) -> str:
    # The two questions of the set-up are kept under the webinar itself.
    owner = event.webinar_id if event.item_id in (AGE, RECORDING) else event.item_id
    query = select(ConsentText.text).where(ConsentText.item_id == owner, ConsentText.hash == event.text_hash)
    return (await session.execute(query)).scalar_one_or_none() or ""


async def _notice(session: AsyncSession, webinar_id: str, event: ConsentEvent) -> NoticeReference | None:
    query = select(NoticeVersion).where(NoticeVersion.webinar_id == webinar_id, NoticeVersion.hash == event.notice_hash)
    row = (await session.execute(query.limit(1))).scalar_one_or_none()
    return NoticeReference(version=row.n, language=row.lang, sha256=row.hash) if row else None


def _event(event: ConsentEvent) -> Event:
    return Event(
        event_id=event.id,
        event_time=event.at,
        event_type="explicit",
        event_state=event.state,
        purpose=event.purpose,
        text_sha256=event.text_hash,
        collection_method=event.method,
    )
