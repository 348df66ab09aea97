"""Socket commands of those who ask and vote."""

from __future__ import annotations

from app.core.permissions import Permission
from app.live.commands import Command, Context
from app.privacy.vault import Vault
from app.protocol.commands.base import Done
from app.protocol.commands.questions import Asked, QuestionAsk, QuestionEdit, QuestionVote, QuestionWithdraw
from app.rooms import questions
from app.rooms.room import Room, open_room


class QuestionCommands:
    """Handlers of participants' commands about questions."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def commands(self) -> list[Command]:
        """All of them with what they need."""
        return [
            Command(QuestionAsk, Permission.QUESTIONS_ASK, self.ask),
            Command(QuestionEdit, Permission.QUESTIONS_ASK, self.edit),
            Command(QuestionWithdraw, Permission.QUESTIONS_ASK, self.withdraw),
            Command(QuestionVote, Permission.QUESTIONS_VOTE, self.vote),
        ]

    async def ask(self, context: Context, command: QuestionAsk) -> Asked:
        """Ask."""
        room = await self._room(context)
        asked = await questions.ask(
            room, context.seat, text=command.text, name=command.name, ref=command.ref[:40], anonymous=command.anonymous
        )
        return Asked(asked.seq, asked.id, asked.number)

    async def edit(self, context: Context, command: QuestionEdit) -> Done:
        """Change one's own."""
        return Done(await questions.edit(await self._room(context), context.seat, command.question, command.text))

    async def withdraw(self, context: Context, command: QuestionWithdraw) -> Done:
        """Take one's own back."""
        return Done(await questions.withdraw(await self._room(context), context.seat, command.question))

    async def vote(self, context: Context, command: QuestionVote) -> Done:
        """Vote, or not any more."""
        return Done(await questions.vote(await self._room(context), context.seat, command.question, command.on))

    async def _room(self, context: Context) -> Room:
        return await open_room(context.unit, self._vault, context.seat.webinar_id)
