"""What we rely on inside aiortc and aioice. Checked when the media process starts, so a changed library fails loudly."""

from __future__ import annotations

import inspect
from importlib.metadata import version

from aioice.ice import Connection
from aiortc import RTCPeerConnection
from aiortc.rtcdtlstransport import RTCDtlsTransport, RtpRouter
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceTransport
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtcrtptransceiver import RTCRtpTransceiver
from aiortc.rtp import RtpPacket

PINNED = {"aiortc": "1.16.0", "aioice": "0.13.0"}

# Class, attribute, and text its source must hold: the sentence of the library that our code stands on.
INSIDE: tuple[tuple[type, str, str], ...] = (
    (RTCPeerConnection, "setRemoteDescription", "HEADER_EXTENSIONS[media.kind], media.rtp.headerExtensions"),
    (RTCPeerConnection, "setRemoteDescription", "transceiver._preferred_codecs"),
    (RTCPeerConnection, "setRemoteDescription", "transceiver.receiver.setTransport(primaryTransport)"),
    (RTCPeerConnection, "_RTCPeerConnection__connect", "await transceiver.receiver.receive("),
    (RTCPeerConnection, "_RTCPeerConnection__connect", "iceTransport.iceGatherer.getLocalCandidates()"),
    (RTCPeerConnection, "close", "await transceiver.stop()"),
    (RTCRtpTransceiver, "receiver", "return self.__receiver"),
    (RTCRtpTransceiver, "_setCurrentDirection", "self.__receiver._enabled = True"),
    (RTCDtlsTransport, "_register_rtp_receiver", "self._rtp_header_extensions_map.configure(parameters)"),
    (RTCDtlsTransport, "_handle_rtp_data", "receiver._handle_rtp_packet(packet, arrival_time_ms=arrival_time_ms)"),
    (RTCDtlsTransport, "_handle_rtcp_data", "recipient._handle_rtcp_packet(packet)"),
    (RTCDtlsTransport, "_recv_next", "await self.transport._recv()"),
    (RTCDtlsTransport, "_send_rtp", "await self.transport._send(data)"),
    (RTCDtlsTransport, "_unregister_rtp_receiver", "unregister_receiver(receiver)"),
    (RtpRouter, "route_rtp", "pt_receivers = self.payload_type_table.get"),
    (RTCRtpSender, "_handle_rtcp_packet", "self._send_keyframe()"),
    (RTCRtpSender, "_next_encoded_frame", "self.__encoder.pack(data)"),
    (RTCRtpReceiver, "_set_rtcp_ssrc", "self.__rtcp_ssrc = ssrc"),
    (RTCIceGatherer, "gather", "self._connection.gather_candidates()"),
    (RTCIceTransport, "__init__", "self._recv = self._connection.recv"),
    (RTCIceTransport, "__init__", "self._send = self._connection.send"),
    (RTCIceTransport, "getRemoteCandidates", "self._connection.remote_candidates"),
    (RTCIceTransport, "stop", "await self._connection.close()"),
    (RTCIceTransport, "_monitor", "await self._connection.get_event()"),
    (Connection, "gather_candidates", "self.get_component_candidates(component=component, addresses=addresses)"),
    (Connection, "get_component_candidates", "local_addr=(address, 0)"),
    (Connection, "get_event", "self._event_waiter = loop.create_future()"),
    (Connection, "_emit_event", "waiter.set_result(event)"),
    (Connection, "close", "self._queue.put_nowait(None)"),
    (Connection, "connect", "res = await self._check_list_state.get()"),
    (Connection, "check_incoming", "pair.remote_nominated = True"),
    (Connection, "data_received", "self._queue.put_nowait((data, component))"),
    (Connection, "recvfrom", "result = await self._queue.get()"),
    (RtpPacket, "__init__", "self.extensions = HeaderExtensions()"),
)


class ContractBroken(RuntimeError):
    """The installed library is not the one this code was written against."""


def check() -> None:
    """Raise :class:`ContractBroken` naming everything that differs."""
    broken = [f"{name} is {version(name)}, not {pinned}" for name, pinned in PINNED.items() if version(name) != pinned]
    broken += [f"{cls.__name__}.{name} has no more “{text}”" for cls, name, text in INSIDE if text not in _source(cls, name)]
    if broken:
        raise ContractBroken("; ".join(broken) + ". Install requirements.txt, or adapt app/media/rtc and its contract.")


def _source(cls: type, name: str) -> str:
    member = inspect.getattr_static(cls, name, None)
    if isinstance(member, property):
        member = member.fget
    return inspect.getsource(member) if callable(member) else ""
