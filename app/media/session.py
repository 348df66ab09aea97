"""One who sends: the connection, the way their picture takes, and whoever listens to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from app.core.ids import new_id, new_secret
from app.media.rtc.assembly import Frame
from app.media.rtc.network import Network
from app.media.rtc.peer import Peer
from app.media.transcode import Pool, Transcoder

REPORTS_WITHIN = 2.5
"""Seconds to wait for sender reports of all tracks before arrival times are taken."""
CONNECT_WITHIN = 30.0
LIVELY = 1.2
"""Seconds without a picture (or sound, when there is no picture) after which a backup is better."""
SILENT_FOR = 20.0
"""Seconds without any packet after which a sender counts as gone."""


class Listener(Protocol):
    """Hears what a session sends."""

    def picture(self, frame: Frame, wall: float) -> None:
        """An H.264 access unit and its time on the sender's clock."""
        ...

    def sound(self, frame: Frame, wall: float) -> None:
        """An Opus packet and its time on the sender's clock."""
        ...

    def follows(self, session: PublishSession) -> None:
        """From now on it hears this session, whose clock is another."""
        ...


class PublishSession:
    """A WHIP session. ``backup``: by the second way into its seat."""

    def __init__(self, seat: str, network: Network, pool: Pool, *, backup: bool = False) -> None:
        self.id = new_id()
        self.etag = new_secret()[:16]
        self.seat = seat
        self.backup = backup
        self.peer = Peer(network)
        self.listeners: list[Listener] = []
        self.video = "none"
        self.connected = False
        self.closed = False
        self.on_connected: Callable[[], None] = lambda: None
        self.on_closed: Callable[[], None] = lambda: None
        self._pool = pool
        self._transcoder: Transcoder | None = None
        self._held: list[tuple[str, Frame, int]] = []
        self._first = 0.0
        self._made = self._heard = time.monotonic()
        self._seen = self._seen_since = 0.0
        self._closing: asyncio.Task[None] | None = None

    @property
    def has_video(self) -> bool:
        """True when a picture is sent."""
        return "video" in self.peer.receivers

    @property
    def has_audio(self) -> bool:
        """True when sound is sent."""
        return "audio" in self.peer.receivers

    async def answer(self, offer: str, *, convert: bool = True) -> str:
        """Begin; gives the answer's SDP. Raises :class:`Problem`. ``convert`` False: nobody will see it, so VP8 stays as it is."""
        try:
            answer = await self.peer.take_in(offer)
            if self.has_video:
                self.video = "passthrough" if self.peer.codecs["video"] == "H264" else "transcoded"
            if self.video == "transcoded" and convert:
                self._transcoder = self._pool.open(self._picture, self.ask_for_key)
        except BaseException:
            await self.peer.close()
            raise
        self.peer.on_state = self._state
        for kind, receiver in self.peer.receivers.items():
            receiver.sink = lambda frame, rtp, kind=kind: self._arrived(kind, frame, rtp)
            receiver.ended = self.end
        return answer

    async def restart(self, user: str, password: str, fragment: str) -> str:
        """The sender comes from another address soon; gives the answering fragment, and the session another tag."""
        answer = await self.peer.restart(user, password, fragment)
        self.etag = new_secret()[:16]
        self._heard = time.monotonic()
        return answer

    def ask_for_key(self) -> None:
        """Have the sender make a key frame soon."""
        if self.has_video:
            self.peer.receivers["video"].ask_for_key()

    def lively(self, now: float) -> bool:
        """Whether it really sends, and not only stands."""
        return now - self._seen < LIVELY

    def steady(self, now: float) -> float:
        """Seconds since when it has sent without a gap."""
        return now - self._seen_since if self.lively(now) else 0.0

    def look(self) -> None:
        """Called about once a second: end what never connected or fell silent."""
        now = time.monotonic()
        if (not self.connected and now - self._made > CONNECT_WITHIN) or (self.connected and now - self._heard > SILENT_FOR):
            self.end()

    def end(self) -> None:
        """Close soon; safe to call from anywhere and more than once."""
        if self._closing is None:
            self._closing = asyncio.create_task(self.close())

    async def close(self) -> None:
        """Close now."""
        if self.closed:
            return
        self.closed = True
        if self._transcoder is not None:
            self._transcoder.close()
        self.on_closed()
        await self.peer.close()

    def _state(self, state: str) -> None:
        if state == "connected" and not self.connected:
            self.connected = True
            self._heard = time.monotonic()
            self.on_connected()
        elif state in ("failed", "closed"):
            self.end()

    def _arrived(self, kind: str, frame: Frame, rtp: int) -> None:
        self._heard = time.monotonic()
        self._first = self._first or self._heard
        if kind == "video" or not self.has_video:
            self._seen_since = self._seen_since if self.lively(self._heard) else self._heard
            self._seen = self._heard
        if not self._clocks_known():
            self._held.append((kind, frame, rtp))
            return
        held, self._held = self._held, []
        for args in [*held, (kind, frame, rtp)]:
            self._pass_on(*args)

    def _clocks_known(self) -> bool:
        receivers = self.peer.receivers.values()
        if all(receiver.clock.known for receiver in receivers):
            return True
        if self._heard - self._first < REPORTS_WITHIN:
            return False
        for kind, receiver in self.peer.receivers.items():
            first = next(((frame.at, rtp) for held, frame, rtp in self._held if held == kind), None)
            if first is not None:
                receiver.clock.assume(*first)
        return all(receiver.clock.known or not receiver.packets for receiver in receivers)

    def _pass_on(self, kind: str, frame: Frame, rtp: int) -> None:
        if kind == "audio":
            wall = self.peer.receivers["audio"].clock.at(rtp)
            for listener in tuple(self.listeners):
                listener.sound(frame, wall)
        elif self._transcoder is not None:
            self._transcoder.put(frame, rtp)
        else:
            self._picture(frame, rtp)

    def _picture(self, frame: Frame, rtp: int) -> None:
        wall = self.peer.receivers["video"].clock.at(rtp)
        for listener in tuple(self.listeners):
            listener.picture(frame, wall)
