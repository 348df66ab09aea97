"""Commands about reactions, hands, notices and handouts."""

from __future__ import annotations

from typing import Annotated

import msgspec

from app.protocol.commands.base import Id, Order, Short
from app.protocol.words import word

Wants = Annotated[str, word("audio", "video")]
Url = Annotated[str, msgspec.Meta(max_length=500)]


class Opened(msgspec.Struct, frozen=True):
    """Answer to a handout opened: an address that is good for five minutes."""

    seq: int
    url: str


class Posted(msgspec.Struct, frozen=True):
    """Answer to a notice posted: its id."""

    seq: int
    notice: str


class ReactionSend(Order, frozen=True, kw_only=True, tag="reaction.send"):
    """React to what is on air. Nothing of it is kept; sums are told once a second."""

    emoji: Id


class HandRaise(Order, frozen=True, tag="hand.raise"):
    """Ask to speak."""

    name: Short = ""
    wants: Wants = "audio"


class HandLower(Order, frozen=True, tag="hand.lower"):
    """Not any more."""


class HandAccept(Order, frozen=True, tag="hand.accept"):
    """Come on the stage, being invited."""

    wants: Wants = "audio"


class HandDecline(Order, frozen=True, tag="hand.decline"):
    """Rather not."""


class HandInvite(Order, frozen=True, tag="hand.invite"):
    """Ask somebody on the stage: by hand, or a person who did not raise one."""

    hand: Id = ""
    person: Id = ""
    wants: Wants = "audio"


class HandDismiss(Order, frozen=True, kw_only=True, tag="hand.dismiss"):
    """Lower somebody's hand."""

    hand: Id


class HandDismissAll(Order, frozen=True, tag="hand.dismiss_all"):
    """Lower all hands that were only raised."""


class NoticePost(Order, frozen=True, kw_only=True, tag="notice.post"):
    """Say something to everybody, with a button that leads somewhere, for some seconds or until it is taken away."""

    text: Annotated[str, msgspec.Meta(max_length=2000)]
    button_text: Short = ""
    button_url: Url = ""
    seconds: int | None = None


class NoticeWithdraw(Order, frozen=True, kw_only=True, tag="notice.withdraw"):
    """Take a notice away."""

    notice: Id


class HandoutOpen(Order, frozen=True, kw_only=True, tag="handout.open"):
    """Ask for the address of a handout."""

    handout: Id


class HandoutRemove(Order, frozen=True, kw_only=True, tag="handout.remove"):
    """Take a handout away, file and all."""

    handout: Id
