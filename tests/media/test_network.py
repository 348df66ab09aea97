"""Senders behind a bad link: the network changes, goes away, comes back, is narrow, far, and lossy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright
from playwright.async_api import Route as Call
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from app.media.session import PublishSession
from tests.media.stand import WEBINAR, Stand, small_clip, stand
from tests.media.test_chromium import CHROMIUM, FLAGS
from tests.media.test_live import run
from tests.media.test_program import EXACT
from tests.support.link import Link, link
from tests.support.until import until

SOURCE = Path(__file__).parents[2] / "frontend/src"
PAGE = f"""<!doctype html><title>sender</title><script type="module">
  import {{ WhipSender }} from "/src/media/whip.js";
  const media = await navigator.mediaDevices.getUserMedia({{audio: true}});
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const context = canvas.getContext("2d");
  // Hard to encode, unlike the browser's own test picture: it takes every bit it is given.
  const draw = () => {{
    context.fillStyle = "#246";
    context.fillRect(0, 0, 640, 360);
    for (let i = 0; i < 120; i++) {{
      context.fillStyle = `hsl(${{Math.random() * 360}} 70% 50%)`;
      context.fillRect(Math.random() * 640, Math.random() * 360, 16, 16);
    }}
  }};
  setInterval(draw, 1000 / 20);
  media.addTrack(canvas.captureStream(20).getVideoTracks()[0]);
  window.sender = new WhipSender("/whip/{WEBINAR}", "seat-a", []);
  window.states = [];
  sender.addEventListener("change", () => states.push(sender.state));
  sender.start(media.getVideoTracks()[0], media.getAudioTracks()[0]);
