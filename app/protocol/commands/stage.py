"""Commands about the stage: who is on it, who is heard, and whom the audience sees."""

from __future__ import annotations

from typing import Annotated

import msgspec

from app.protocol.commands.base import Id, Order, Short
from app.protocol.words import word


class StageEnter(Order, frozen=True, tag="stage.enter"):
    """Take one's own place, before sending: on stage before it is live, backstage afterwards."""


class StageMove(Order, frozen=True, tag="stage.move"):
    """Bring a presenter on stage or backstage."""

    presenter: Id
    on_stage: bool


class StageMute(Order, frozen=True, tag="stage.mute"):
    """Close a presenter's microphone. Nobody can open somebody else's."""

    presenter: Id


class StageSound(Order, frozen=True, tag="stage.sound"):
    """Open one's own microphone again, after it was closed by the crew."""


class StageShow(Order, frozen=True, tag="stage.show"):
    """Show this presenter to the audience from the next key frame on; none: whoever speaks."""

    presenter: Id | None = None


class StageRemove(Order, frozen=True, tag="stage.remove"):
    """Take a presenter off for good: their connection ends."""

    presenter: Id


class StageLayout(Order, frozen=True, tag="stage.layout"):
    """Show one picture, or several in one: side by side, a small one in the corner of the screen or of who is shown, a grid of six."""

    layout: Annotated[str, word("single", "side", "corner", "grid")]


class StageVideos(Order, frozen=True, tag="stage.videos"):
    """Ask which videos of this webinar can be played."""


class StageVideo(msgspec.Struct, frozen=True):
    """A video or recording that can be played."""

    id: str
    title: str
    """Empty for a recording, which is named by when it was made."""
    made_at: int
    """Milliseconds since 1970."""
    seconds: float


class Videos(msgspec.Struct, frozen=True):
    """Answer to ``stage.videos``, the newest first."""

    seq: int
    videos: list[StageVideo]


class StagePlay(Order, frozen=True, tag="stage.play"):
    """Play a video to the audience from its beginning, now; none: end it and show the stage again."""

    video: Id | None = None


class StageScreen(Order, frozen=True, tag="stage.screen"):
    """Share one's screen beside the camera, as a second sender with a place of its own, or stop it."""

    on: bool


class ScreenWay(msgspec.Struct, frozen=True):
    """Answer to ``stage.screen``: what to send the screen with; empty after stopping."""

    seq: int
    token: str


class StageJoin(Order, frozen=True, tag="stage.join"):
    """Come backstage from the audience, being invited or accepted."""


class StageLeave(Order, frozen=True, tag="stage.leave"):
    """Go back to the audience."""


class IceServer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A STUN or TURN server, as ``RTCPeerConnection`` takes it."""

    urls: str
    username: str = ""
    credential: str = ""


class GuestWay(msgspec.Struct, frozen=True):
    """Answer to ``stage.join``: where a guest sends and watches."""

    seq: int
    whip: str
    whep: str
    token: str
    ice: list[IceServer]


class StageEncoder(Order, frozen=True, tag="stage.encoder"):
    """Make a way in for a program such as OBS."""

    name: Short


class EncoderMade(msgspec.Struct, frozen=True):
    """Answer to ``stage.encoder``: what to type into the program. Shown once."""

    seq: int
    address: str
    token: str
    backup: str
    """Token of the second way in: whoever sends with it is used while the first one does not send."""
