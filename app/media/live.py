"""Socket commands of the stage: parse, check permission, call one verb, answer."""

from __future__ import annotations

from app.core.clock import millis
from app.core.errors import Problem
from app.core.i18n import translate, words
from app.core.ice import IceServers
from app.core.ids import new_id
from app.core.permissions import Permission
from app.core.tokens import Tokens
from app.live.commands import Command, Context
from app.media import clips, presenters, recordings, scheduled
from app.privacy.vault import Vault
from app.protocol.commands.base import Done
from app.protocol.commands.recording import RecordingSet
from app.protocol.commands.stage import (
    EncoderMade,
    GuestWay,
    ScreenWay,
    StageEncoder,
    StageEnter,
    StageJoin,
    StageLayout,
    StageLeave,
    StageMove,
    StageMute,
    StagePlay,
    StageRemove,
    StageScreen,
    StageShow,
    StageSound,
    StageVideo,
    StageVideos,
    Videos,
)
from app.rooms import broadcast, hands
from app.rooms.room import Room, open_room
from app.rooms.seats import StageToken, encoder_token


class StageCommands:
    """Handlers of the stage's commands."""

    def __init__(self, vault: Vault, tokens: Tokens, origin: str, ice: IceServers) -> None:
        self._vault = vault
        self._tokens = tokens
        self._origin = origin
        self._ice = ice

    def commands(self) -> list[Command]:
        """All commands with what they need."""
        return [
            Command(StageEnter, Permission.STAGE_PUBLISH, self.enter),
            Command(StageScreen, Permission.STAGE_PUBLISH, self.screen),
            Command(StageMove, Permission.STAGE_PUBLISH, self.move),
            Command(StageMute, Permission.STAGE_CONTROL, self.mute),
            Command(StageSound, Permission.CHAT_READ, self.sound),
            Command(StageShow, Permission.STAGE_CONTROL, self.show),
            Command(StageLayout, Permission.STAGE_CONTROL, self.layout),
            Command(StageVideos, Permission.STAGE_CONTROL, self.videos),
            Command(StagePlay, Permission.STAGE_CONTROL, self.play),
            Command(StageJoin, Permission.HAND_RAISE, self.join),
            Command(StageLeave, Permission.HAND_RAISE, self.leave),
            Command(StageRemove, Permission.STAGE_CONTROL, self.remove),
            Command(RecordingSet, Permission.STAGE_CONTROL, self.record),
            Command(StageEncoder, Permission.STAGE_CONTROL, self.encoder),
        ]

    async def enter(self, context: Context, command: StageEnter) -> Done:
        """Take one's place."""
        room = await self._room(context)
        await presenters.enter(room, context.seat.person, context.seat.name or "")
        return Done(room.row.seq)

    async def screen(self, context: Context, command: StageScreen) -> ScreenWay:
        """A second sender for somebody's screen; it ends with their own session."""
        room = await self._room(context)
        seat = context.seat
        if not command.on:
            return ScreenWay(await presenters.unshare(room, seat.person), "")
        name = translate(seat.lang, words("Screen of {name}"), {"name": seat.name or translate(seat.lang, words("Presenter"))})
        row = await presenters.share(room, seat.person, name)
        token = self._tokens.sign("stage", StageToken(room.row.id, row.person, name, seat.session or ""))
        return ScreenWay(room.row.seq, token)

    async def move(self, context: Context, command: StageMove) -> Done:
        """On stage or backstage."""
        room = await self._room(context)
        return Done(await presenters.move(room, context.seat, command.presenter, on_stage=command.on_stage))

    async def mute(self, context: Context, command: StageMute) -> Done:
        """Close a microphone."""
        return Done(await presenters.mute(await self._room(context), command.presenter))

    async def sound(self, context: Context, command: StageSound) -> Done:
        """Open one's own microphone."""
        return Done(await presenters.open_own(await self._room(context), context.seat.person))

    async def show(self, context: Context, command: StageShow) -> Done:
        """Choose who is seen."""
        return Done(await presenters.show(await self._room(context), command.presenter))

    async def layout(self, context: Context, command: StageLayout) -> Done:
        """Choose how many are seen, and how."""
        return Done(await presenters.lay_out(await self._room(context), command.layout))

    async def videos(self, context: Context, command: StageVideos) -> Videos:
        """What can be played."""
        room = await self._room(context)
        found = await clips.ready(context.unit.session, room.row.id)
        return Videos(room.row.seq, [StageVideo(one.id, one.title, millis(one.made_at), scheduled.length(one)) for one in found])

    async def play(self, context: Context, command: StagePlay) -> Done:
        """Play a video, or end it."""
        return Done(await clips.play(await self._room(context), command.video))

    async def remove(self, context: Context, command: StageRemove) -> Done:
        """Take somebody off."""
        return Done(await presenters.remove(await self._room(context), command.presenter))

    async def record(self, context: Context, command: RecordingSet) -> Done:
        """Record, or stop; everybody sees it."""
        room = await self._room(context)
        if room.row.recording != command.on:
            recordings.switch(room, on=command.on)
            broadcast.announce(room)
        return Done(room.row.seq)

    async def join(self, context: Context, command: StageJoin) -> GuestWay:
        """From the audience to backstage."""
        room = await self._room(context)
        row, name = await presenters.join(room, context.seat)
        token = self._tokens.sign("stage", StageToken(room.row.id, row.person, name))
        return GuestWay(room.row.seq, f"/whip/{room.row.id}", f"/whep/{room.row.id}", token, self._ice.grant())

    async def leave(self, context: Context, command: StageLeave) -> Done:
        """Back to the audience."""
        room = await self._room(context)
        await presenters.leave(room, context.seat.person)
        return Done(await hands.lower(room, context.seat))

    async def encoder(self, context: Context, command: StageEncoder) -> EncoderMade:
        """A way in for OBS."""
        name = " ".join(command.name.split())[:60]
        if not name:
            raise Problem("name.needed", "Give it a name, such as OBS in the hall.")
        room = await self._room(context)
        row = await presenters.enter(room, new_id(), name, "encoder")
        address = f"{self._origin}/whip/{room.row.id}"
        main, backup = (encoder_token(self._tokens, room.row.id, row.person, name, backup=spare) for spare in (False, True))
        return EncoderMade(room.row.seq, address, main, backup)

    async def _room(self, context: Context) -> Room:
        return await open_room(context.unit, self._vault, context.seat.webinar_id)
