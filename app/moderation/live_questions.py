"""Socket commands of moderators about questions: parse, one verb, answer."""

from __future__ import annotations

from app.core.permissions import Permission
from app.live.commands import Command, Context
from app.moderation import questions
from app.privacy.vault import Vault
from app.protocol.commands import questions as orders
from app.protocol.commands.base import Done
from app.rooms.room import Room, open_room


class QuestionDesk:
    """Handlers of moderators' commands about questions."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def commands(self) -> list[Command]:
        """All of them; each needs the same permission."""
        needs = Permission.QUESTIONS_MODERATE
        return [
            Command(orders.QuestionApprove, needs, self.approve),
            Command(orders.QuestionReject, needs, self.reject),
            Command(orders.QuestionHide, needs, self.hide),
            Command(orders.QuestionReopen, needs, self.reopen),
            Command(orders.QuestionRewrite, needs, self.rewrite),
            Command(orders.QuestionClaim, needs, self.claim),
            Command(orders.QuestionRelease, needs, self.release),
            Command(orders.QuestionTake, needs, self.take),
            Command(orders.QuestionAnswer, needs, self.answer),
            Command(orders.QuestionFollowUp, needs, self.follow_up),
            Command(orders.QuestionStar, needs, self.star),
            Command(orders.QuestionLabel, needs, self.label),
            Command(orders.QuestionMove, needs, self.move),
            Command(orders.QuestionMerge, needs, self.merge),
            Command(orders.QuestionUnmerge, needs, self.unmerge),
            Command(orders.QuestionArchive, needs, self.archive),
            Command(orders.QuestionShow, needs, self.show),
            Command(orders.QuestionNext, needs, self.next),
            Command(orders.QuestionFromMessage, needs, self.from_message),
        ]

    async def approve(self, context: Context, command: orders.QuestionApprove) -> Done:
        """Approve."""
        return Done(await questions.approve(await self._room(context), context.seat, command.question, command.version))

    async def reject(self, context: Context, command: orders.QuestionReject) -> Done:
        """Reject."""
        room = await self._room(context)
        return Done(await questions.reject(room, context.seat, command.question, command.reason, command.version))

    async def hide(self, context: Context, command: orders.QuestionHide) -> Done:
        """Hide."""
        room = await self._room(context)
        return Done(await questions.hide(room, context.seat, command.question, command.reason, command.version))

    async def reopen(self, context: Context, command: orders.QuestionReopen) -> Done:
        """Bring back."""
        return Done(await questions.reopen(await self._room(context), context.seat, command.question, command.version))

    async def rewrite(self, context: Context, command: orders.QuestionRewrite) -> Done:
        """Better words."""
        room = await self._room(context)
        return Done(await questions.rewrite(room, context.seat, command.question, command.text, command.version))

    async def claim(self, context: Context, command: orders.QuestionClaim) -> Done:
        """Be at it."""
        return Done(await questions.claim(await self._room(context), context.seat, command.question))

    async def release(self, context: Context, command: orders.QuestionRelease) -> Done:
        """Leave it."""
        return Done(await questions.release(await self._room(context), context.seat, command.question))

    async def take(self, context: Context, command: orders.QuestionTake) -> Done:
        """Being answered."""
        return Done(await questions.take(await self._room(context), context.seat, command.question, command.on))

    async def answer(self, context: Context, command: orders.QuestionAnswer) -> Done:
        """Answer."""
        room = await self._room(context)
        seq = await questions.answer(room, context.seat, command.question, command.text, command.private, command.version)
        return Done(seq)

    async def follow_up(self, context: Context, command: orders.QuestionFollowUp) -> Done:
        """For later."""
        return Done(await questions.follow_up(await self._room(context), context.seat, command.question, command.on))

    async def star(self, context: Context, command: orders.QuestionStar) -> Done:
        """Star."""
        return Done(await questions.star(await self._room(context), context.seat, command.question, command.on))

    async def label(self, context: Context, command: orders.QuestionLabel) -> Done:
        """Label."""
        return Done(await questions.label(await self._room(context), context.seat, command.question, command.label))

    async def move(self, context: Context, command: orders.QuestionMove) -> Done:
        """Order."""
        return Done(await questions.move(await self._room(context), context.seat, command.question, command.after))

    async def merge(self, context: Context, command: orders.QuestionMerge) -> Done:
        """Merge."""
        room = await self._room(context)
        return Done(await questions.merge(room, context.seat, command.question, command.into, command.version))

    async def unmerge(self, context: Context, command: orders.QuestionUnmerge) -> Done:
        """Take a merge back."""
        return Done(await questions.unmerge(await self._room(context), context.seat, command.question))

    async def archive(self, context: Context, command: orders.QuestionArchive) -> Done:
        """Put away, or bring back."""
        room = await self._room(context)
        return Done(await questions.archive(room, context.seat, command.questions, command.archived, command.reason))

    async def show(self, context: Context, command: orders.QuestionShow) -> Done:
        """On screen."""
        return Done(await questions.show(await self._room(context), context.seat, command.question, command.on))

    async def next(self, context: Context, _command: orders.QuestionNext) -> orders.Shown:
        """The next on screen."""
        room = await self._room(context)
        shown = await questions.show_next(room, context.seat)
        return orders.Shown(room.row.seq, shown)

    async def from_message(self, context: Context, command: orders.QuestionFromMessage) -> orders.Asked:
        """From a chat message."""
        room = await self._room(context)
        made = await questions.from_message(room, context.seat, command.message)
        return orders.Asked(room.row.seq, made.id, made.number)

    async def _room(self, context: Context) -> Room:
        return await open_room(context.unit, self._vault, context.seat.webinar_id)
