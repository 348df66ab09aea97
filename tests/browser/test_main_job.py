"""The main job, as people do it: a presenter goes live from a browser, an audience watches, hears and talks."""

from __future__ import annotations

from functools import partial
from typing import Any

from playwright.async_api import Browser, Page

from tests.support.product import PASSWORD, Child
from tests.support.until import until

PIXELS = """() => {
  const video = document.querySelector("room-player video");
  if (!video || video.readyState < 2 || !video.videoWidth) return null;
  const canvas = document.createElement("canvas");
  canvas.width = 64; canvas.height = 36;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 64, 36);
  return {time: video.currentTime, width: video.videoWidth, pixels: [...context.getImageData(0, 0, 64, 36).data]};
}"""
"""What the audience's browser really shows, small."""

LOUDEST = """async () => {
  const video = document.querySelector("room-player video");
  window.heard ??= (() => {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 4096;
    context.createMediaElementSource(video).connect(analyser);
    analyser.connect(context.destination);
    return {context, analyser, samples: new Float32Array(4096)};
  })();
  await window.heard.context.resume();
  window.heard.analyser.getFloatTimeDomainData(window.heard.samples);
  return Math.max(...window.heard.samples.map(Math.abs));
}"""
"""Loudest sample of the sound the audience hears now."""


async def sign_in(page: Page, lectern: Child, email: str) -> None:
    await page.goto(f"{lectern.url}/sign-in")
    await page.fill("[name=email]", email)
    await page.fill("[name=password]", PASSWORD)
    await page.click("main button.primary")
    await page.wait_for_url("**/admin")


async def make_webinar(page: Page, lectern: Child) -> str:
    """Made as an organiser makes one; returns the address of its room."""
    await page.goto(f"{lectern.url}/admin/webinars/new")
    await page.fill("[name=title]", "A first webinar")
    await page.click("main button.primary")
    await page.wait_for_selector("h1:has-text('A first webinar')")
    address = await page.inner_text("code:has-text('/room')")
    return address.strip()


def watch_for_trouble(page: Page, trouble: list[str]) -> None:
    page.on("pageerror", lambda error: trouble.append(f"{page.url}: {error}"))
    page.on(
        "console", lambda message: trouble.append(f"{page.url}: {message.text}") if "Content Security" in message.text else None
    )


async def audience(chromium: Browser, address: str, trouble: list[str], **options: Any) -> Page:
    context = await chromium.new_context(**options)
    page = await context.new_page()
    watch_for_trouble(page, trouble)
    await page.goto(address)
    await page.wait_for_selector("room-chat textarea")
    return page


async def test_a_presenter_goes_live_and_an_audience_watches_hears_and_talks(lectern: Child, chromium: Browser) -> None:
    trouble: list[str] = []
    crew = await chromium.new_context(viewport={"width": 1440, "height": 900})
    organiser = await crew.new_page()
    watch_for_trouble(organiser, trouble)
    await sign_in(organiser, lectern, "organiser@demo.example")
    address = await make_webinar(organiser, lectern)

    desktop = await audience(chromium, address, trouble, viewport={"width": 1440, "height": 900})
    phone = await audience(chromium, address, trouble, viewport={"width": 390, "height": 844}, has_touch=True)
    for page in (desktop, phone):
        assert await page.is_visible(".waiting"), "before the start people see the waiting page"
        assert await page.evaluate(PIXELS) is None
    marks = [await page.evaluate("window.mark = Math.random()") for page in (desktop, phone)]

    studio = await crew.new_page()
    watch_for_trouble(studio, trouble)
    await studio.goto(address.removesuffix("/room") + "/studio")
    await studio.wait_for_selector("text=Your picture and sound arrive at the server.", timeout=30_000)
    assert await desktop.is_visible(".waiting"), "a preview is for the crew alone"
    await studio.click("button:has-text('Go live')")

    for page in (desktop, phone):
        first = await until(partial(page.evaluate, PIXELS), within=30, what="a decoded picture")
        await until(partial(moved, page, first), within=15, what="the picture moves")
        assert greenness(first["pixels"]) > 0.5, "Chromium's fake camera is green"
        await until(partial(louder, page, 0.05), within=15, what="the fake microphone's beep is heard")
        assert not await page.is_visible(".waiting")

    await desktop.fill("[name=name]", "Ann")
    await say(desktop, "Hello from the desktop")
    await say(phone, "Hello from the phone")
    console = await crew.new_page()
    watch_for_trouble(console, trouble)
    await console.goto(address.removesuffix("/room") + "/console")
    for page in (desktop, phone, console):
        for text in ("Hello from the desktop", "Hello from the phone"):
            await page.wait_for_selector(f".chat-text:has-text('{text}')")
    assert await phone.inner_text("article:has-text('desktop') strong") == "Ann"

    await console.click("button:has-text('End')")
    await console.click("button:has-text('End for everyone')")
    for page in (desktop, phone):
        await page.wait_for_selector("text=This webinar has ended.")
        await page.wait_for_selector("text=The webinar has ended, so the chat is closed.")
        await until(partial(stopped, page), within=10, what="the picture is gone")
    assert [await page.evaluate("window.mark") for page in (desktop, phone)] == marks, "nobody had to load the page again"
    for page in (desktop, phone):
        assert await page.evaluate("document.cookie") == ""
        assert await page.evaluate("Object.keys(localStorage)") == []
    assert trouble == []


async def say(page: Page, text: str) -> None:
    await page.fill("room-chat textarea", text)
    await page.press("room-chat textarea", "Enter")


async def moved(page: Page, first: dict[str, Any]) -> bool:
    now = await page.evaluate(PIXELS)
    return bool(now and now["time"] > first["time"] + 0.5 and now["pixels"] != first["pixels"])


async def louder(page: Page, than: float) -> bool:
    return float(await page.evaluate(LOUDEST)) > than


async def stopped(page: Page) -> bool:
    return await page.evaluate(PIXELS) is None


def greenness(pixels: list[int]) -> float:
    """Share of pixels in which green is the strongest colour."""
    groups = [pixels[at : at + 3] for at in range(0, len(pixels), 4)]
    return sum(1 for red, green, blue in groups if green > red and green > blue) / len(groups)
