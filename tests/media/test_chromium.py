"""A real browser sends its (fake) camera: H.264 is passed through, VP8 is converted, with transport-wide feedback both ways."""

from __future__ import annotations

from statistics import median

import pytest
from playwright.async_api import async_playwright
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.media.stand import WEBINAR, stand

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
SEND = """async ([url, codec]) => {
  const media = await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 640, height: 360}});
  const peer = new RTCPeerConnection();
  window.peer = peer;
  for (const track of media.getTracks()) {
    const t = peer.addTransceiver(track, {direction: 'sendonly'});
    if (track.kind === 'video') t.setCodecPreferences(RTCRtpSender.getCapabilities('video').codecs.filter(
      c => c.mimeType === codec || c.mimeType === 'video/rtx'));
  }
  await peer.setLocalDescription(await peer.createOffer());
  const answer = await fetch(url, {method: 'POST', body: peer.localDescription.sdp,
    headers: {'Content-Type': 'application/sdp', 'Authorization': 'Bearer seat-a'}});
  const sdp = await answer.text();
  await peer.setRemoteDescription({type: 'answer', sdp});
  return [answer.status, answer.headers.get('Lectern-Video'), sdp.includes('transport-cc'), sdp.includes('goog-remb')];
}"""


@pytest.mark.parametrize(("codec", "way"), [("video/H264", "passthrough"), ("video/VP8", "transcoded")])
async def test_a_browser_sends_and_the_stream_has_its_picture(codec: str, way: str) -> None:
    async def page_of(_request: Request) -> Response:
        return HTMLResponse("<!doctype html><title>sender</title>")

    async with stand(routes=[Route("/page", page_of)]) as here, async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page()
        await page.goto(f"{here.url}/page")
        answer = await page.evaluate(SEND, [f"{here.url}/whip/{WEBINAR}", codec])
        assert answer == [201, way, True, False]
        await here.until(lambda text: text.count("#EXTINF") >= 3, within=30)
        main = await here.playlist("crew", "main")
        assert "mp4a.40.2" in main
        assert "avc1.42" in main
        lengths = [
            float(line[8:-1]) for line in (await here.playlist("crew", "video")).splitlines() if line.startswith("#EXTINF")
        ]
        # Key frames come about every two seconds; on a busy machine one of them may be late.
        assert median(lengths) < 3.5
        await browser.close()
