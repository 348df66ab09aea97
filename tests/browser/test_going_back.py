"""Somebody who joins late goes back by the bar, sees what was, and comes to what is live again."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from playwright.async_api import expect

from app.core.permissions import Role
from tests.browser.test_main_job import PIXELS, moved
from tests.browser.test_styleguide import picture, violations
from tests.media.stand import long_live, small_clip, stand
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Route

    from tests.media.stand import Stand
    from tests.support.product import Product


async def test_a_late_joiner_goes_back_and_comes_to_what_is_live_again(product: Product, chromium: Browser) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    async with (
        stand() as here,
        here.sending(small_clip()),
        product.join(webinar.id, Role.MODERATOR) as mo,
        AsyncExitStack() as ending,
    ):
        await long_live(here, 60, small_clip())
        await here.until(lambda text: text.count("#EXTINF") > 25, lane="audience")
        for state in ("preview", "live"):
            await mo.ask("broadcast.set", to=state)
        asked: list[str] = []
        viewer = await viewer_of(chromium, product, webinar.slug, here, asked)
        ending.push_async_callback(viewer.unroute_all, behavior="ignoreErrors")
        await until(partial(viewer.evaluate, PIXELS), within=30, what="the picture")
        bar = viewer.locator("room-player .player-place")
        await bar.wait_for()
        await expect(bar).to_have_attribute("aria-valuetext", "Live")
        live: dict[str, Any] = await viewer.evaluate(PIXELS)
        # How long the bar is, is for the machine to say: what is live has gone on since the stream began.
        back = float(await bar.evaluate("(bar) => { bar.value = 5; bar.dispatchEvent(new Event('change')); return bar.max - 5 }"))
        assert back > 40
        await until(partial(plays_around, viewer, live["time"] - back), within=60, what="what was is seen")
        await expect(bar).to_have_attribute("aria-valuetext", re.compile("behind"))
        assert await violations(viewer) == []
        await picture(viewer, "going-back.png")
        first = await viewer.evaluate(PIXELS)
        await until(partial(moved, viewer, first), within=40, what="it goes on from there")
        await viewer.click("room-player button:has-text('To live')")
        await until(partial(after, viewer, live["time"]), within=60, what="what is live is seen again")
        await expect(bar).to_have_attribute("aria-valuetext", "Live")
        assert any("_HLS_skip=YES" in one for one in asked), "what the player has already is not sent again"


async def viewer_of(chromium: Browser, product: Product, slug: str, here: Stand, asked: list[str]) -> Page:
    """A room whose stream comes from a program that has been running for long."""
    page = await (await chromium.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")).new_page()

    async def from_stand(route: Route) -> None:
        asked.append(route.request.url)
        answer = await here.client.get(f"{here.url}/hls/audience/{route.request.url.rpartition('/')[2]}")
        kept = {name: answer.headers[name] for name in ("content-type", "cache-control") if name in answer.headers}
        await route.fulfill(status=answer.status_code, body=answer.content, headers=kept)

    await page.route("**/hls/**", from_stand)
    await page.goto(f"{product.url}/w/{slug}/room")
    return page


async def plays_around(page: Page, place: float) -> bool:
    now = await page.evaluate(PIXELS)
    return bool(now and abs(now["time"] - place) < 20)


async def after(page: Page, place: float) -> bool:
    now = await page.evaluate(PIXELS)
    return bool(now and now["time"] > place)
