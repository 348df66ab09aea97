"""Socket commands of the room: parse, check permission, call one verb, answer."""

from __future__ import annotations

from app.core.clock import Clock
from app.core.permissions import Permission
from app.live.commands import Command, Context
from app.privacy.vault import Vault
from app.protocol.commands.base import Done
from app.protocol.commands.chat import ChatEdit, ChatPrivate, ChatReact, ChatSay
from app.protocol.commands.room import BroadcastSet, ChatMode, NoticeSet, RoomModes, RoomStep, RoomWords
from app.rooms import broadcast, chat, modes, schedule
from app.rooms.room import Room, open_room
from app.rooms.slow import Slow


class RoomCommands:
    """Handlers of the room's commands."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._slow = Slow(clock)

    def commands(self) -> list[Command]:
        """All commands with what they need."""
        return [
            Command(ChatSay, Permission.CHAT_SAY, self.say),
            Command(ChatEdit, Permission.CHAT_SAY, self.edit),
            Command(ChatPrivate, Permission.CHAT_SAY, self.say_private),
            Command(ChatReact, Permission.REACT, self.react),
            Command(ChatMode, Permission.ROOM_SETTINGS, self.mode),
            Command(RoomModes, Permission.ROOM_SETTINGS, self.modes),
            Command(RoomWords, Permission.ROOM_SETTINGS, self.words),
            Command(RoomStep, Permission.ROOM_SETTINGS, self.step),
            Command(BroadcastSet, Permission.BROADCAST_CONTROL, self.broadcast),
            Command(NoticeSet, Permission.ROOM_SETTINGS, self.notice),
        ]

    async def say(self, context: Context, command: ChatSay) -> Done:
        """Say."""
        room = await self._room(context)
        said = chat.Words(command.text, command.name, command.ref[:40], command.reply_to[:20] if command.reply_to else None)
        return Done(await chat.say(room, context.seat, said, crew=command.crew, slow=self._slow))

    async def say_private(self, context: Context, command: ChatPrivate) -> Done:
        """Say to the crew, or to a participant."""
        room = await self._room(context)
        said = chat.Words(command.text, command.name, command.ref[:40])
        return Done(await chat.say_private(room, context.seat, said, command.to))

    async def react(self, context: Context, command: ChatReact) -> Done:
        """React to a message."""
        room = await self._room(context)
        return Done(await chat.react(room, context.seat, command.message, command.emoji, command.on))

    async def edit(self, context: Context, command: ChatEdit) -> Done:
        """Edit."""
        return Done(await chat.edit(await self._room(context), context.seat, command.message, command.text))

    async def mode(self, context: Context, command: ChatMode) -> Done:
        """Set the chat's mode."""
        room = await self._room(context)
        modes.set_chat(room.row, command.mode)
        return Done(broadcast.announce(room))

    async def modes(self, context: Context, command: RoomModes) -> Done:
        """Set how people may take part."""
        room = await self._room(context)
        skipped = ("id", "ref", "phase")
        given = {name: value for name in command.__struct_fields__ if (value := getattr(command, name)) is not None}
        modes.change(room.row, command.phase, {name: value for name, value in given.items() if name not in skipped})
        return Done(broadcast.announce(room))

    async def words(self, context: Context, command: RoomWords) -> Done:
        """Set the words that hold."""
        room = await self._room(context)
        modes.set_words(room.row, command.words)
        return Done(broadcast.announce(room))

    async def step(self, context: Context, command: RoomStep) -> Done:
        """In step with the picture, or at once."""
        room = await self._room(context)
        room.row.in_step = command.on
        return Done(broadcast.announce(room))

    async def broadcast(self, context: Context, command: BroadcastSet) -> Done:
        """Go live, pause, end."""
        room = await self._room(context)
        broadcast.move(room, command.to)
        await schedule.look_again(room)
        return Done(room.row.seq)

    async def notice(self, context: Context, command: NoticeSet) -> Done:
        """Set a state's text."""
        room = await self._room(context)
        broadcast.set_text(room, command.state, command.text)
        return Done(broadcast.announce(room))

    async def _room(self, context: Context) -> Room:
        return await open_room(context.unit, self._vault, context.seat.webinar_id)
