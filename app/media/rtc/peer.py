"""One WebRTC connection of ours: takes a presenter's tracks in, or plays them to crew."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcicetransport import RTCIceTransport
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpCodecCapability
from aiortc.rtcrtptransceiver import RTCRtpTransceiver
from aiortc.sdp import MediaDescription, SessionDescription

from app.core.errors import Problem
from app.media.h264 import is_key_frame
from app.media.rtc import congestion
from app.media.rtc.network import Network
from app.media.rtc.receiver import EncodedReceiver
from app.media.rtc.restart import Restart, candidates_of

WANTED = {"video": ("video/H264", "video/VP8"), "audio": ("audio/opus",)}


def bad_offer(why: str) -> Problem:
    """The offer cannot be read."""
    return Problem("sdp.invalid", "The session description cannot be used: {why}.", status=400, params={"why": why})


def no_codec(kind: str, needed: str) -> Problem:
    """The offer has no codec that we take."""
    text = "This browser offers no {kind} format that the server takes ({needed}). Use a current Firefox, Chrome, Edge or Safari."
    return Problem("codec.unsupported", text, status=422, params={"kind": kind, "needed": needed})


class Peer:
    """A peer connection and its end."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.connection = RTCPeerConnection(network.configuration)
        self.receivers: dict[str, EncodedReceiver] = {}
        self.codecs: dict[str, str] = {}
        self.on_state: Callable[[str], None] | None = None
        self._restart: Restart | None = None
        self.connection.on("connectionstatechange", self._state_changed)

    def _state_changed(self) -> None:
        if self.on_state is not None:
            self.on_state(self.connection.connectionState)

    async def take_in(self, offer_sdp: str) -> str:
        """Answer a WHIP offer: one video and one audio track at most, received without decoding."""
        offer = read_offer(offer_sdp, direction="sendonly")
        for media in offer.media:
            self._prepare(media, self.connection.addTransceiver(media.kind, direction="recvonly"), WANTED[media.kind])
        await self._remote(offer_sdp)
        for media, transceiver in zip(offer.media, self.connection.getTransceivers(), strict=True):
            self._receive(media, transceiver)
        return await self._answer()

    async def play_out(self, offer_sdp: str, tracks: dict[str, MediaStreamTrack]) -> str:
        """Answer a WHEP offer with ``tracks`` that give encoded packets."""
        offer = read_offer(offer_sdp, direction="recvonly")
        for media in offer.media:
            track: MediaStreamTrack | str = tracks.get(media.kind, media.kind)
            direction = "sendonly" if media.kind in tracks else "inactive"
            wanted = ("video/H264",) if media.kind == "video" else WANTED["audio"]
            self._prepare(media, self.connection.addTransceiver(track, direction=direction), wanted)
        await self._remote(offer_sdp)
        for media, transceiver in zip(offer.media, self.connection.getTransceivers(), strict=True):
            transceiver._codecs = one_codec(transceiver._codecs)
            self.codecs[media.kind] = transceiver._codecs[0].name
        return await self._answer()

    @property
    def ice(self) -> RTCIceTransport:
        """The one transport of the bundle."""
        transceiver = self.connection.getTransceivers()[0]
        transport: RTCIceTransport = transceiver.receiver.transport.transport
        return transport

    @property
    def remote_user(self) -> str:
        """Username fragment the other side goes by, or wants to."""
        connection = self._restart.connection if self._restart is not None else self.ice._connection
        return connection.remote_username or ""

    async def restart(self, user: str, password: str, fragment: str) -> str:
        """Restart ICE with the other side's new credentials; gives ours and our addresses as an SDP fragment (RFC 8840 section 9)."""
        if self._restart is not None:
            await self._restart.stop()
        restart = self._restart = Restart(self.ice, self.network)
        await restart.begin(user, password, candidates_of(self.network.admit(fragment)))
        first, connection = self.connection.getTransceivers()[0], restart.connection
        mids = " ".join(str(one.mid) for one in self.connection.getTransceivers())
        lines = [
            "a=ice-options:trickle ice2",
            f"a=group:BUNDLE {mids}",
            f"m={first.kind} 9 UDP/TLS/RTP/SAVPF 0",
            f"a=mid:{first.mid}",
            f"a=ice-ufrag:{connection.local_username}",
            f"a=ice-pwd:{connection.local_password}",
            *(f"a=candidate:{candidate.to_sdp()}" for candidate in connection.local_candidates),
            "a=end-of-candidates",
        ]
        return self.network.publish("".join(f"{line}\r\n" for line in lines))

    async def reach(self, fragment: str) -> None:
        """Take addresses of the other side that come late; without relays they are learnt from what arrives."""
        for candidate in candidates_of(self.network.admit(fragment)):
            connection = self._restart.connection if self._restart is not None else self.ice._connection
            with contextlib.suppress(ValueError):  # It said before that there are no more.
                await connection.add_remote_candidate(candidate)

    async def close(self) -> None:
        """End the connection; the other side hears of it."""
        if self._restart is not None:
            await self._restart.stop()
        await self.connection.close()

    def _prepare(self, media: MediaDescription, transceiver: RTCRtpTransceiver, wanted: tuple[str, ...]) -> None:
        offered = {codec.mimeType.lower() for codec in media.rtp.codecs}
        if not offered & {name.lower() for name in wanted}:
            raise no_codec(media.kind, " or ".join(name.split("/")[1] for name in wanted))
        transceiver.setCodecPreferences(preferences(media.kind, wanted))
        self.network.bind(transceiver.receiver.transport.transport._connection)

    async def _remote(self, offer_sdp: str) -> None:
        try:
            await self.connection.setRemoteDescription(RTCSessionDescription(self.network.admit(offer_sdp), "offer"))
        except OperationError as error:
            raise no_codec("video or audio", "H264 (packetization mode 1) or VP8, and Opus") from error
        except (ValueError, AssertionError, KeyError, InternalError, InvalidAccessError, InvalidStateError) as error:
            raise bad_offer(str(error) or "it is incomplete") from error

    def _receive(self, media: MediaDescription, transceiver: RTCRtpTransceiver) -> None:
        transceiver._codecs = one_codec(transceiver._codecs)
        self.codecs[media.kind] = transceiver._codecs[0].name
        negotiate_congestion(media, transceiver)
        old = transceiver.receiver
        receiver = EncodedReceiver(media.kind, old.transport, is_key_frame if self.codecs[media.kind] == "H264" else is_key_vp8)
        receiver._track = old.track
        receiver._set_rtcp_ssrc(transceiver.sender._ssrc)
        transceiver._RTCRtpTransceiver__receiver = receiver  # type: ignore[attr-defined]
        self.receivers[media.kind] = receiver

    async def _answer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return self.network.publish(self.connection.localDescription.sdp)


