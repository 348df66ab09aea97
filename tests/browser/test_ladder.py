"""A smaller picture for poor links: chosen by the player when the link is slow, and by people whenever they like."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.test_main_job import PIXELS, audience, moved, watch_for_trouble
from tests.browser.test_stage import HOLES, shows, width
from tests.browser.test_studio import presenting
from tests.browser.test_styleguide import picture, violations
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.product import Child

SLOW = 110_000
"""Bytes a second: enough for the smaller picture and the sound, not for the large one."""


async def test_a_slow_link_gets_the_smaller_picture_and_people_may_choose(lectern: Child, chromium: Browser) -> None:
    trouble: list[str] = []
    studio, room = await presenting(chromium, lectern, trouble)
    form = await studio.context.new_page()
    watch_for_trouble(form, trouble)
    webinar = await studio.evaluate("JSON.parse(document.getElementById('boot').textContent).webinar")
    await form.goto(f"{lectern.url}/admin/webinars/{webinar}/edit")
    await form.select_option("[name=ladder]", "on")
    await form.click("main form button.primary")
    await form.wait_for_url("**saved=1")
    await studio.click("button:has-text('Go live')")
    viewer = await audience(chromium, room, trouble)
    await until(partial(width, viewer), within=60, what="a picture")
    large = await width(viewer)
    assert large > 854, "a good link gets what is sent"
    choice = viewer.get_by_label("Picture size")
    await expect(choice.locator("option")).to_have_text(["Auto", "720p", "480p"])
    await choice.select_option("480")
    await until(partial(smaller, viewer), within=30, what="the smaller one is seen")
    first = await viewer.evaluate(PIXELS)
    await until(partial(moved, viewer, first), within=30, what="it moves")
    assert await violations(viewer) == []
    await picture(viewer, "room-size-light-desktop.png")
    assert await viewer.evaluate("sessionStorage.getItem('lectern.quality')") == "480"
    await viewer.reload()
    await until(partial(smaller, viewer), within=60, what="the choice is kept for the tab")
    await viewer.get_by_label("Picture size").select_option("0")
    await until(partial(shows, viewer, large), within=60, what="the link allows the large one")
    assert await viewer.evaluate(HOLES) == []

    # Another one, whose link is slow from now on.
    slow = await audience(chromium, room, trouble)
    await until(partial(shows, slow, large), within=60, what="the control: with a good link it is the large one")
    network = await slow.context.new_cdp_session(slow)
    limits = {"offline": False, "latency": 20, "downloadThroughput": SLOW, "uploadThroughput": SLOW}
    await network.send("Network.emulateNetworkConditions", limits)
    await until(partial(smaller, slow), within=90, what="it changes by itself")
    first = await slow.evaluate(PIXELS)
    await until(partial(moved, slow, first), within=30, what="it moves")
    assert trouble == []


async def smaller(page: Page) -> bool:
    return 0 < await width(page) <= 854
