"""Socket commands of moderators about messages, people and decisions: parse, one verb, answer."""

from __future__ import annotations

from app.core.permissions import Permission
from app.live.commands import Command, Context
from app.moderation import chat, people
from app.moderation.people import Whom
from app.moderation.undo import undo
from app.privacy.vault import Vault
from app.protocol.commands import people as orders
from app.protocol.commands.base import Done
from app.protocol.commands.chat import ChatHide, ChatPin, ChatRefuse, ChatRelease, ChatRemove
from app.rooms.room import Room, open_room


class ChatDesk:
    """Handlers of moderators' commands about messages and people."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def commands(self) -> list[Command]:
        """All of them with what they need. Removing is for authors too."""
        return [
            Command(ChatRemove, Permission.CHAT_SAY, self.remove),
            Command(ChatHide, Permission.CHAT_MODERATE, self.hide),
            Command(ChatPin, Permission.CHAT_MODERATE, self.pin),
            Command(ChatRelease, Permission.CHAT_MODERATE, self.release),
            Command(ChatRefuse, Permission.CHAT_MODERATE, self.refuse),
            Command(orders.PersonMute, Permission.PEOPLE_MODERATE, self.mute),
            Command(orders.PersonUnmute, Permission.PEOPLE_MODERATE, self.unmute),
            Command(orders.PersonBan, Permission.PEOPLE_MODERATE, self.ban),
            Command(orders.PersonUnban, Permission.PEOPLE_MODERATE, self.unban),
            Command(orders.DecisionUndo, Permission.CHAT_MODERATE, self.undo),
        ]

    async def remove(self, context: Context, command: ChatRemove) -> Done:
        """Remove for good."""
        return Done(await chat.remove(await self._room(context), context.seat, command.message, command.reason))

    async def hide(self, context: Context, command: ChatHide) -> Done:
        """Hide or show."""
        room = await self._room(context)
        return Done(await chat.hide(room, context.seat, command.message, command.hidden, command.reason))

    async def pin(self, context: Context, command: ChatPin) -> Done:
        """Pin, or not any more."""
        return Done(await chat.pin(await self._room(context), context.seat, command.message, command.pinned))

    async def release(self, context: Context, command: ChatRelease) -> Done:
        """Show what waits."""
        return Done(await chat.release(await self._room(context), context.seat, command.message))

    async def refuse(self, context: Context, command: ChatRefuse) -> Done:
        """Never show it."""
        return Done(await chat.refuse(await self._room(context), context.seat, command.message, command.reason))

    async def mute(self, context: Context, command: orders.PersonMute) -> Done:
        """Mute."""
        room = await self._room(context)
        return Done(await people.mute(room, context.seat, _whom(command), command.seconds, command.reason))

    async def unmute(self, context: Context, command: orders.PersonUnmute) -> Done:
        """Not any more."""
        return Done(await people.lift(await self._room(context), context.seat, command.restriction, banned=False))

    async def ban(self, context: Context, command: orders.PersonBan) -> Done:
        """Send out."""
        room = await self._room(context)
        return Done(await people.ban(room, context.seat, _whom(command), command.reason, command.remove))

    async def unban(self, context: Context, command: orders.PersonUnban) -> Done:
        """May come back."""
        return Done(await people.lift(await self._room(context), context.seat, command.restriction, banned=True))

    async def undo(self, context: Context, command: orders.DecisionUndo) -> Done:
        """Take back."""
        return Done(await undo(await self._room(context), context.seat, command.decision))

    async def _room(self, context: Context) -> Room:
        return await open_room(context.unit, self._vault, context.seat.webinar_id)


def _whom(command: orders.Whom) -> Whom:
    return Whom(command.person, command.message, command.question)
