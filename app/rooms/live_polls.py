"""Socket commands of those who answer polls."""

from __future__ import annotations

from app.core.permissions import Permission
from app.live.commands import Command, Context
from app.privacy.vault import Vault
from app.protocol.commands.polls import Looked, PollLook, PollVote
from app.rooms import polls
from app.rooms.room import Room, open_room


class PollCommands:
    """Handlers of participants' commands about polls."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def commands(self) -> list[Command]:
        """Both of them."""
        return [
            Command(PollVote, Permission.POLLS_VOTE, self.vote),
            Command(PollLook, Permission.POLLS_VOTE, self.look),
        ]

    async def vote(self, context: Context, command: PollVote) -> Looked:
        """Answer, once."""
        room = await self._room(context)
        await polls.vote(room, context.seat, command.poll, command.answers, command.name, command.ref[:40])
        return await self._looked(room, context, command.poll)

    async def look(self, context: Context, command: PollLook) -> Looked:
        """Whether one voted, and results."""
        return await self._looked(await self._room(context), context, command.poll)

    async def _looked(self, room: Room, context: Context, poll_id: str) -> Looked:
        voted, tally = await polls.look(room, context.seat, poll_id)
        return Looked(room.row.seq, voted, tally, polls.again(await polls.one(room, poll_id)))

    async def _room(self, context: Context) -> Room:
        return await open_room(context.unit, self._vault, context.seat.webinar_id)
