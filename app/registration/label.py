"""The privacy label of a webinar with registration, drawn from its form; and what the form declares to the data register."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.i18n import translate, words
from app.privacy.map import Entry
from app.privacy.retention import erase_at
from app.registration.form import Field, Plan, field_of
from app.registration.models import FormField
from app.rooms.label import WITH_WEBINAR, privacy_label
from app.rooms.models import Webinar

BASES = {
    "consent": words("because you agree"),
    "contract": words("to give you what you signed up for"),
    "legal_obligation": words("because the law asks for it"),
    "vital_interests": words("to protect somebody’s life"),
    "public_task": words("for a task in the public interest"),
    "legitimate_interests": words("for a legitimate interest, which you may object to"),
    "organiser_declares": words("as the organiser states"),
}
CATEGORIES = {
    "phone": "user.contact.phone_number",
    "email": "user.contact.email",
    "url": "user.contact.url",
    "country": "user.contact.address.country",
}


def label(webinar: Webinar, plan: Plan, lang: str) -> dict[str, Any]:
    """The label's rows: name and address, each question, then what the room stores."""
    room = privacy_label(webinar)
    stored = _own_rows(plan, lang)
    stored += [_row_of(field, lang) for field in plan.fields]
    seen = (
        words("The organiser’s team; what you write in the room: everyone in it")
        if room["stored"]
        else words("The organiser’s team")
    )
    day = erase_at(webinar.ends_at, webinar.retention_days)
    return {
        **room,
        "stored": [*stored, *room["stored"]],
        "seen_by": translate(lang, seen) if stored else room["seen_by"],
        "erased_on": day if stored else room["erased_on"],
    }


async def declared(session: AsyncSession, account_id: str, webinar_id: str | None = None) -> list[Entry]:
    """Entries of the data register for the questions of an account's forms, or of one webinar's."""
    query = select(FormField, Webinar.title).join(Webinar, Webinar.id == FormField.webinar_id)
    query = query.where(Webinar.account_id == account_id).order_by(Webinar.starts_at, FormField.position)
    if webinar_id:
        query = query.where(Webinar.id == webinar_id)
    return [_entry(field_of(row), title) for row, title in (await session.execute(query)).all()]


def _own_rows(plan: Plan, lang: str) -> list[dict[str, str]]:
    rows = []
    if plan.policy.ask_name != "off":
        rows.append({"what": translate(lang, words("Your name")), "why": translate(lang, words("to know who takes part"))})
    if plan.policy.ask_email != "off":
        why = translate(lang, words("to send your link and reminders"))
        rows.append({"what": translate(lang, words("Your e-mail address")), "why": why})
    if plan.policy.on and not rows:
        why = translate(lang, words("to keep one place for you"))
        rows.append({"what": translate(lang, words("That somebody registered")), "why": why})
    if plan.policy.attendance:
        why = translate(lang, words("to know who attended"))
        rows.append({"what": translate(lang, words("Whether you came")), "why": why})
    return [{**row, "how_long": translate(lang, WITH_WEBINAR)} for row in rows]


def _row_of(field: Field, lang: str) -> dict[str, str]:
    how_long = translate(lang, WITH_WEBINAR)
    if field.retention_days is not None:
        how_long = translate(lang, words("{days} days after the webinar"), {"days": field.retention_days})
    return {"what": field.label(lang), "why": f"{field.purpose} ({translate(lang, BASES[field.basis])})", "how_long": how_long}


def _entry(field: Field, title: str) -> Entry:
    return Entry(
        place=f"form: {title}",
        field=field.identifier,
        kind="form",
        category=CATEGORIES.get(field.kind, "user.content.private"),
        subject="participant",
        purpose=f"{field.purpose} (special category, Art. 9)" if field.special else field.purpose,
        basis=field.basis,
        retention=f"{field.retention_days} days after the webinar" if field.retention_days is not None else "webinar",
        sealed=True,
        erased="its key is destroyed",
        export=True,
    )
