"""Commands about people in a room, and about what was decided."""

from __future__ import annotations

from app.protocol.commands.base import Id, Order, Reason


class Whom(Order, frozen=True):
    """Names somebody: by id, or as the author of a message or question."""

    person: Id = ""
    message: Id = ""
    question: Id = ""
    reason: Reason = ""


class PersonMute(Whom, frozen=True, tag="person.mute"):
    """Mute somebody, for some seconds or until it is lifted."""

    seconds: int | None = None


class PersonBan(Whom, frozen=True, tag="person.ban"):
    """Send somebody out; ``remove`` hides what they wrote."""

    remove: bool = False


class OneRestriction(Order, frozen=True):
    """Names a restriction."""

    restriction: Id


class PersonUnmute(OneRestriction, frozen=True, tag="person.unmute"):
    """Lift a mute."""


class PersonUnban(OneRestriction, frozen=True, tag="person.unban"):
    """Lift a ban."""


class DecisionUndo(Order, frozen=True, tag="decision.undo"):
    """Take a decision back."""

    decision: Id
