"""Recorded visibly, published, and watched again with the chat in step; gone when it is withdrawn or deleted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tests.browser.test_main_job import audience, say
from tests.browser.test_studio import presenting
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.product import Child

PICTURE = """() => { const video = document.querySelector("replay-player video");
  return video && video.readyState >= 2 ? {time: video.currentTime, length: video.duration, width: video.videoWidth} : null }"""


async def test_what_was_live_is_watched_again_with_its_chat(lectern: Child, chromium: Browser) -> None:
    trouble: list[str] = []
    studio, room = await presenting(chromium, lectern, trouble)
    home = room.removesuffix("/room")
    viewer = await audience(chromium, room, trouble)
    assert await viewer.locator("text=Will be recorded").count() == 0
    await studio.click("button:has-text('Recording: off')")
    await viewer.wait_for_selector("room-bar >> text=Will be recorded")
    await studio.click("button:has-text('Go live')")
    await viewer.wait_for_selector("room-bar >> text=Recording")
    await until(partial(plays, viewer), within=40, what="the audience sees the picture")
    await say(viewer, "A word in the recording")
    await viewer.wait_for_selector(".chat-text:has-text('A word in the recording')")
    shown = await viewer.evaluate("document.querySelector('room-player video').currentTime")
    await until(partial(later, viewer, shown + 4), within=40, what="some seconds are recorded")
    assert (await viewer.request.get(home + "/replay")).status == 404, "nothing is public before somebody publishes it"
    await studio.click("button:has-text('End')")
    await studio.click("button:has-text('End for everyone')")
    await studio.wait_for_selector("text=The webinar has ended. Nothing is sent.")

    await studio.goto(await recordings_page(studio, lectern))
    # Without saving first: what was typed is not lost.
    await studio.fill("[name=chapters]", "0:01 The beginning")
    await studio.click("button:has-text('Publish')")
    await studio.wait_for_selector("text=Can be watched")
    async with studio.expect_download() as waiting:
        await studio.click("a:has-text('Download')")
    file = await (await waiting.value).path()
    assert file.read_bytes()[4:8] == b"ftyp"

    await viewer.goto(home + "/replay")
    await until(partial(viewer.evaluate, PICTURE), within=30, what="the recording loads")
    await viewer.click("replay-player button[aria-label='Play']")
    await viewer.wait_for_selector("replay-chat >> text=A word in the recording", timeout=40_000)
    first: dict[str, Any] = await viewer.evaluate(PICTURE)
    assert first["width"] > 0
    assert first["length"] > 3
    await viewer.click("a:has-text('Chapters'), [role=tab]:has-text('Chapters')")
    await viewer.click("button:has-text('The beginning')")
    assert await viewer.evaluate("document.cookie + Object.keys(localStorage)") == ""
    address = await viewer.evaluate("document.querySelector('replay-player').address")
    assert (await viewer.request.get(lectern.url + address)).status == 200

    await studio.click("button:has-text('Withdraw')")
    await studio.wait_for_selector("text=Not published")
    assert (await viewer.request.get(lectern.url + address)).status == 404
    assert (await viewer.request.get(home + "/replay")).status == 404
    await studio.click("button:has-text('Delete')")
    await studio.click("dialog[open] button:has-text('Delete for good')")
    await studio.wait_for_selector("text=No recordings")
    assert [path for path in (lectern.folder / "data" / "files").rglob("*") if path.is_file()] == []
    assert trouble == []


async def recordings_page(studio: Page, lectern: Child) -> str:
    webinar = await studio.evaluate("JSON.parse(document.getElementById('boot').textContent).webinar")
    return f"{lectern.url}/admin/webinars/{webinar}/recordings"


async def plays(page: Page) -> bool:
    return await later(page, 0.5)


async def later(page: Page, than: float) -> bool:
    return bool(await page.evaluate("document.querySelector('room-player video')?.currentTime > " + str(than)))
