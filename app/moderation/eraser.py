"""Moderation's part of an erasure: why something was done to somebody, and that they were muted or banned."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.unit import Unit, Work
from app.moderation import people
from app.privacy.scope import Target
from app.privacy.vault import Vault
from app.rooms.room import open_room


class ModerationEraser:
    """Implements :class:`app.privacy.erase.eraser.Eraser`."""

    name = "moderation"

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def ask(self, unit: Unit, target: Target) -> None:
        """The rooms close the sockets."""

    async def begin(self, work: Work, target: Target) -> None:
        """The rooms shut the door."""

    async def erase(self, work: Work, target: Target) -> Mapping[str, int]:
        """Single persons; whole webinars go by their rows."""
        if target.kind not in ("participant", "selection"):
            return {}
        async with work.unit() as unit:
            await people.forget_persons(await open_room(unit, self._vault, target.webinar_id), target.persons)
        return {}
