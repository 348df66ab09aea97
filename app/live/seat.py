"""Who sits at a socket, and what they may do."""

from __future__ import annotations

import msgspec


class Seat(msgspec.Struct, frozen=True):
    """An admitted person. ``person`` is an id of this webinar alone, or a staff id."""

    webinar_id: str
    person: str
    role: str
    name: str | None
    permissions: frozenset[str]
    lane: str
    """``audience``, ``crew``, or ``view``: the audience's without the chat."""
    session: str | None = None
    """The staff session behind it; closing that one closes the socket."""
    lang: str = "en"


class Refusal(msgspec.Struct, frozen=True):
    """Why somebody was not admitted: ``ticket.expired``, ``ticket.invalid``, ``webinar.unknown``, ``banned``."""

    code: str
