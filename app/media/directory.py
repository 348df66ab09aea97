"""What the media process must know about webinars, asked through one Protocol."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from app.media.recorder import Keeper
from app.media.tape import Tape


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
    backup: bool = False
    """By the seat's second way in, which is used while the first does not send."""


class StreamRef(msgspec.Struct, frozen=True):
    """What a stream token opens."""

    webinar_id: str
    lane: Lane


class Placed(msgspec.Struct, frozen=True):
    """Where the crew put a seat."""

    on_stage: bool
    muted: bool = False
    language: str = ""
    """Code of the language this one interprets into; such a seat is never seen."""
    screen: str = ""
    """The seat of the screen this one shares."""


class Playing(msgspec.Struct, frozen=True):
    """A video that is shown to everybody at the same time."""

    video: str
    """Id of the recording."""
    at: float
    """Place on the timeline where it begins, in seconds."""
    start: float = 0.0
    end: float | None = None
    """What of it is shown, in seconds of the recording."""
    over: bool = False
    """Shown over whomever the crew chose, too."""


class Plan(msgspec.Struct, frozen=True):
    """What the crew decided about a webinar."""

    state: Broadcast
    title: str = ""
    seats: dict[str, Placed] = {}
    chosen: str | None = None
    """The seat whose picture is to be seen; None: whoever speaks."""
    removed: frozenset[str] = frozenset()
    """Seats that may not send any more."""
    breaks: int = 0
    """Discontinuities of the stream before this media process began."""
    gone: bool = False
    """The webinar is erased."""
    languages: dict[str, str] = {}
    """Languages besides the original: code to its name in itself."""
    recording: bool = False
    """What the audience sees is to be kept."""
    layout: str = "single"
    """One picture, or several in one: see :mod:`app.media.compose`."""
    rewind: int = 0
    """Minutes that who joins late may go back."""
    playing: Playing | None = None
    """A video that is shown now."""
    ladder: bool = False
    """A smaller picture is offered too."""


class Line(msgspec.Struct, frozen=True):
    """A line of captions."""

    seq: int
    lang: str
    text: str
    at: float
    """Place on the timeline, in seconds."""


class Publisher(msgspec.Struct, frozen=True):
    """One who sends now."""

    seat: str
    video: str
    """``passthrough``, ``transcoded`` or ``none``."""
    audio: bool
    program: bool
    """True when the audience sees this one."""
    on_stage: bool = True
    backup: bool = False
    """Their backup way in is used, for the main one is silent."""


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

    async def plan(self, webinar_id: str, *, anew: bool = False) -> Plan:
        """What the crew decided; ``anew``: as the database has it this moment."""
        ...

    async def lines(self, webinar_id: str, after: int) -> list[Line]:
        """Captions that were written after the one with this room number, in their order; the newest when there are many."""
        ...

    async def record(self, webinar_id: str) -> Keeper | None:
        """A place for a recording that begins now; None when there is none."""
        ...

    async def tape(self, webinar_id: str, video: str) -> Tape | None:
        """A video to be shown; None when it cannot be read (any more)."""
        ...

    async def recorded(self, webinar_id: str, keeper: Keeper) -> None:
        """A recording has ended."""
        ...

    async def presence(self, webinar_id: str, publishers: list[Publisher], breaks: int) -> None:
        """Hear who sends now, and how many breaks the stream has had; called after each change."""
        ...
