"""Another browser engine: Firefox watches what Chromium presents and talks, and presents what Chromium watches."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tests.browser.test_main_job import PIXELS, audience, louder, make_webinar, moved, sign_in
from tests.browser.test_studio import presenting
from tests.support.page import ENTER
from tests.support.product import PASSWORD
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser
    from playwright.async_api import Page as PlaywrightPage

    from tests.support.firefox import Firefox
    from tests.support.page import Page
    from tests.support.product import Child


async def test_firefox_watches_and_talks(lectern: Child, chromium: Browser, firefox: Firefox) -> None:
    studio, room = await presenting(chromium, lectern)
    viewer = await firefox.open(room)
    first = await first_picture(studio, viewer)
    await until(partial(changed, viewer, first), within=30, what="it moves")
    # Without a sound card its Web Audio stands still, so what is heard cannot be measured; that sound is decoded and played can be asked.
    sound = "(({mozHasAudio, muted, volume}) => mozHasAudio && !muted && volume > 0)(document.querySelector('room-player video'))"
    await until(partial(viewer.evaluate, sound), within=30, what="there is sound")
    await viewer.type("room-chat textarea", f"Hello from Firefox{ENTER}")
    await studio.goto(room)
    await studio.wait_for_selector("room-chat >> text=Hello from Firefox")
    assert await viewer.evaluate("document.cookie + Object.keys(localStorage)") == ""


async def test_firefox_presents(lectern: Child, chromium: Browser, firefox: Firefox) -> None:
    crew = await (await chromium.new_context()).new_page()
    await sign_in(crew, lectern, "organiser@demo.example")
    room = await make_webinar(crew, lectern)
    presenter = await firefox.open(f"{lectern.url}/sign-in")
    await presenter.type("[name=email]", "organiser@demo.example")
    await presenter.type("[name=password]", PASSWORD)
    await presenter.click("main button.primary")
    await until(partial(presenter.evaluate, "location.pathname === '/admin'"), within=30, what="signed in")
    await presenter.goto(room.removesuffix("/room") + "/studio")
    # Without the plug-in that Firefox fetches for H.264 it sends VP8, and the studio says what that costs.
    await presenter.there("main *", "Your picture arrives. This browser sends no H.264", within=60)
    await presenter.click("button", "Go live")
    viewer = await audience(chromium, room, [])
    await until(partial(viewer.evaluate, PIXELS), within=60, what="a picture")
    first = await viewer.evaluate(PIXELS)
    await until(partial(moved, viewer, first), within=60, what="it moves")
    await until(partial(louder, viewer, 0.01), within=40, what="it is heard")
    await presenter.click("button", "End")


async def first_picture(studio: PlaywrightPage, viewer: Page) -> dict[str, Any]:
    """Who waits in the room sees the studio go live."""
    await viewer.there(".waiting")
    await studio.click("button:has-text('Go live')")
    await until(partial(seen, viewer), within=60, what="a picture")
    first: dict[str, Any] = await viewer.evaluate(PIXELS)
    assert first["width"] == 1280
    return first


async def seen(tab: Page) -> bool:
    return bool(await tab.evaluate(PIXELS))


async def changed(tab: Page, first: dict[str, Any]) -> bool:
    now = await tab.evaluate(PIXELS)
    return bool(now and now["pixels"] != first["pixels"] and now["time"] > first["time"])
