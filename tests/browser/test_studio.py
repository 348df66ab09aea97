"""The studio where things are missing, refused or already running; and a room whose browser wants a click before sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.async_api import async_playwright

from tests.browser.test_main_job import PIXELS, make_webinar, sign_in, watch_for_trouble
from tests.support.chromium import FLAGS
from tests.support.processes import need
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

    from tests.support.product import Child

REFUSE = """(name) => {
  navigator.mediaDevices.getUserMedia = async (wanted) => { throw new DOMException("no", name) };
}"""
ARRIVES = "text=Your picture and sound arrive at the server."


async def presenting(chromium: Browser, lectern: Child, trouble: list[str] | None = None) -> tuple[Page, str]:
    """The organiser in the studio of a new webinar, whose picture and sound arrive; and the address of its room."""
    studio = await (await chromium.new_context(viewport={"width": 1440, "height": 900})).new_page()
    if trouble is not None:
        watch_for_trouble(studio, trouble)
    await sign_in(studio, lectern, "organiser@demo.example")
    room = await make_webinar(studio, lectern)
    await studio.goto(room.removesuffix("/room") + "/studio")
    await studio.wait_for_selector(ARRIVES, timeout=60_000)
    return studio, room


async def crew(chromium: Browser, lectern: Child) -> tuple[BrowserContext, str]:
    """An organiser who signed in and made a webinar; the address of its studio."""
    context = await chromium.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await sign_in(page, lectern, "organiser@demo.example")
    address = await make_webinar(page, lectern)
    return context, address.removesuffix("/room") + "/studio"


async def open_with(context: BrowserContext, address: str, error: str) -> Page:
    """The studio in a browser whose devices fail with ``error``."""
    page = await context.new_page()
    await page.add_init_script(f"({REFUSE})('{error}')")
    await page.goto(address)
    return page


async def test_what_is_wrong_with_the_devices_is_said_plainly(lectern: Child, chromium: Browser) -> None:
    context, studio = await crew(chromium, lectern)
    for error, words in {
        "NotAllowedError": "Camera and microphone were refused.",
        "NotReadableError": "Another program uses the camera or microphone.",
        "NotFoundError": "No camera and no microphone were found.",
    }.items():
        page = await open_with(context, studio, error)
        await page.wait_for_selector(f"[role=alert]:has-text('{words}')")
        assert await page.is_visible("button:has-text('Try again')")
        await page.close()
    # The control: with devices there is nothing to complain about.
    page = await context.new_page()
    await page.goto(studio)
    await page.wait_for_selector(ARRIVES, timeout=30_000)
    assert await page.locator("studio-camera [role=alert]").count() == 0
    await page.click("button:has-text('Test the network')")
    await page.wait_for_selector(".studio-uplink:has-text('Mbit/s to the server')", timeout=30_000)


async def test_who_comes_while_it_is_on_air_is_asked_first(lectern: Child, chromium: Browser) -> None:
    context, studio = await crew(chromium, lectern)
    first = await context.new_page()
    posts: list[str] = []
    context.on(
        "request", lambda request: posts.append(request.url) if request.method == "POST" and "/whip/" in request.url else None
    )
    await first.goto(studio)
    await first.wait_for_selector(ARRIVES, timeout=30_000)
    await first.click("button:has-text('Go live')")
    await first.wait_for_selector("button:has-text('Pause')")
    assert len(posts) == 1
    second = await context.new_page()
    await second.goto(studio)
    await second.wait_for_selector("text=Your picture and sound are not sent yet.")
    assert len(posts) == 1, "nothing was sent without being asked"
    await second.click("button:has-text('Go on air')")
    await second.wait_for_selector(ARRIVES, timeout=30_000)
    assert len(posts) == 2


async def test_a_browser_that_wants_a_click_shows_the_picture_and_offers_the_sound(lectern: Child, chromium: Browser) -> None:
    flags = [flag for flag in FLAGS if not flag.startswith("--autoplay-policy")]
    trouble: list[str] = []
    context, studio = await crew(chromium, lectern)
    presenter = await context.new_page()
    await presenter.goto(studio)
    await presenter.wait_for_selector(ARRIVES, timeout=30_000)
    await presenter.click("button:has-text('Go live')")
    room = studio.removesuffix("/studio") + "/room"
    async with async_playwright() as playwright:
        strict = await playwright.chromium.launch(
            executable_path=need("chromium", "chromium"), args=[*flags, "--autoplay-policy=document-user-activation-required"]
        )
        page = await (await strict.new_context()).new_page()
        watch_for_trouble(page, trouble)
        parts: list[str] = []
        page.on("response", lambda answer: parts.append(answer.url) if "/hls/" in answer.url else None)
        await page.goto(room)
        # Playwright's own questions count as gestures of a person, so none is asked before the player tried.
        await until(lambda: len(parts) > 20, within=30, what="the player loads the stream")
        await page.wait_for_selector(".player-sound")
        await until(lambda: page.evaluate(PIXELS), within=30, what="a picture without a click")
        assert await muted(page)
        await page.click("button:has-text('Sound on')")
        assert not await muted(page)
        await page.wait_for_selector(".player-sound", state="detached")
        await strict.close()
    assert trouble == []


async def muted(page: Page) -> Any:
    return await page.evaluate("document.querySelector('room-player video').muted")
