"""Commands of the chat."""

from __future__ import annotations

from app.protocol.commands.base import Id, Long, Order, Reason, Ref, Short


class ChatSay(Order, frozen=True, tag="chat.say"):
    """Say something in the public chat, or in the crew's."""

    ref: Ref
    text: Long
    name: Short = ""
    reply_to: Id | None = None
    crew: bool = False


class ChatEdit(Order, frozen=True, tag="chat.edit"):
    """Change one's own message."""

    message: Id
    text: Long


class ChatPrivate(Order, frozen=True, tag="chat.private"):
    """Say something to the crew alone; for the crew: to one participant alone."""

    ref: Ref
    text: Long
    name: Short = ""
    to: Id | None = None


class OneMessage(Order, frozen=True):
    """Names a message."""

    message: Id


class ChatReact(OneMessage, frozen=True, kw_only=True, tag="chat.react"):
    """React to a message, or take it back."""

    emoji: Id
    on: bool


class ChatRemove(OneMessage, frozen=True, tag="chat.remove"):
    """Remove a message for good."""

    reason: Reason = ""


class ChatHide(OneMessage, frozen=True, kw_only=True, tag="chat.hide"):
    """Hide a message, or show it again."""

    hidden: bool
    reason: Reason = ""


class ChatPin(OneMessage, frozen=True, kw_only=True, tag="chat.pin"):
    """Keep a message in sight above the others, or not any more."""

    pinned: bool


class ChatRelease(OneMessage, frozen=True, tag="chat.release"):
    """Show a message that waits."""


class ChatRefuse(OneMessage, frozen=True, tag="chat.refuse"):
    """Never show a message that waits; its author hears the reason."""

    reason: Reason = ""
