"""Asking for an erasure: the verbs that pages, API, my-data and the end of a plan call. Each writes the account's audit log."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.core.unit import Unit
from app.privacy.audit import Act, note
from app.privacy.erase.pipeline import Pipeline
from app.privacy.scope import Kind, Target

PARTICIPANT = "participant"


class By(msgspec.Struct, frozen=True):
    """Who asks."""

    account_id: str
    actor: str
    """Id of the staff member; for a participant's own wish anything, it is not kept."""
    role: str


async def erase_persons(unit: Unit, pipeline: Pipeline, by: By, webinar_id: str, persons: Sequence[str]) -> str:
    """Erase participants of a webinar, by their ids. Their sockets close with this commit; returns the erasure's id."""
    kind: Kind = "participant" if len(persons) == 1 else "selection"
    return await _ask(unit, pipeline, by, Target(kind, by.account_id, webinar_id, tuple(persons)))


async def erase_all_persons(unit: Unit, pipeline: Pipeline, by: By, webinar_id: str) -> str:
    """Erase everything of participants; the webinar stays."""
    return await _ask(unit, pipeline, by, Target("participants", by.account_id, webinar_id))


async def erase_webinar(unit: Unit, pipeline: Pipeline, by: By, webinar_id: str) -> str:
    """Erase a webinar whole."""
    return await _ask(unit, pipeline, by, Target("webinar", by.account_id, webinar_id))


async def erase_account(unit: Unit, pipeline: Pipeline, by: By) -> str:
    """Erase an account whole."""
    return await _ask(unit, pipeline, by, Target("account", by.account_id))


async def _ask(unit: Unit, pipeline: Pipeline, by: By, target: Target) -> str:
    erasure_id = await pipeline.ask(unit, target, by.role)
    act = Act(
        account_id=by.account_id,
        # A participant's id in the log would outlive the erasure it asks for.
        actor="" if by.role == PARTICIPANT else by.actor,
        role=by.role,
        action=f"erase.{target.kind}",
        object_kind="webinar" if target.webinar_id else "account",
        object_id=target.webinar_id or target.account_id,
    )
    await note(unit, act)
    return erasure_id
