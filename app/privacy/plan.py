"""The end of a plan (Art. 28(3)(g) GDPR): on its day everything of an account is erased by the same pipeline, told before.

The controller chooses: everything is returned and then erased, or only erased. To return is to hand over a file with all of it until
the day; nothing is kept after. Nothing goes that was not told at least :data:`NOTICE` before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from app.core.errors import invalid
from app.core.unit import Unit, Work
from app.privacy.audit import Act, note
from app.privacy.erase.ask import By, erase_account
from app.privacy.erase.pipeline import Pipeline
from app.privacy.models import AccountEnd, Erasure

ENDS = "privacy.plan_ends"
NOTICE = timedelta(days=14)
CHOICES = ("return", "erase")

Tell = Callable[[Unit, AccountEnd], Awaitable[None]]
"""Enqueues the mail that says when an account ends."""


async def set_end(unit: Unit, by: By, ends_at: datetime, choice: str) -> AccountEnd:
    """End the account's plan at ``ends_at``, at the earliest a notice's time from now; again to change it."""
    if choice not in CHOICES:
        raise invalid({"choice": "Choose what happens with your data."})
    if ends_at < unit.now + NOTICE:
        raise invalid({"ends": "Choose a day at least two weeks from now: everybody concerned is told before."})
    row = await unit.session.get(AccountEnd, by.account_id)
    if row is None:
        row = AccountEnd(account_id=by.account_id, ends_at=ends_at, choice=choice)
        unit.session.add(row)
    elif row.ends_at != ends_at:
        # Another day is told anew.
        row.told_at = None
    row.ends_at, row.choice = ends_at, choice
    await _note(unit, by, "plan.end", ("ends_at", "choice"))
    return row


async def keep(unit: Unit, by: By) -> None:
    """Take the end back, as long as the erasure has not begun."""
    row = await unit.session.get(AccountEnd, by.account_id)
    if row is not None:
        await unit.session.delete(row)
        await _note(unit, by, "plan.keep", ())


class PlanEnds:
    """Looks for accounts whose plan ends; ``sweep`` runs every hour."""

    def __init__(self, work: Work, pipeline: Pipeline, tell: Tell) -> None:
        self._work = work
        self._pipeline = pipeline
        self._tell = tell

    async def sweep(self) -> int:
        """Tell who was not told, erase what is due; returns the number of erasures asked for."""
        async with self._work.read() as session:
            ids = (await session.execute(select(AccountEnd.account_id))).scalars().all()
        return sum([await self._look(account_id) for account_id in ids])

    async def _look(self, account_id: str) -> bool:
        async with self._work.unit() as unit:
            row = await unit.session.get(AccountEnd, account_id, with_for_update=True)
            if row is None:
                return False
            if row.told_at is None:
                row.told_at = unit.now
                await self._tell(unit, row)
            if unit.now < max(row.ends_at, row.told_at + NOTICE):
                return False
            waiting = select(Erasure.id).where(
                Erasure.of_account == account_id, Erasure.kind == "account", Erasure.state == "waiting"
            )
            if (await unit.session.execute(waiting.limit(1))).first() is not None:
                return False
            await erase_account(unit, self._pipeline, By(account_id, "", "plan"))
            return True


async def _note(unit: Unit, by: By, action: str, fields: tuple[str, ...]) -> None:
    act = Act(
        account_id=by.account_id,
        actor=by.actor,
        role=by.role,
        action=action,
        object_kind="account",
        object_id=by.account_id,
        fields=fields,
    )
    await note(unit, act)
