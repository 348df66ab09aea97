"""The engine of Safari: WebKit watches what Chromium presents, and talks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.browser.test_firefox import changed, first_picture
from tests.browser.test_main_job import PIXELS
from tests.browser.test_studio import presenting
from tests.support.page import ENTER
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.support.product import Child
    from tests.support.webkit import View, WebKit


async def test_webkit_watches_and_talks(lectern: Child, chromium: Browser, webkit: WebKit) -> None:
    studio, room = await presenting(chromium, lectern)
    viewer = await webkit.open(room)
    await first_picture(studio, viewer)
    # Like Safari it wants a click before sound. Until then the picture moves in silence; GTK's may stop it as well.
    assert await webkit.loudness() == 0
    await until(partial(heard, viewer, webkit), within=60, what="there is sound once somebody asks for it")
    await until(partial(changed, viewer, await viewer.evaluate(PIXELS)), within=30, what="it moves")
    await viewer.type("room-chat textarea", f"Hello from WebKit{ENTER}")
    await studio.goto(room)
    await studio.wait_for_selector("room-chat >> text=Hello from WebKit")
    assert await viewer.evaluate("document.cookie + Object.keys(localStorage)") == ""


async def heard(viewer: View, webkit: WebKit) -> bool:
    offered = "(selector) => document.querySelector(selector)?.checkVisibility() ?? false"
    for button in ("room-player .player-sound", "room-player [aria-label=Play]"):
        if await viewer.evaluate(offered, button):
            await viewer.press(button)
            break
    # The fake microphone beeps once a second.
    return await webkit.loudness(1.5) > 0.005
