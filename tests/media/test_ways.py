"""The other ways through: VP8 re-encoded, crew watching with little delay, the proxy of the web process, and no file anywhere."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import av
import httpx2
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription, VideoStreamTrack
from starlette.applications import Starlette

from app.media.proxy import MediaProxy
from tests.media.stand import WEBINAR, Stand, small_clip, stand


class Grey(VideoStreamTrack):
    """A picture made here and encoded by aiortc."""

    async def recv(self) -> av.VideoFrame:
        frame = av.VideoFrame(320, 240, "yuv420p")
        frame.pts, frame.time_base = await self.next_timestamp()
        return frame


async def publish(here: Stand, peer: RTCPeerConnection) -> httpx2.Response:
    await peer.setLocalDescription(await peer.createOffer())
    headers = {"Content-Type": "application/sdp", "Authorization": "Bearer seat-a"}
    answer = await here.client.post(f"{here.url}/whip/{WEBINAR}", content=peer.localDescription.sdp, headers=headers)
    if answer.status_code == 201:
        await peer.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
    return answer


def vp8_sender() -> RTCPeerConnection:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    transceiver = peer.addTransceiver(Grey(), direction="sendonly")
    codecs = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType in ("video/VP8", "video/rtx")])
    return peer


async def test_vp8_is_converted_and_the_answer_says_so() -> None:
    async with stand() as here:
        peer = vp8_sender()
        answer = await publish(here, peer)
        assert (answer.status_code, answer.headers["lectern-video"]) == (201, "transcoded")
        await here.until(lambda text: text.count("#EXTINF") >= 1)
        main = await here.playlist("crew", "main")
        assert "RESOLUTION=320x240" in main
        await peer.close()


async def test_no_more_pictures_are_converted_than_there_are_places() -> None:
    async with stand() as here:
        headers = {"Content-Type": "application/sdp"}
        statuses = []
        for seat in range((os.cpu_count() or 2) // 2 + 1):
            peer = vp8_sender()
            await peer.setLocalDescription(await peer.createOffer())
            given = {**headers, "Authorization": f"Bearer seat-{seat}"}
            answer = await here.client.post(f"{here.url}/whip/{WEBINAR}", content=peer.localDescription.sdp, headers=given)
            statuses.append(answer.status_code)
            await peer.close()
        assert statuses[-1] == 503
        assert set(statuses[:-1]) == {201}


async def test_crew_watch_the_very_packets_that_were_sent() -> None:
    source = small_clip()
    async with stand() as here, here.sending(source):
        await here.until(lambda text: "#EXTINF" in text)
        viewer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        video = viewer.addTransceiver("video", direction="recvonly")
        viewer.addTransceiver("audio", direction="recvonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        video.setCodecPreferences([codec for codec in codecs if codec.mimeType == "video/H264"])
        await viewer.setLocalDescription(await viewer.createOffer())
        headers = {"Content-Type": "application/sdp", "Authorization": "Bearer seat-b"}
        answer = await here.client.post(f"{here.url}/whep/{WEBINAR}", content=viewer.localDescription.sdp, headers=headers)
        assert answer.status_code == 201
        await viewer.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        frame = await asyncio.wait_for(video.receiver.track.recv(), 15)
        assert isinstance(frame, av.VideoFrame)
        assert (frame.width, frame.height) == (640, 360)
        listed = await here.client.get(f"{here.url}/whep/{WEBINAR}", headers={"Authorization": "Bearer seat-b"})
        assert listed.json() == {
            "publishers": [
                {"seat": "a", "video": "passthrough", "audio": True, "program": True, "on_stage": True, "backup": False}
            ]
        }
        assert (await here.client.delete(here.url + answer.headers["location"], headers=headers)).status_code == 200
        await viewer.close()


async def test_the_web_process_hands_the_stream_on_without_cookies_and_says_when_media_is_away() -> None:
    async with stand() as here, here.sending(small_clip()):
        await here.until(lambda text: "#EXTINF" in text)
        for proxy, expected in ((MediaProxy(here.url), 200), (MediaProxy("http://127.0.0.1:9"), 503)):
            app = Starlette(routes=proxy.routes())
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://web") as client:
                answer = await client.get("/hls/crew/video.m3u8", headers={"Cookie": "secret=1"})
                assert answer.status_code == expected
            await proxy.close()


async def test_only_named_headers_are_passed_on() -> None:
    seen: list[dict[str, str]] = []

    async def remember(request: httpx2.Request) -> httpx2.Response:
        seen.append(dict(request.headers))
        return httpx2.Response(200, stream=httpx2.ByteStream(b"ok"), headers={"Connection": "close", "X-Kept": "1"})

    proxy = MediaProxy("http://media")
    proxy._client = httpx2.AsyncClient(transport=httpx2.MockTransport(remember))
    app = Starlette(routes=proxy.routes())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://evil") as client:
        headers = {"Cookie": "secret=1", "X-Forwarded-For": "203.0.113.9", "Connection": "x-a", "Authorization": "Bearer t"}
        answer = await client.get("/hls/t/video.m3u8", headers=headers)
    assert (answer.text, answer.headers.get("connection"), answer.headers["x-kept"]) == ("ok", None, "1")
    assert ("cookie" in seen[0], "x-forwarded-for" in seen[0], seen[0]["host"], seen[0]["authorization"]) == (
        False,
        False,
        "media",
        "Bearer t",
    )


def open_files() -> set[str]:
    """Regular files this process holds open for writing."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        flags = int(Path(f"/proc/self/fdinfo/{entry.name}").read_text().split("flags:")[1].split()[0], 8)
        if target.startswith("/") and not target.startswith(("/dev", "/proc")) and flags & (os.O_WRONLY | os.O_RDWR):
            found.add(target)
    return found


async def test_no_byte_of_the_stream_reaches_a_file(tmp_path: Path) -> None:
    source = small_clip()
    before = open_files()
    os.environ["TMPDIR"], old = str(tmp_path), os.environ.get("TMPDIR")
    try:
        async with stand(data_dir=tmp_path) as here, here.sending(source):
            await here.until(lambda text: text.count("#EXTINF") >= 2)
            assert open_files() - before == set()
        assert list(tmp_path.rglob("*")) == []  # noqa: ASYNC240 - a small folder of the test
    finally:
        if old is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = old
    (tmp_path / "control").write_text("a file is found when there is one")
    assert len(list(tmp_path.rglob("*"))) == 1  # noqa: ASYNC240 - a small folder of the test
