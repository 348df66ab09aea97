"""Socket commands of the crew about polls: parse, one verb, answer."""

from __future__ import annotations

from app.core.permissions import Permission
from app.live.commands import Command, Context
from app.moderation import polls
from app.privacy.vault import Vault
from app.protocol.commands import polls as orders
from app.protocol.commands.base import Done
from app.rooms.room import Room, open_room


class PollDesk:
    """Handlers of the crew's commands about polls."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def commands(self) -> list[Command]:
        """All of them; each needs the same permission."""
        needs = Permission.POLLS_MANAGE
        return [
            Command(orders.PollMake, needs, self.make),
            Command(orders.PollChange, needs, self.change),
            Command(orders.PollCopy, needs, self.copy),
            Command(orders.PollOpen, needs, self.open),
            Command(orders.PollClose, needs, self.close),
            Command(orders.PollRemove, needs, self.remove),
            Command(orders.PollArchive, needs, self.archive),
            Command(orders.PollPlace, needs, self.place),
            Command(orders.PollResults, needs, self.results),
        ]

    async def make(self, context: Context, command: orders.PollMake) -> orders.Made:
        """Prepare."""
        made = await polls.make(await self._room(context), context.seat, command)
        return orders.Made(made.seq, made.id)

    async def change(self, context: Context, command: orders.PollChange) -> Done:
        """Change."""
        return Done(await polls.change(await self._room(context), context.seat, command))

    async def copy(self, context: Context, command: orders.PollCopy) -> orders.Made:
        """Copy to correct."""
        made = await polls.copy(await self._room(context), context.seat, command.poll)
        return orders.Made(made.seq, made.id)

    async def open(self, context: Context, command: orders.PollOpen) -> Done:
        """Open."""
        return Done(await polls.open_poll(await self._room(context), context.seat, command.poll, command.seconds))

    async def close(self, context: Context, command: orders.PollClose) -> Done:
        """Close."""
        return Done(await polls.close(await self._room(context), context.seat, command.poll))

    async def remove(self, context: Context, command: orders.PollRemove) -> Done:
        """Remove a draft."""
        return Done(await polls.remove(await self._room(context), context.seat, command.poll))

    async def archive(self, context: Context, command: orders.PollArchive) -> Done:
        """Put away, or bring back."""
        return Done(await polls.archive(await self._room(context), context.seat, command.poll, command.archived))

    async def place(self, context: Context, command: orders.PollPlace) -> Done:
        """Screen or sidebar."""
        return Done(await polls.set_place(await self._room(context), context.seat, command.poll, command.place))

    async def results(self, context: Context, command: orders.PollResults) -> Done:
        """Who sees results."""
        return Done(await polls.set_results(await self._room(context), context.seat, command.poll, command.results))

    async def _room(self, context: Context) -> Room:
        return await open_room(context.unit, self._vault, context.seat.webinar_id)
