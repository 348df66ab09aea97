"""Whose webinar it is, asked of the table itself: consent stands below the rooms and knows only ids."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Base
from app.core.outbox import happened
from app.core.unit import Unit
from app.privacy.scope import Owners, Target


async def account_of(session: AsyncSession, webinar_id: str) -> str:
    """Id of the account of a webinar; empty when it is gone."""
    table = Base.metadata.tables["webinar"]
    return (await session.execute(select(table.c.account_id).where(table.c.id == webinar_id))).scalar_one_or_none() or ""


async def webinars_of(session: AsyncSession, account_id: str) -> list[str]:
    """Ids of the webinars of an account."""
    table = Base.metadata.tables["webinar"]
    return list((await session.execute(select(table.c.id).where(table.c.account_id == account_id))).scalars())


async def known(session: AsyncSession, webinar_id: str, person: str) -> bool:
    """Whether anything at all is kept about a person in a webinar, so that nothing is written about somebody made up."""
    owners = Owners(Base.metadata)
    target = Target("participant", "", webinar_id, (person,))
    for table in owners.tables():
        condition = owners.rows(table, target)
        if condition is not None and (await session.execute(select(table).where(condition).limit(1))).first() is not None:
            return True
    return False


async def tell(unit: Unit, kind: str, webinar_id: str, person: str, **ids: str) -> None:
    """Tell webhooks what happened to a person's data."""
    if account_id := await account_of(unit.session, webinar_id):
        happened(unit, kind, account_id=account_id, webinar_id=webinar_id, person=person, **ids)
