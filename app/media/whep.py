"""WHEP: crew watch a sender with little delay. Encoded packets are handed on as they came."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Any

import av
import msgspec
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import Problem
from app.core.ids import new_id
from app.media.http import bearer_of, body_of, unauthorized
from app.media.rtc.assembly import Frame
from app.media.rtc.peer import Peer
from app.media.session import PublishSession
from app.media.stage import Studio

MOST_VIEWERS = 24
MOST_WAITING = 60
"""Packets that may wait for a slow viewer before it skips to the next key frame."""


class PacketTrack(MediaStreamTrack):
    """Gives a sender's encoded packets to aiortc, which sends them as they are."""

    def __init__(self, kind: str, rate: int) -> None:
        super().__init__()
        self.kind = kind
        self._rate = rate
        self._queue: asyncio.Queue[av.Packet[Any] | None] = asyncio.Queue()
        self._waits_for_key = kind == "video"

    def put(self, data: bytes, wall: float, *, key: bool) -> None:
        """Hand on one packet."""
        if self._queue.qsize() > MOST_WAITING:
            self._waits_for_key = self.kind == "video"
            while not self._queue.empty():
                self._queue.get_nowait()
        if self._waits_for_key and not key:
            return
        self._waits_for_key = False
        packet: av.Packet[Any] = av.Packet(data)
        packet.pts, packet.time_base = round(wall * self._rate), Fraction(1, self._rate)
        self._queue.put_nowait(packet)

    async def recv(self) -> av.Packet[Any]:
        """The next packet, when there is one."""
        packet = await self._queue.get() if self.readyState == "live" else None
        if packet is None:
            raise MediaStreamError
        return packet

    def finish(self) -> None:
        """No more packets."""
        self._queue.put_nowait(None)


class Viewer:
    """One who watches one sender."""

    def __init__(self, studio: Studio, source: PublishSession) -> None:
        self.id = new_id()
        self.source = source
        self.peer = Peer(studio.network)
        self.tracks = {"video": PacketTrack("video", 90000), "audio": PacketTrack("audio", 48000)}

    async def answer(self, offer: str) -> str:
        """Begin; gives the answer's SDP."""
        sent = {kind: track for kind, track in self.tracks.items() if kind in self.source.peer.receivers}
        try:
            answer = await self.peer.play_out(offer, dict(sent))
        except BaseException:
            await self.peer.close()
            raise
        for sender in self.peer.connection.getSenders():
            if sender.kind == "video":
                sender._send_keyframe = self._ask  # type: ignore[method-assign]  # noqa: SLF001
        self.source.listeners.append(self)
        self.source.ask_for_key()
        return answer

    def _ask(self) -> None:
        self.source.ask_for_key()

    def picture(self, frame: Frame, wall: float) -> None:
        """From the sender."""
        self.tracks["video"].put(frame.data, wall, key=frame.key)

    def follows(self, session: PublishSession) -> None:
        """The sender goes on by another way in."""
        self.source = session

    def sound(self, frame: Frame, wall: float) -> None:
        """From the sender."""
        self.tracks["audio"].put(frame.data, wall, key=True)

    async def close(self) -> None:
        """Stop watching."""
        if self in self.source.listeners:
            self.source.listeners.remove(self)
        for track in self.tracks.values():
            track.finish()
        await self.peer.close()


class Whep:
    """The endpoints."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.viewers: dict[str, tuple[str, Viewer]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def post(self, request: Request) -> Response:
        """Watch the program, or the seat named by ``?seat=``."""
        webinar_id = await self._allowed(request)
        offer = await body_of(request, "application/sdp")
        stage = self.studio.stages.get(webinar_id)
        seat = request.query_params.get("seat")
        source: PublishSession | None = stage.onstage if stage is not None else None
        if seat:
            source = stage.spares.used.get(seat) if stage is not None else None
        if source is None:
            raise Problem("sender.none", "Nobody sends yet.", status=404, retry_after=2)
        if sum(1 for owner, _ in self.viewers.values() if owner == webinar_id) >= MOST_VIEWERS:
            raise Problem("viewers.full", "Too many of the crew watch already.", status=503, retry_after=10)
        viewer = Viewer(self.studio, source)
        answer = await viewer.answer(offer)
        self.viewers[viewer.id] = (webinar_id, viewer)
        viewer.peer.on_state = lambda state: self._state(viewer, state)
        headers = {"Location": f"/whep/{webinar_id}/{viewer.id}", "Cache-Control": "no-store"}
        return Response(answer, 201, headers, "application/sdp")

    async def list(self, request: Request) -> Response:
        """Who sends now, and which of them the audience sees."""
        stage = self.studio.stages.get(await self._allowed(request))
        publishers = stage.publishers() if stage is not None else []
        return Response(msgspec.json.encode({"publishers": publishers}), 200, {"Cache-Control": "no-store"}, "application/json")

    async def delete(self, request: Request) -> Response:
        """Stop watching."""
        webinar_id = await self._allowed(request)
        owner, viewer = self.viewers.get(request.path_params["session"], ("", None))
        if viewer is None or owner != webinar_id:
            raise Problem("session.unknown", "There is no such session any more.", status=404)
        await self._end(viewer)
        return Response(status_code=200)

    async def close(self) -> None:
        """End all."""
        for _, viewer in list(self.viewers.values()):
            await self._end(viewer)

    def _state(self, viewer: Viewer, state: str) -> None:
        if state in ("failed", "closed"):
            task = asyncio.create_task(self._end(viewer))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _end(self, viewer: Viewer) -> None:
        if self.viewers.pop(viewer.id, None) is not None:
            await viewer.close()

    async def _allowed(self, request: Request) -> str:
        webinar_id = await self.studio.directory.crew_seat(bearer_of(request))
        if webinar_id is None or webinar_id != request.path_params["webinar"]:
            raise unauthorized()
        return webinar_id
