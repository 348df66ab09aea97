"""Our receiver in place of aiortc's: gives encoded frames, decodes nothing, has no thread.

It fills the place of ``RTCRtpReceiver`` in a transceiver; :mod:`app.media.rtc.contract` lists what aiortc calls.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

from aiortc.codecs import depayload, is_rtx
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    RtpPacket,
    unwrap_rtx,
)

from app.media.rtc.assembly import Fragment, Frame, FrameAssembler, PacketOrder
from app.media.rtc.congestion import ArrivalLog
from app.media.rtc.nack import MissingPackets
from app.media.rtc.sender_clock import RtpTime, SenderClock

KEY_EVERY = 2.0
"""Seconds between requests for a key frame: the length of a segment."""
KEY_AT_MOST_EVERY = 0.3
ROUND = 0.04
"""Seconds between looks at missing packets and congestion feedback."""

Sink = Callable[[Frame, int], None]
"""Called with each frame and its unrolled RTP time."""


class EncodedReceiver:
    """Receives one track; ``sink`` gets each whole frame, ``ended`` is called once."""

    def __init__(self, kind: str, transport: Any, is_key: Callable[[bytes], bool]) -> None:
        self.kind = kind
        self.transport = transport
        self.clock = SenderClock(90000 if kind == "video" else 48000)
        self.sink: Sink | None = None
        self.ended: Callable[[], None] | None = None
        self.packets = 0
        self.octets = 0
        self.order: FrameAssembler | PacketOrder = FrameAssembler(is_key) if kind == "video" else PacketOrder()
        self._enabled = True
        self._track: Any = None
        self._codecs: dict[int, RTCRtpCodecParameters] = {}
        self._rtx: dict[int, int] = {}
        self._missing = MissingPackets()
        self._time = RtpTime()
        self._ssrc = 0
        self._media_ssrc: int | None = None
        self._log: ArrivalLog | None = None
        self._statistics: dict[int, StreamStatistics] = {}
        self._last_report: dict[int, tuple[int, float]] = {}
        self._task: asyncio.Task[None] | None = None
        self._key_asked = 0.0

    # What aiortc calls.

    @property
    def track(self) -> Any:
        """The track aiortc announces; nobody reads from it."""
        return self._track

    def setTransport(self, transport: Any) -> None:  # noqa: N802 - aiortc's name
        """Bundling moved the track to another transport."""
        self.transport = transport

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        self._ssrc = ssrc

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """The connection stands: packets may come."""
        if self._task is not None:
            return
        self._codecs = {codec.payloadType: codec for codec in parameters.codecs if codec.payloadType is not None}
        self._rtx = {encoding.rtx.ssrc: encoding.ssrc for encoding in parameters.encodings if encoding.rtx}
        self._log = shared_log(self.transport, self._ssrc)
        self.transport._register_rtp_receiver(self, parameters)
        self._task = asyncio.create_task(self._rounds())

    async def stop(self) -> None:
        """No more packets."""
        if self._task is not None:
            self.transport._unregister_rtp_receiver(self)
            self._task.cancel()
        self._end()

    async def getStats(self) -> dict[str, Any]:  # noqa: N802 - aiortc's name
        """Nothing to add to aiortc's report."""
        return {}

    def _handle_disconnect(self) -> None:
        self._end()

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket):
            ntp = packet.sender_info.ntp_timestamp
            self._last_report[packet.ssrc] = ((ntp >> 16) & 0xFFFFFFFF, time.time())
            if self._media_ssrc in (None, packet.ssrc) and packet.sender_info.packet_count:
                self.clock.report(ntp, self._time.unroll(packet.sender_info.rtp_timestamp))
        elif isinstance(packet, RtcpByePacket):
            self._end()

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        if not self._enabled or (codec := self._codecs.get(packet.payload_type)) is None:
            return
        now = time.monotonic()
        self.packets += 1
        self.octets += len(packet.payload)
        sequence = packet.extensions.transport_sequence_number
        if sequence is not None and self._log is not None:
            self._log.arrived(sequence, now, packet.ssrc)
        if packet.ssrc not in self._statistics:
            self._statistics[packet.ssrc] = StreamStatistics(codec.clockRate)
        self._statistics[packet.ssrc].add(packet)
        original = self._unwrap(packet, codec) if is_rtx(codec) else packet
        if original is not None:
            self._take(original, now)

    # Our own.

    def _unwrap(self, packet: RtpPacket, codec: RTCRtpCodecParameters) -> RtpPacket | None:
        base = codec.parameters.get("apt")
        ssrc = self._rtx.get(packet.ssrc, self._media_ssrc)
        if ssrc is None or not isinstance(base, int) or base not in self._codecs or len(packet.payload) < 2:
            return None
        return unwrap_rtx(packet, payload_type=base, ssrc=ssrc)

    def _take(self, packet: RtpPacket, now: float) -> None:
        self._media_ssrc = packet.ssrc
        self._missing.arrived(packet.sequence_number, now)
        try:
            data = depayload(self._codecs[packet.payload_type], packet.payload) if packet.payload else b""
        except ValueError:
            data = b""
        fragment = Fragment(packet.sequence_number, packet.timestamp, bool(packet.marker), data, now)
        for frame in self.order.add(fragment):
            rtp = self._time.unroll(frame.timestamp)
            if self.sink is not None:
                self.sink(frame, rtp)

    def ask_for_key(self) -> None:
        """Request a key frame soon, but not in a storm."""
        if isinstance(self.order, FrameAssembler):
            self.order.wants_key = True

    async def _rounds(self) -> None:
        report_at = 0.0
        while True:
            await asyncio.sleep(ROUND)
            now = time.monotonic()
            if self._log is not None and (feedback := self._log.feedback()) is not None:
                await self._send(feedback)
            if self.kind == "video":
                await self._repair(now)
            if now >= report_at and self._statistics:
                report_at = now + 0.5 + random.random()
                await self._send(bytes(RtcpRrPacket(ssrc=self._ssrc, reports=self._reports())))

    async def _repair(self, now: float) -> None:
        if self._media_ssrc is None:
            return
        order = self.order
        if not isinstance(order, FrameAssembler):
            return
        if order.oldest_needed is not None:
            self._missing.forget_before(order.oldest_needed)
        if lost := self._missing.due(now):
            nack = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=self._ssrc, media_ssrc=self._media_ssrc)
            nack.lost = sorted(lost, key=lambda seq: (seq - lost[0]) & 0xFFFF)
            await self._send(bytes(nack))
        waited = now - self._key_asked
        wanted = order.wants_key or self._missing.overrun
        if waited >= KEY_EVERY or (wanted and waited >= KEY_AT_MOST_EVERY):
            self._key_asked = now
            order.wants_key = self._missing.overrun = False
            await self._send(bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=self._ssrc, media_ssrc=self._media_ssrc)))

    def _reports(self) -> list[RtcpReceiverInfo]:
        return [self._report(ssrc, stream) for ssrc, stream in self._statistics.items()]

    def _report(self, ssrc: int, stream: StreamStatistics) -> RtcpReceiverInfo:
        lsr, at = self._last_report.get(ssrc, (0, 0.0))
        delay = time.time() - at
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=stream.fraction_lost,
            packets_lost=stream.packets_lost,
            highest_sequence=(stream.max_seq or 0) + stream.cycles,
            jitter=min(stream.jitter, 0xFFFFFFFF),
            lsr=lsr,
            dlsr=int(delay * 65536) if lsr and 0 < delay < 65536 else 0,
        )

    async def _send(self, data: bytes) -> None:
        try:
            await self.transport._send_rtp(data)
        except ConnectionError:
            self._end()

    def _end(self) -> None:
        ended, self.ended = self.ended, None
        if ended is not None:
            ended()


def shared_log(transport: Any, ssrc: int) -> ArrivalLog:
    """Transport-wide numbers are shared by all tracks of a transport, so one log is too."""
    log = getattr(transport, "lectern_arrivals", None)
    if not isinstance(log, ArrivalLog):
        log = ArrivalLog(ssrc)
        transport.lectern_arrivals = log
    return log
