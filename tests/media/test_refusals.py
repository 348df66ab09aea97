"""What is not right is refused with a problem document that says why."""

from __future__ import annotations

import httpx2
from aiortc import RTCConfiguration, RTCPeerConnection

from app.media.directory import Broadcast
from tests.media.stand import WEBINAR, Stand, stand

SDP = {"Content-Type": "application/sdp", "Authorization": "Bearer seat-a"}


async def offer(*kinds: str, direction: str = "sendonly") -> str:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    for kind in kinds:
        peer.addTransceiver(kind, direction=direction)
    await peer.setLocalDescription(await peer.createOffer())
    text: str = peer.localDescription.sdp
    await peer.close()
    return text


async def post(here: Stand, body: str, **headers: str) -> tuple[int, str, httpx2.Response]:
    given = {**SDP, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = await here.client.post(f"{here.url}/whip/{WEBINAR}", content=body, headers=given)
    code = answer.json()["code"] if answer.headers["content-type"] == "application/problem+json" else ""
    return answer.status_code, code, answer


async def test_bad_offers_wrong_tokens_and_foreign_pages_are_refused() -> None:
    async with stand() as here:
        good = await offer("audio", "video")
        only_vp9 = good.replace("H264/90000", "VP9/90000").replace("VP8/90000", "AV1/90000")
        refused = [
            await post(here, "nonsense"),
            await post(here, ""),
            await post(here, await offer("audio", "video", direction="recvonly")),
            await post(here, await offer("video", "video")),
            await post(here, only_vp9),
            await post(here, "x" * 70_000),
            await post(here, good, Authorization="Bearer wrong"),
            await post(here, good, Authorization="Basic abc"),
            await post(here, good, Content_Type="text/plain"),
            await post(here, good, Origin="https://elsewhere.example"),
        ]
        assert [(status, code) for status, code, _ in refused] == [
            (400, "sdp.invalid"),
            (400, "sdp.invalid"),
            (400, "sdp.invalid"),
            (400, "sdp.invalid"),
            (422, "codec.unsupported"),
            (413, "body.too.large"),
            (401, "token.invalid"),
            (401, "token.invalid"),
            (415, "type.unsupported"),
            (403, "origin.foreign"),
        ]
        assert (await post(here, good))[0] == 201


async def test_a_token_of_another_webinar_opens_nothing() -> None:
    async with stand() as here:
        answer = await here.client.post(f"{here.url}/whip/other", content=await offer("audio"), headers=SDP)
        assert answer.status_code == 401
        assert (await here.client.get(f"{here.url}/hls/unknown/main.m3u8")).status_code == 404


async def test_an_ended_webinar_takes_no_sender() -> None:
    async with stand() as here:
        here.directory.state = Broadcast.ENDED
        assert (await post(here, await offer("audio")))[:2] == (409, "webinar.ended")


async def test_the_session_follows_rfc_9725() -> None:
    async with stand() as here:
        sent = await offer("audio", "video")
        status, _, answer = await post(here, sent)
        assert (status, answer.headers["content-type"], answer.headers["accept-patch"]) == (
            201,
            "application/sdp",
            "application/trickle-ice-sdpfrag",
        )
        url = here.url + answer.headers["location"]
        fragment = (
            "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=end-of-candidates\r\n"
        )
        user = next(line.removeprefix("a=ice-ufrag:") for line in sent.splitlines() if line.startswith("a=ice-ufrag:"))
        mine = fragment.replace("abcd", user, 1)
        patch = {"Authorization": "Bearer seat-a", "Content-Type": "application/trickle-ice-sdpfrag"}
        tag = answer.headers["etag"]
        statuses = [
            (await here.client.patch(url, content=fragment, headers=patch)).status_code,
            (await here.client.patch(url, content=fragment, headers={**patch, "If-Match": '"old"'})).status_code,
            (await here.client.patch(url, content="a=x", headers={**patch, "If-Match": tag})).status_code,
            (await here.client.patch(url, content=fragment, headers={**patch, "If-Match": "*"})).status_code,
            (await here.client.patch(url, content=mine, headers={**patch, "If-Match": tag})).status_code,
            (await here.client.patch(url, content=mine, headers={**patch, "If-Match": "*"})).status_code,
            (await here.client.delete(url, headers={"Authorization": "Bearer seat-b"})).status_code,
            (await here.client.delete(url, headers={"Authorization": "Bearer seat-a"})).status_code,
            (await here.client.delete(url, headers={"Authorization": "Bearer seat-a"})).status_code,
        ]
        assert statuses == [428, 412, 400, 409, 204, 422, 404, 200, 404]
        options = await here.client.request("OPTIONS", f"{here.url}/whip/{WEBINAR}")
        assert (options.status_code, options.headers["accept-post"]) == (204, "application/sdp")


async def test_the_answer_names_no_foreign_server_and_the_public_address_when_set() -> None:
    async with stand(media_public_address="203.0.113.7", media_udp_ports="42000-42050") as here:
        _, _, answer = await post(here, await offer("audio", "video"))
        lines = [line.split() for line in answer.text.splitlines() if line.startswith("a=candidate:")]
        assert {line[7] for line in lines} == {"host"}
        assert "203.0.113.7" in {line[4] for line in lines}
        assert {int(line[5]) in range(42000, 42051) for line in lines} == {True}
