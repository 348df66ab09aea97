"""Socket commands about reactions, hands, notices and handouts: parse, one verb, answer."""

from __future__ import annotations

from app.core.permissions import Permission
from app.core.tokens import Tokens
from app.live.commands import Command, Context
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.protocol.commands import extras as orders
from app.protocol.commands.base import Done
from app.rooms import handouts, hands, notices, reactions
from app.rooms.handout_pages import link
from app.rooms.room import Room, open_room


class ExtraCommands:
    """Handlers."""

    def __init__(self, vault: Vault, tokens: Tokens, shelf: Shelf) -> None:
        self._vault = vault
        self._tokens = tokens
        self._shelf = shelf

    def commands(self) -> list[Command]:
        """All of them with what they need."""
        return [
            Command(orders.ReactionSend, Permission.REACT, self.react),
            Command(orders.HandRaise, Permission.HAND_RAISE, self.raise_hand),
            Command(orders.HandLower, Permission.HAND_RAISE, self.lower),
            Command(orders.HandAccept, Permission.HAND_RAISE, self.accept),
            Command(orders.HandDecline, Permission.HAND_RAISE, self.lower),
            Command(orders.HandInvite, Permission.PEOPLE_MODERATE, self.invite),
            Command(orders.HandDismiss, Permission.PEOPLE_MODERATE, self.dismiss),
            Command(orders.HandDismissAll, Permission.PEOPLE_MODERATE, self.dismiss_all),
            Command(orders.NoticePost, Permission.ROOM_SETTINGS, self.post),
            Command(orders.NoticeWithdraw, Permission.ROOM_SETTINGS, self.withdraw),
            Command(orders.HandoutOpen, Permission.CHAT_READ, self.open),
            Command(orders.HandoutRemove, Permission.ROOM_SETTINGS, self.remove),
        ]

    async def react(self, context: Context, command: orders.ReactionSend) -> Done:
        """React."""
        room = await self._room(context)
        reactions.send(room, command.emoji)
        return Done(room.row.seq)

    async def raise_hand(self, context: Context, command: orders.HandRaise) -> Done:
        """Raise."""
        return Done(await hands.raise_hand(await self._room(context), context.seat, command.name, command.wants))

    async def lower(self, context: Context, _command: orders.HandLower | orders.HandDecline) -> Done:
        """Lower."""
        return Done(await hands.lower(await self._room(context), context.seat))

    async def accept(self, context: Context, command: orders.HandAccept) -> Done:
        """Come."""
        return Done(await hands.accept(await self._room(context), context.seat, command.wants))

    async def invite(self, context: Context, command: orders.HandInvite) -> Done:
        """Invite."""
        return Done(await hands.invite(await self._room(context), command.hand, command.person, command.wants))

    async def dismiss(self, context: Context, command: orders.HandDismiss) -> Done:
        """Lower somebody's."""
        return Done(await hands.dismiss(await self._room(context), command.hand))

    async def dismiss_all(self, context: Context, _command: orders.HandDismissAll) -> Done:
        """Lower all."""
        return Done(await hands.dismiss_all(await self._room(context)))

    async def post(self, context: Context, command: orders.NoticePost) -> orders.Posted:
        """Post a notice."""
        room = await self._room(context)
        posted = await notices.post(room, command.text, command.button_text, command.button_url, command.seconds)
        return orders.Posted(posted.seq, posted.id)

    async def withdraw(self, context: Context, command: orders.NoticeWithdraw) -> Done:
        """Take a notice away."""
        return Done(await notices.withdraw(await self._room(context), command.notice))

    async def open(self, context: Context, command: orders.HandoutOpen) -> orders.Opened:
        """A link to a handout."""
        room = await self._room(context)
        handout = await handouts.one(room, command.handout)
        return orders.Opened(room.row.seq, link(self._tokens, room.row.slug, room.row.id, handout.id))

    async def remove(self, context: Context, command: orders.HandoutRemove) -> Done:
        """Take a handout away."""
        return Done(await handouts.remove(await self._room(context), self._shelf, command.handout))

    async def _room(self, context: Context) -> Room:
        return await open_room(context.unit, self._vault, context.seat.webinar_id)
