"""What webhooks may be given of registrants: name, address and the answers to their webinars' questions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.i18n import words
from app.privacy.vault import KeyDestroyed, SealBroken, Vault
from app.registration.models import Answer, FormField, Registrant
from app.rooms.models import Webinar

OWN = {"name": words("Name"), "email": words("E-mail address")}
ANSWER = "answers."


class RegistrantFields:
    """A source of :class:`app.webhooks.fields.Fields`. Questions about special categories of data (Art. 9 GDPR) are not offered."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def fields(self, session: AsyncSession, account_id: str) -> Mapping[str, str]:
        """Name and address, and every question of the account's forms by its stable name."""
        query = (
            select(FormField.identifier, FormField.labels)
            .join(Webinar, Webinar.id == FormField.webinar_id)
            .where(Webinar.account_id == account_id, FormField.special.is_(False), FormField.kind != "file")
        )
        asked = {
            f"{ANSWER}{row.identifier}": next(iter(row.labels.values()), row.identifier) for row in await session.execute(query)
        }
        return OWN | asked

    async def for_admins(self, session: AsyncSession, account_id: str) -> Collection[str]:
        """Answers that the form of any webinar keeps to admins."""
        query = select(FormField.identifier).join(Webinar, Webinar.id == FormField.webinar_id)
        shut = query.where(Webinar.account_id == account_id, FormField.seen_by == "admins")
        return {f"{ANSWER}{identifier}" for identifier in (await session.execute(shut)).scalars()}

    async def read(self, session: AsyncSession, webinar_id: str, person: str, names: Sequence[str]) -> Mapping[str, str]:
        """As they are now; nothing of whoever is erased or never registered."""
        row = await session.get(Registrant, person)
        if row is None or row.webinar_id != webinar_id:
            return {}
        try:
            box = await self._vault.box(webinar_id, person)
            sealed = {"name": row.name, "email": row.email}
            found = {name: box.open_text(sealed[name], f"registrant.{name}|{person}") for name in names if sealed.get(name)}
            query = select(Answer, FormField.identifier).join(FormField, FormField.id == Answer.field_id)
            for answer, identifier in await session.execute(query.where(Answer.registrant_id == person)):
                if f"{ANSWER}{identifier}" in names and answer.value:
                    found[f"{ANSWER}{identifier}"] = box.open_text(answer.value, f"answer.value|{person},{answer.field_id}")
        except (KeyDestroyed, SealBroken):
            return {}
        return found
