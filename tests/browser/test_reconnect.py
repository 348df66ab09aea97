"""The audience sees the picture again by itself: after the media process was killed, and after the presenter's browser was."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.test_main_job import audience, say
from tests.browser.test_studio import presenting
from tests.support.network import network
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.product import Child

TIME = "document.querySelector('room-player video')?.currentTime ?? 0"
GREEN = """() => { const video = document.querySelector("room-player video");
  const canvas = document.createElement("canvas"); canvas.width = canvas.height = 8;
  const context = canvas.getContext("2d"); context.drawImage(video, 0, 0, 8, 8);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data; return green > red + 40 && green > blue + 40 }"""
"""Chromium's fake camera is green; the title card is not."""


async def test_the_picture_comes_back_without_a_click(lectern: Child, chromium: Browser) -> None:
    studio, room = await presenting(chromium, lectern)
    await studio.click("button:has-text('Go live')")
    viewer = await audience(chromium, room, [])
    await until(partial(viewer.evaluate, f"{TIME} > 1"), within=40, what="the picture plays")
    mark = await viewer.evaluate("window.mark = Math.random()")

    os.kill(media_process(lectern), signal.SIGKILL)
    await studio.wait_for_selector("text=The connection broke.", timeout=30_000)
    await until(partial(camera_plays, viewer), within=60, what="the picture after the media process was killed")

    await studio.close()
    await until(partial(card, viewer), within=40, what="the title while nobody presents")
    again = await studio.context.new_page()
    await again.goto(room.removesuffix("/room") + "/studio")
    await again.click("button:has-text('Go on air')", timeout=40_000)
    await until(partial(camera_plays, viewer), within=60, what="the picture after the presenter came back")
    assert await viewer.evaluate("window.mark") == mark, "nobody loaded the page again"


def media_process(lectern: Child) -> int:
    """Its id, by its parent and its name."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
            command = (entry / "cmdline").read_text()
        except OSError:
            continue
        if int(parent) == lectern.process.pid and "app.media.process" in command:
            return int(entry.name)
    raise AssertionError("there is no media process")


async def camera_plays(page: Page) -> bool:
    before = await page.evaluate(TIME)
    await page.wait_for_timeout(300)
    return await page.evaluate(TIME) != before and bool(await page.evaluate(GREEN))


async def card(page: Page) -> bool:
    return not await page.evaluate(GREEN)


@pytest.mark.parametrize("how", ["held", "broken"])
async def test_ten_seconds_without_a_network_end_nothing_for_who_watches(lectern: Child, chromium: Browser, how: str) -> None:
    studio, room = await presenting(chromium, lectern)
    await studio.click("button:has-text('Go live')")
    other = await audience(chromium, room, [])
    async with network() as way:
        viewer = await audience(chromium, room, [], **way.options)
        assert way.opened > 0, "the control: this browser has no other way"
        await until(partial(camera_plays, viewer), within=60, what="the picture plays")
        mark = await viewer.evaluate("window.mark = Math.random()")
        way.leave(how)
        await viewer.wait_for_timeout(10_000)  # What is to be shown: ten seconds of nothing.
        assert not await camera_plays(viewer), "the control: nothing comes"
        await say(other, "While it was away")
        way.come_back()
        began = time.monotonic()
        await until(partial(camera_plays, viewer), within=40, what="the picture plays again")
        print(f"{how}: plays {time.monotonic() - began:.1f} s after the network came back")
        await until(partial(lately, viewer), within=40, what="not far behind what is live")
        await viewer.wait_for_selector("room-chat >> text=While it was away", timeout=40_000)
        await say(viewer, "Back again")
        await other.wait_for_selector("room-chat >> text=Back again", timeout=40_000)
        assert await viewer.evaluate("window.mark") == mark, "nobody loaded the page again"


async def lately(page: Page) -> bool:
    """Behind by no more than what was missed, which is caught up with a little faster than it was; further back the player jumps."""
    return float(await page.evaluate("document.querySelector('room-player').player.behind")) < 16