def read_offer(text: str, *, direction: str) -> SessionDescription:
    """Parse and check an offer (RFC 9725 section 4.2: one bundle, at most one track of each kind)."""
    try:
        offer = SessionDescription.parse(text)
    except Exception as error:  # aiortc's parser asserts and indexes its way through
        raise bad_offer("it is not SDP") from error
    kinds = [media.kind for media in offer.media]
    if not kinds or len(kinds) != len(set(kinds)) or set(kinds) - {"audio", "video"}:
        raise bad_offer("it needs one audio and one video part at most, and nothing else")
    for media in offer.media:
        if media.direction not in (direction, "sendrecv"):
            raise bad_offer(f"its tracks have to be {direction}")
        if (
            media.dtls is None
            or not media.dtls.fingerprints
            or media.ice is None
            or not media.ice.usernameFragment
            or not media.rtp.muxId
        ):
            raise bad_offer("it lacks ICE, DTLS or mid attributes")
    return offer


def preferences(kind: str, wanted: tuple[str, ...]) -> list[RTCRtpCodecCapability]:
    """Our codecs in the order we like, retransmission included."""
    capabilities = RTCRtpReceiver.getCapabilities(kind)
    known = capabilities.codecs if capabilities is not None else []
    order = [name.lower() for name in wanted]
    chosen = [codec for codec in known if codec.mimeType.lower() in order]
    chosen.sort(key=lambda codec: order.index(codec.mimeType.lower()))
    return chosen + [codec for codec in known if codec.mimeType == "video/rtx"]


def one_codec(codecs: list[Any]) -> list[Any]:
    """The best codec and its retransmission only, so that nobody changes horses."""
    best = codecs[0]
    return [best] + [codec for codec in codecs[1:] if codec.parameters.get("apt") == best.payloadType]


def negotiate_congestion(media: MediaDescription, transceiver: RTCRtpTransceiver) -> None:
    """Answer with transport-wide congestion control, when offered, in place of REMB."""
    extension = next((ext for ext in media.rtp.headerExtensions if ext.uri == congestion.URI), None)
    if extension is None:
        return
    transceiver._headerExtensions = [ext for ext in transceiver._headerExtensions if ext.uri != congestion.URI] + [extension]
    for codec in transceiver._codecs:
        offered = next((c for c in media.rtp.codecs if c.payloadType == codec.payloadType), None)
        codec.rtcpFeedback = [feedback for feedback in codec.rtcpFeedback if feedback.type != "goog-remb"]
        if offered is not None and any(feedback.type == "transport-cc" for feedback in offered.rtcpFeedback):
            codec.rtcpFeedback.append(RTCRtcpFeedback(type="transport-cc"))


def is_key_vp8(frame: bytes) -> bool:
    """RFC 7741 section 4.3: the lowest bit of a key frame's first byte is zero."""
    return bool(frame) and not frame[0] & 1
