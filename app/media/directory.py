"""What the media process must know about webinars, asked through one Protocol."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec


class Lane(StrEnum):
    """For whom a stream address is."""

    AUDIENCE = "audience"
    CREW = "crew"


class Broadcast(StrEnum):
    """The webinar's broadcast axis."""

    IDLE = "idle"
    PREVIEW = "preview"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


class PublishSeat(msgspec.Struct, frozen=True):
    """Leave to send: for which webinar, and who, by an id that is no capability."""

    webinar_id: str
    seat: str


class StreamRef(msgspec.Struct, frozen=True):
    """What a stream token opens."""

    webinar_id: str
    lane: Lane


class Publisher(msgspec.Struct, frozen=True):
    """One who sends now."""

    seat: str
    video: str
    """``passthrough``, ``transcoded`` or ``none``."""
    audio: bool
    program: bool
    """True when the audience sees this one."""


class Directory(Protocol):
    """Truth about seats, tokens and states. Implementations must be quick: a request waits for each answer."""

    async def publish_seat(self, bearer: str) -> PublishSeat | None:
        """The seat a bearer token gives; None when it gives none (any more)."""
        ...

    async def crew_seat(self, bearer: str) -> str | None:
        """The webinar whose backstage a bearer token may watch; None for none."""
        ...

    async def stream(self, token: str) -> StreamRef | None:
        """What a stream token opens; None when it is unknown."""
        ...

    async def broadcast(self, webinar_id: str) -> Broadcast:
        """The state now; ``ended`` for a webinar that is gone."""
        ...

    async def presence(self, webinar_id: str, publishers: list[Publisher]) -> None:
        """Hear who sends now; called after each change."""
        ...
