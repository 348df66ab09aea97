"""Sends a clip in a loop through WHIP, as a presenter's browser would; its packets are encoded once and only forwarded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx2
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from app.media import clip


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded frame and its time in the loop, in seconds."""

    data: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Clip:
    """All packets of a clip."""

    video: list[Packet]
    audio: list[Packet]
    length: float


def read(path: Path) -> Clip:
    """Load a clip made by :mod:`app.media.clip`."""
    video: list[Packet] = []
    audio: list[Packet] = []
    with av.open(str(path)) as source:
        annex_b = av.BitStreamFilterContext("h264_mp4toannexb", source.streams.video[0])
        for packet in source.demux():
            if packet.pts is None:
                continue
            at = float(packet.pts * packet.time_base)
            if packet.stream.type == "video":
                video += [Packet(bytes(part), at) for part in annex_b.filter(packet)]
            else:
                audio.append(Packet(bytes(packet), max(0.0, at)))
    return Clip(video, audio[: len(video) * 50 // clip.RATE], len(video) / clip.RATE)


class LoopTrack(MediaStreamTrack):
    """One track of the loop, at its own pace."""

    def __init__(self, kind: str, packets: list[Packet], length: float, rate: int, start: float) -> None:
        super().__init__()
        self.kind = kind
        self._packets = packets
        self._length = length
        self._rate = rate
        self._start = start
        self._count = 0

    async def recv(self) -> av.Packet[Any]:
        """The next packet, when its time has come."""
        if self.readyState != "live":
            raise MediaStreamError
        turn, index = divmod(self._count, len(self._packets))
        self._count += 1
        source = self._packets[index]
        # Even spacing: the loop's end joins its beginning.
        at = turn * self._length + index * self._length / len(self._packets)
        await asyncio.sleep(max(0.0, self._start + at - time.monotonic()))
        packet: av.Packet[Any] = av.Packet(source.data)
        packet.pts, packet.time_base = round(at * self._rate), Fraction(1, self._rate)
        return packet


Way = Callable[[str], Awaitable[str]]
"""Changes the server's answer, so that what is sent takes another way to it."""


class Looper:
    """A sender that goes on until stopped. ``url`` is the WHIP address, ``token`` its bearer token."""

    def __init__(
        self, url: str, token: str, source: Clip, *, audio: bool = True, video: bool = True, way: Way | None = None
    ) -> None:
        self.url = url
        self._way = way
        self.answer_headers: dict[str, str] = {}
        self._headers = {"Authorization": f"Bearer {token}"}
        self._location = ""
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.ended = asyncio.Event()
        """Set when the connection is lost or closed."""
        self.connection.on("connectionstatechange", self._changed)
        self.begins = start = time.monotonic() + 0.2
        if audio:
            self.connection.addTransceiver(LoopTrack("audio", source.audio, source.length, 48000, start), direction="sendonly")
        if video:
            track = LoopTrack("video", source.video, source.length, 90000, start)
            sender = self.connection.addTransceiver(track, direction="sendonly")
            codecs = RTCRtpSender.getCapabilities("video").codecs
            sender.setCodecPreferences([codec for codec in codecs if codec.mimeType in ("video/H264", "video/rtx")])

    def _changed(self) -> None:
        if self.connection.connectionState in ("failed", "closed"):
            self.ended.set()

    async def start(self) -> None:
        """Begin to send; raises ``httpx2.HTTPStatusError`` when refused."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        headers = {**self._headers, "Content-Type": "application/sdp"}
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.post(self.url, content=self.connection.localDescription.sdp, headers=headers)
        answer.raise_for_status()
        self.answer_headers = dict(answer.headers)
        self._location = str(httpx2.URL(self.url).join(answer.headers["Location"]))
        sdp = await self._way(answer.text) if self._way is not None else answer.text
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def stop(self) -> None:
        """Stop sending and say so."""
        if self._location:
            try:
                async with httpx2.AsyncClient(trust_env=False) as client:
                    await client.delete(self._location, headers=self._headers)
            except httpx2.HTTPError:
                pass  # The media process is gone, and the session with it.
        await self.connection.close()


async def keep_looping(url: str, token: str, path: Path) -> None:
    """Send for ever: make the clip if needed, and begin again when the connection ends. Cancel to stop."""
    await asyncio.to_thread(clip.make, path)
    source = await asyncio.to_thread(read, path)
    while True:
        looper = Looper(url, token, source)
        try:
            await looper.start()
            await looper.ended.wait()
        except (httpx2.HTTPError, ConnectionError):
            pass
        finally:
            await looper.stop()
        await asyncio.sleep(2)
