"""What people see while nothing is on air, set in the edit page and in the console; and a presenter who shows their screen."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING

from PIL import Image
from playwright.async_api import async_playwright

from tests.browser.test_main_job import PIXELS, audience, greenness, make_webinar, sign_in, watch_for_trouble
from tests.browser.test_studio import ARRIVES
from tests.support.chromium import FLAGS
from tests.support.processes import need
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, FilePayload, Page

    from tests.support.product import Child

SHOWN = "(selector) => { const it = document.querySelector(selector); return it && !it.hidden && it.naturalWidth > 0 && it.checkVisibility() }"
RED = "#c02020"


def photo(colour: str) -> FilePayload:
    out = io.BytesIO()
    Image.new("RGB", (800, 450), colour).save(out, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


async def shown(page: Page, selector: str) -> None:
    await until(partial(page.evaluate, SHOWN, selector), within=15, what=f"{selector} is seen")


async def test_texts_and_pictures_are_set_and_seen_without_a_reload(lectern: Child, chromium: Browser) -> None:
    trouble: list[str] = []
    crew = await chromium.new_context(viewport={"width": 1440, "height": 900})
    organiser = await crew.new_page()
    watch_for_trouble(organiser, trouble)
    await sign_in(organiser, lectern, "organiser@demo.example")
    address = await make_webinar(organiser, lectern)
    guest = await audience(chromium, address, trouble, viewport={"width": 390, "height": 844})
    mark = await guest.evaluate("window.mark = Math.random()")

    await organiser.click("a:has-text('Edit')")
    await organiser.set_input_files("#f-picture-idle", photo("#2040c0"))
    await organiser.fill("#f-text-idle", "Tea is ready")
    await organiser.click("form[action$='/states/idle'] button:has-text('Set')")
    await organiser.wait_for_selector("form[action$='/states/idle'] img.state-picture")
    await guest.wait_for_selector("text=Tea is ready")
    await shown(guest, ".waiting-picture")

    console = await crew.new_page()
    watch_for_trouble(console, trouble)
    await console.goto(address.removesuffix("/room") + "/console")
    await console.click("[role=tab]:has-text('What is open')")
    await console.select_option("state-notes select", "ended")
    await console.fill("state-notes textarea", "See you in May")
    await console.set_input_files("state-notes input[type=file]", photo(RED))
    await console.click("state-notes button:has-text('Set')")
    await console.wait_for_selector("state-notes img.state-picture")
    await console.click("button:has-text('Go live')")
    await until(partial(guest.is_hidden, ".waiting"), what="the waiting page is gone")
    await console.click("button:has-text('End')")
    await console.click("button:has-text('End for everyone')")
    await guest.wait_for_selector("text=See you in May")
    await shown(guest, ".player-poster")
    assert await guest.evaluate("window.mark") == mark, "nobody had to load the page again"
    await console.click("state-notes button:has-text('Remove picture')")
    await guest.wait_for_selector(".player-poster", state="detached")
    assert trouble == []


async def test_a_screen_that_is_shared_takes_the_place_of_the_camera(lectern: Child) -> None:
    # With the fake permission dialog Chromium hands out a made-up screen; without it, the real picture of a tab.
    flags = [flag for flag in FLAGS if "fake-ui" not in flag] + ["--auto-select-tab-capture-source-by-title=Red page"]
    trouble: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=need("chromium", "chromium"), args=flags)
        crew = await browser.new_context(viewport={"width": 1440, "height": 900}, permissions=["camera", "microphone"])
        organiser = await crew.new_page()
        await sign_in(organiser, lectern, "organiser@demo.example")
        address = await make_webinar(organiser, lectern)
        red = await crew.new_page()
        await red.set_content(f"<title>Red page</title><body bgcolor='{RED}'><marquee bgcolor='{RED}'>moving</marquee>")
        studio = await crew.new_page()
        watch_for_trouble(studio, trouble)
        await studio.goto(address.removesuffix("/room") + "/studio")
        await studio.wait_for_selector(ARRIVES, timeout=30_000)
        await studio.click("button:has-text('Go live')")
        guest = await audience(browser, address, trouble, viewport={"width": 800, "height": 600})
        await until(partial(colour, guest, "green"), within=30, what="the fake camera's green")
        await studio.click("button:has-text('Screen: off')")
        await studio.wait_for_selector("button:has-text('Screen: on')")
        await until(partial(colour, guest, "red"), within=30, what="the shared page's red")
        await studio.click("button:has-text('Screen: on')")
        await until(partial(colour, guest, "green"), within=30, what="the camera again")
        await browser.close()
    assert trouble == []


ONLY = """(codec) => {
  const add = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (track, ...rest) {
    const made = add.call(this, track, ...rest);
    if ((track.kind ?? track) === "video") {
      made.setCodecPreferences(RTCRtpSender.getCapabilities("video").codecs.filter((one) => one.mimeType === codec));
      made.setCodecPreferences = () => {};
    }
    return made;
  };
}"""
"""A browser that knows one kind of picture only."""


async def test_the_studio_says_what_a_browser_without_h264_costs_and_what_one_without_any_can_do(
    lectern: Child, chromium: Browser
) -> None:
    crew = await chromium.new_context(viewport={"width": 1440, "height": 900})
    organiser = await crew.new_page()
    await sign_in(organiser, lectern, "organiser@demo.example")
    studio = (await make_webinar(organiser, lectern)).removesuffix("/room") + "/studio"
    for codec, sentence in {
        "video/VP8": "text=This browser sends no H.264, so the server converts it, which costs it more.",
        "video/VP9": "text=The server refused your picture: This browser offers no video format that the server takes",
    }.items():
        page = await crew.new_page()
        await page.add_init_script(f"({ONLY})('{codec}')")
        await page.goto(studio)
        await page.wait_for_selector(sentence, timeout=30_000)
        await page.close()


async def colour(page: Page, name: str) -> bool:
    """Whether most of what the audience sees is of that colour."""
    seen = await page.evaluate(PIXELS)
    if not seen:
        return False
    groups = [seen["pixels"][at : at + 3] for at in range(0, len(seen["pixels"]), 4)]
    redness = sum(1 for red, green, blue in groups if red > 1.5 * green and red > 1.5 * blue) / len(groups)
    return redness > 0.5 if name == "red" else greenness(seen["pixels"]) > 0.5
