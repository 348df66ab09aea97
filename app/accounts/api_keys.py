"""API keys: scoped, expiring, shown once, kept as a hash."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models_keys import ApiKey
from app.accounts.staff import Current, hashed
from app.core.api import Caller
from app.core.errors import Problem, invalid, not_found
from app.core.i18n import words
from app.core.ids import new_id, new_secret
from app.core.permissions import Permission
from app.core.unit import Unit, Work

PREFIX = "lk_"
DAYS = (7, 30, 90, 365)
KEYS_MAX = 50
SCOPES = {
    Permission.WEBINAR_SEE: words("See webinars"),
    Permission.WEBINAR_EDIT: words("Make and change webinars"),
    Permission.WEBINAR_ERASE: words("Erase webinars"),
    Permission.REGISTRANTS_SEE: words("See registrants and their answers"),
    Permission.REGISTRANTS_MANAGE: words("Register people, approve, deny, cancel"),
    Permission.REGISTRANTS_EXPORT: words("Make exports"),
    Permission.PARTICIPANTS_ERASE: words("Erase participants"),
    Permission.CONSENT_MANAGE: words("See and record consents, answer requests"),
    Permission.QUESTIONS_MODERATE: words("See and answer questions"),
    Permission.POLLS_MANAGE: words("Make, open and close polls, and see their results"),
    Permission.CHAT_MODERATE: words("Moderate the chat"),
    Permission.PEOPLE_MODERATE: words("Mute and ban people, invite them on stage"),
    Permission.ROOM_SETTINGS: words("Set how people take part, texts, notices and handouts of a room"),
    Permission.BROADCAST_CONTROL: words("Go live, pause and end"),
    Permission.STAGE_CONTROL: words("Direct the stage, record"),
    Permission.STATISTICS_SEE: words("See statistics"),
    Permission.WEBHOOKS_MANAGE: words("Manage webhooks"),
    Permission.TEAM_MANAGE: words("Invite colleagues and change their roles"),
    Permission.REGISTER_SEE: words("See the data register"),
    Permission.AUDIT_SEE: words("See the audit log"),
    Permission.ACCOUNT_ERASE: words("Take everything of the account along as a file"),
    Permission.ACCOUNT_MANAGE: words("Manage the account, and see answers that only admins may see"),
}
"""What a key can be given, in the order of the page."""


async def make(unit: Unit, who: Current, *, name: str, scopes: Collection[str], days: int) -> tuple[ApiKey, str]:
    """A key and its secret, which is not kept. Nobody gives a key more than they may do themselves."""
    wrong: dict[str, str] = {}
    name = " ".join(name.split())
    if not 1 <= len(name) <= 80 or not name.isprintable():
        wrong["name"] = "Say which program uses it, in at most 80 characters."
    if not scopes or any(scope not in SCOPES or scope not in who.permissions for scope in scopes):
        wrong["scopes"] = "Choose what the key may do."
    if days not in DAYS:
        wrong["days"] = "Choose how long it is valid."
    if wrong:
        raise invalid(wrong)
    if len(await of_account(unit.session, who.account_id)) >= KEYS_MAX:
        raise Problem("keys.many", "There are {max} keys. Withdraw one first.", status=409, params={"max": KEYS_MAX})
    secret = PREFIX + new_secret()
    row = ApiKey(
        id=new_id(),
        account_id=who.account_id,
        name=name,
        hash=hashed(secret),
        hint=secret[:8],
        scopes=[scope for scope in SCOPES if scope in scopes],
        made_by=who.staff_id,
        made_at=unit.now,
        expires_at=unit.now + timedelta(days=days),
    )
    unit.session.add(row)
    return row, secret


async def of_account(session: AsyncSession, account_id: str) -> list[ApiKey]:
    """All keys, newest first."""
    query = select(ApiKey).where(ApiKey.account_id == account_id).order_by(ApiKey.made_at.desc(), ApiKey.id)
    return list((await session.execute(query)).scalars())


async def withdraw(unit: Unit, account_id: str, key_id: str) -> None:
    """End a key at once. Raises 404."""
    mine = (ApiKey.id == key_id, ApiKey.account_id == account_id)
    gone = await unit.session.execute(delete(ApiKey).where(*mine).returning(ApiKey.id))
    if gone.first() is None:
        raise not_found()


class ApiKeys:
    """Implements :class:`app.core.api.Keys`."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def caller(self, secret: str) -> Caller | None:
        """Whose key it is. Of its use only the day is kept."""
        if not secret.startswith(PREFIX) or len(secret) > 80:
            return None
        now = self._work.clock.now()
        async with self._work.read() as session:
            row = (await session.execute(select(ApiKey).where(ApiKey.hash == hashed(secret)))).scalar_one_or_none()
        if row is None or row.expires_at <= now:
            return None
        if row.used_on != now.date():
            async with self._work.unit() as unit:
                await unit.session.execute(update(ApiKey).where(ApiKey.id == row.id).values(used_on=now.date()))
        return Caller(row.id, row.account_id, row.name, frozenset(Permission(scope) for scope in row.scopes), row.expires_at)
