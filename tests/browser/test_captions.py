"""A captioner writes, a participant reads it over the picture and in the transcript."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.browser.test_main_job import PIXELS, audience, make_webinar, sign_in, watch_for_trouble
from tests.browser.test_studio import presenting
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.support.product import Child


async def test_what_a_captioner_writes_is_read_over_the_picture_and_in_the_transcript(lectern: Child, chromium: Browser) -> None:
    trouble: list[str] = []
    crew = await chromium.new_context(viewport={"width": 1440, "height": 900})
    page = await crew.new_page()
    await sign_in(page, lectern, "organiser@demo.example")
    room = await make_webinar(page, lectern)
    await page.click("a[aria-label='Open: Captions']")
    link = (await page.inner_text("code:has-text('/caption/')")).strip()
    viewer = await audience(chromium, room, trouble, viewport={"width": 390, "height": 844})
    desk = await (await chromium.new_context()).new_page()
    watch_for_trouble(desk, trouble)
    await desk.goto(link)
    await desk.fill("textarea", "Good morning, everybody")
    await desk.press("textarea", "Enter")
    await desk.wait_for_selector("li:has-text('Good morning, everybody')")
    await viewer.select_option(".caption-choice", label="English", timeout=20_000)
    await desk.fill("textarea", "We begin with the bees")
    await desk.press("textarea", "Enter")
    await viewer.wait_for_selector(".caption-lines >> text=We begin with the bees")
    await viewer.click("a.tab:has-text('About')")
    await viewer.click("summary:has-text('Transcript')")
    await viewer.wait_for_selector(".transcript li:has-text('Good morning, everybody')")
    assert await viewer.evaluate("sessionStorage.getItem('lectern.captions')") == "en"
    assert trouble == []


SHOWN = """() => [...document.querySelector("room-player video")?.textTracks ?? []].filter((track) => track.mode === "showing")
  .flatMap((track) => [...(track.activeCues ?? [])].map((cue) => cue.text)).join()"""
"""Captions the embedded player shows now."""


async def test_the_player_of_another_site_shows_the_captions_of_the_stream(lectern: Child, chromium: Browser) -> None:
    trouble: list[str] = []
    studio, room = await presenting(chromium, lectern)
    settings = await studio.context.new_page()
    webinar = await studio.evaluate("JSON.parse(document.getElementById('boot').textContent).webinar")
    await settings.goto(f"{lectern.url}/admin/webinars/{webinar}/captions")
    link = (await settings.inner_text("code:has-text('/caption/')")).strip()
    await studio.click("button:has-text('Go live')")
    await studio.wait_for_selector("button:has-text('Pause')")
    desk = await (await chromium.new_context()).new_page()
    await desk.goto(link)
    viewer = await (await chromium.new_context(viewport={"width": 960, "height": 540})).new_page()
    watch_for_trouble(viewer, trouble)
    await viewer.goto(room.removesuffix("/room").replace("/w/", "/embed/"))
    await until(partial(viewer.evaluate, PIXELS), within=60, what="the picture")
    choice = viewer.locator("select[aria-label='Captions']")

    await desk.fill("textarea", "Is this being read?")
    await desk.press("textarea", "Enter")
    await choice.select_option(label="English", timeout=20_000)

    async def said(text: str) -> bool:
        """Lines go on being written until one is shown: each has its moment in the stream."""
        await desk.fill("textarea", text)
        await desk.press("textarea", "Enter")
        await desk.wait_for_selector(f"li:has-text('{text}')")
        return "Good morning" in await viewer.evaluate(SHOWN)

    await until(partial(said, "Good morning, everybody"), within=60, what="a line is shown over the picture")
    await choice.select_option(label="Captions: off")
    await until(partial(viewer.evaluate, f"({SHOWN})() === ''"), within=20, what="no captions any more")
    assert trouble == []