</script>"""


class Sender:
    """A browser that sends over ``link``."""

    def __init__(self, here: Stand, page: Page, way: Link) -> None:
        self.here = here
        self.page = page
        self.link = way
        self.asked: list[str] = []
        """Methods of the requests that reached the server."""
        self.deaf = False
        """Answers do not say that arrival times are told (transport-wide congestion control)."""
        self.refuse = False
        """Restarts are answered as by a server that has none."""

    async def call(self, route: Call) -> None:
        """A request of the browser: gone when the link is, and its answer leads over the link."""
        if self.link.away:
            await route.abort()
            return
        self.asked.append(route.request.method)
        if self.refuse and route.request.method == "PATCH":
            await route.fulfill(status=422)
            return
        answer = await route.fetch()
        sdp = await answer.text()
        if self.deaf:
            sdp = "\n".join(line for line in sdp.split("\n") if "transport-cc" not in line and "transport-wide-cc" not in line)
        await route.fulfill(response=answer, body=await self.link.through(sdp))

    async def is_(self, state: str) -> bool:
        return bool(await self.page.evaluate("window.sender?.state") == state)

    @property
    def session(self) -> PublishSession:
        return list(self.here.studio.stages[WEBINAR].sessions.values())[-1]


@asynccontextmanager
async def sender(*, deaf: bool = False, **settings: float) -> AsyncIterator[Sender]:
    async def page_of(_request: Request) -> Response:
        return HTMLResponse(PAGE)

    routes: list[Any] = [Route("/page", page_of), Mount("/src", StaticFiles(directory=SOURCE))]
    async with stand(routes=routes) as here, link(**settings) as way, async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page()
        one = Sender(here, page, way)
        one.deaf = deaf
        await page.route("**/whip/**", one.call)
        await page.goto(f"{here.url}/page")
        await until(partial(one.is_, "sending"), within=20, what="the browser sends")
        await here.until(lambda text: "#EXTINF" in text)
        yield one
        await browser.close()


async def test_a_browser_whose_network_changes_or_goes_comes_back_in_the_same_session() -> None:
    async with sender() as one:
        first, stage = one.session, one.here.studio.stages[WEBINAR]
        tag, breaks = first.etag, stage.program.breaks
        # Another network, as the browser tells: the session moves, nothing breaks.
        connection = first.peer.ice._connection
        await one.page.evaluate("dispatchEvent(new Event('online'))")
        await until(lambda: first.peer.ice._connection is not connection, what="the session moves")
        assert (first.etag != tag, stage.program.breaks, one.asked) == (True, breaks, ["POST", "PATCH"])
        assert "away" not in await one.page.evaluate("window.states")
        # The way is gone for good, and nobody told: the browser notices by itself.
        packets = first.peer.receivers["video"].packets
        one.link.leave()
        await until(partial(one.is_, "away"), within=20, what="the browser notices")
        await until(partial(one.is_, "sending"), within=20, what="the browser is back")
        await until(lambda: first.peer.receivers["video"].packets > packets + 50, what="the same session goes on")
        assert (one.session, one.asked.count("POST")) == (first, 1)
        # The control: where the server has no restarts, it takes a new session.
        one.refuse = True
        one.link.leave()
        await until(partial(one.is_, "away"), within=20, what="the browser notices")
        await until(partial(one.is_, "sending"), within=20, what="the browser is back")
        assert (one.session is first, one.asked.count("POST")) == (False, 2)


async def test_ten_seconds_without_any_network_leave_the_last_picture_and_then_the_moving_one() -> None:
    async with sender() as one:
        stage = one.here.studio.stages[WEBINAR]
        breaks = stage.program.breaks
        one.link.away = True
        await one.page.wait_for_timeout(10_000)  # What is to be shown: ten seconds of nothing, neither packets nor requests.
        assert await one.is_("away")
        await more_segments(one.here, 1)
        one.link.away = False
        await until(partial(one.is_, "sending"), within=30, what="the browser is back without a click")
        seen = one.session.peer.receivers["video"].packets
        await until(lambda: one.session.peer.receivers["video"].packets > seen + 30, within=20, what="the picture moves")
        assert stage.program.breaks == breaks, "the audience's player had nothing to begin anew"
        assert await plays_clean(one.here)


async def plays_clean(here: Stand) -> bool:
    """Whether ffmpeg decodes all that the playlist has, without a complaint."""
    url = f"{here.url}/hls/crew/main.m3u8"
    _, err = await run("ffmpeg", "-v", "error", "-live_start_index", "0", "-t", "4", "-i", url, *EXACT, "-f", "null", "-")
    return err == ""


async def more_segments(here: Stand, count: int) -> None:
    """The stream goes on by so many."""
    before = await newest(here)
    await until(partial(_newer, here, before + count), within=30, what="segments go on")


async def newest(here: Stand) -> int:
    text = await here.playlist("crew", "video")
    return int(text.split("#EXT-X-MEDIA-SEQUENCE:")[1].split()[0]) + text.count("#EXTINF")


async def _newer(here: Stand, number: int) -> bool:
    return await newest(here) >= number


async def offered(one: Sender, seconds: float) -> float:
    """What the sender sends now, in bit/s."""
    before = one.link.offered
    await one.page.wait_for_timeout(seconds * 1000)
    return (one.link.offered - before) * 8 / seconds


MEASURE = f"""(async () => (await import("/src/media/uplink.js")).measureUplink("/whip/{WEBINAR}", "seat-b", []))()"""


async def test_the_network_test_tells_a_good_way_from_a_bad_one_and_leaves_nothing_behind() -> None:
    async with sender() as one:
        await one.page.evaluate("sender.stop()")
        stages = set(one.here.studio.stages[WEBINAR].sessions)
        one.link.rate, one.link.delay, one.link.loss = 250_000, 0.1, 0.08
        bad = await one.page.evaluate(MEASURE)
        one.link.rate, one.link.delay, one.link.loss = 0, 0, 0
        good = await one.page.evaluate(MEASURE)
        assert bad["speed"] < 400
        assert bad["speed"] < good["speed"]
        assert bad["delay"] >= 200 > good["delay"]
        assert bad["loss"] > 2 > good["loss"]
        assert set(one.here.studio.stages[WEBINAR].sessions) <= stages, "nobody saw it on the stage"


NARROW = 600_000


async def _settled(one: Sender) -> bool:
    lost = one.link.lost
    return await offered(one, 2) < NARROW and one.link.lost == lost


async def test_a_browser_on_a_narrow_far_and_lossy_link_sends_less_and_the_picture_goes_on() -> None:
    async with sender() as one:
        breaks = one.here.studio.stages[WEBINAR].program.breaks
        one.link.rate = NARROW
        await until(partial(_settled, one), within=30, what="what is sent fits the link, and nothing is lost")
        await more_segments(one.here, 1)
        one.link.rate, one.link.loss, one.link.delay = 0, 0.05, 0.05
        await more_segments(one.here, 2)
        assert await plays_clean(one.here)
        assert one.here.studio.stages[WEBINAR].program.breaks == breaks, "nobody ever saw the card"


WIDE = 1_500_000


async def _uses(one: Sender, least: float) -> bool:
    return await offered(one, 2) > least


async def test_a_sender_that_is_told_when_packets_arrive_uses_a_wide_link_and_one_that_is_not_does_not() -> None:
    async with sender() as one:
        await until(partial(_uses, one, WIDE), within=30, what="the link is used")
    async with sender(deaf=True) as other:
        assert await offered(other, 8) < WIDE, "the control"


@pytest.mark.parametrize("loss", [0.02, 0.05])
async def test_what_is_lost_is_asked_for_again_and_a_sender_that_does_not_listen_loses_its_picture(loss: float) -> None:
    async with stand() as here, link(loss=loss, delay=0.05) as way, here.sending(small_clip(), way=way.through) as looper:
        await here.until(lambda text: text.count("#EXTINF") >= 3)
        await until(lambda: way.lost > 20, within=30, what="enough is lost")
        stage = here.studio.stages[WEBINAR]
        order = stage.sessions[next(iter(stage.sessions))].peer.receivers["video"].order
        assert (order.dropped, stage.program.breaks, await plays_clean(here)) == (0, 0, True)
        # The control: a sender that repeats nothing, and one that sends more than the link carries.
        sends: Any = looper.connection.getTransceivers()[1].sender
        kept, sends._retransmit = sends._retransmit, _nothing
        await until(lambda: order.dropped > 0, what="frames are lost")
        sends._retransmit = kept
        way.loss, way.rate, before = 0, NARROW / 4, order.dropped
        await until(lambda: order.dropped > before, within=20, what="frames are lost on the narrow link")


async def _nothing(_sequence: int) -> None:
    return None
