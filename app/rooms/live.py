"""Socket commands of the room: parse, check permission, call one verb, answer."""

from __future__ import annotations

import msgspec

from app.core.permissions import Permission
from app.live.commands import Command, Context
from app.privacy.vault import Vault
from app.rooms import broadcast, chat
from app.rooms.room import Room, open_room


class Said(msgspec.Struct, frozen=True):
    """Answer to anything that changed the room: the number of the change."""

    seq: int


class ChatSay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="chat.say"):
    """Say something in the public chat, or in the crew's."""

    id: int
    ref: str
    text: str
    name: str = ""
    reply_to: str | None = None
    crew: bool = False


class ChatEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="chat.edit"):
    """Change one's own message."""

    id: int
    message: str
    text: str
    ref: str = ""


class ChatRemove(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="chat.remove"):
    """Remove a message for good."""

    id: int
    message: str
    ref: str = ""


class ChatHide(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="chat.hide"):
    """Hide a message, or show it again."""

    id: int
    message: str
    hidden: bool
    ref: str = ""


class ChatMode(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="chat.mode"):
    """Set the chat to off, unstored or stored."""

    id: int
    mode: str
    ref: str = ""


class BroadcastSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="broadcast.set"):
    """Move the broadcast to another state."""

    id: int
    to: str
    ref: str = ""


class NoticeSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="notice.set"):
    """Set the text shown in one state of the broadcast."""

    id: int
    state: str
    text: str
    ref: str = ""


class RoomCommands:
    """Handlers of the room's commands."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def commands(self) -> list[Command]:
        """All commands with what they need."""
        return [
            Command(ChatSay, Permission.CHAT_SAY, self.say),
            Command(ChatEdit, Permission.CHAT_SAY, self.edit),
            Command(ChatRemove, Permission.CHAT_SAY, self.remove),
            Command(ChatHide, Permission.CHAT_MODERATE, self.hide),
            Command(ChatMode, Permission.ROOM_SETTINGS, self.mode),
            Command(BroadcastSet, Permission.BROADCAST_CONTROL, self.broadcast),
            Command(NoticeSet, Permission.ROOM_SETTINGS, self.notice),
        ]

    async def say(self, context: Context, command: ChatSay) -> Said:
        """Say."""
        room = await self._room(context)
        seq = await chat.say(
            room,
            context.seat,
            text=command.text,
            name=command.name,
            ref=command.ref[:40],
            reply_to=command.reply_to[:20] if command.reply_to else None,
            crew=command.crew,
        )
        return Said(seq)

    async def edit(self, context: Context, command: ChatEdit) -> Said:
        """Edit."""
        return Said(await chat.edit(await self._room(context), context.seat, command.message, command.text))

    async def remove(self, context: Context, command: ChatRemove) -> Said:
        """Remove."""
        return Said(await chat.remove(await self._room(context), context.seat, command.message))

    async def hide(self, context: Context, command: ChatHide) -> Said:
        """Hide or show."""
        return Said(await chat.hide(await self._room(context), command.message, command.hidden))

    async def mode(self, context: Context, command: ChatMode) -> Said:
        """Set the chat's mode."""
        room = await self._room(context)
        chat.set_mode(room, command.mode)
        return Said(broadcast.announce(room))

    async def broadcast(self, context: Context, command: BroadcastSet) -> Said:
        """Go live, pause, end."""
        room = await self._room(context)
        broadcast.move(room, command.to)
        return Said(room.row.seq)

    async def notice(self, context: Context, command: NoticeSet) -> Said:
        """Set a state's text."""
        room = await self._room(context)
        broadcast.set_text(room, command.state, command.text)
        return Said(broadcast.announce(room))

    async def _room(self, context: Context) -> Room:
        return await open_room(context.unit, self._vault, context.seat.webinar_id)
