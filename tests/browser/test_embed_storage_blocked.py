"""The player inside another site, in a browser that blocks every cookie and storage; and sites that may not show it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.browser.test_main_job import make_webinar, sign_in
from tests.browser.test_studio import ARRIVES
from tests.support.chromium import FLAGS
from tests.support.processes import need
from tests.support.server import Serve, listen
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Frame, Page

    from tests.support.product import Child

BLOCKED = {"profile": {"default_content_setting_values": {"cookies": 2}, "block_third_party_cookies": True}}
STORAGE = """() => [() => sessionStorage.length, () => localStorage.length, () => document.cookie = "a=1"].map((look) => {
  try { look(); return document.cookie } catch (error) { return error.name } })"""
PLAYS = "() => { const video = document.querySelector('room-player video'); return video && video.currentTime > 0.5 && video.videoWidth }"
HOST = """<!doctype html><title>Another site</title><iframe id=frame src="{address}" width=960 height=540 allow="autoplay"></iframe>
<script>window.heard = [];
addEventListener("message", (event) => event.data.source === "lectern" && window.heard.push(event.data));
frame.onload = () => frame.contentWindow.postMessage({{target: "lectern", type: "hello"}}, "*");
</script>"""


@asynccontextmanager
async def strict(folder: Path) -> AsyncIterator[Page]:
    """A browser whose person said: no site may keep anything."""
    (folder / "Default").mkdir(parents=True)
    (folder / "Default" / "Preferences").write_text(json.dumps(BLOCKED))
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(folder), executable_path=need("chromium", "chromium"), args=FLAGS
        )
        yield await context.new_page()
        await context.close()


async def test_the_player_works_inside_another_site_with_all_storage_blocked(
    lectern: Child, chromium: Browser, serve_app: Serve, tmp_path: Path
) -> None:
    crew = await chromium.new_context(viewport={"width": 1440, "height": 900})
    studio = await crew.new_page()
    await sign_in(studio, lectern, "organiser@demo.example")
    room = await make_webinar(studio, lectern)
    slug = room.removesuffix("/room").rsplit("/", 1)[1]

    async def page_of(_request: Request) -> Response:
        return HTMLResponse(HOST.format(address=f"{lectern.url}/embed/{slug}"))

    listener = listen()
    site = f"http://localhost:{listener.getsockname()[1]}"
    await serve_app(Starlette(routes=[Route("/", page_of)]), listener)

    await studio.goto(room.removesuffix("/room") + "/studio")
    await studio.wait_for_selector(ARRIVES, timeout=40_000)
    await studio.click("button:has-text('Go live')")
    webinar = await studio.evaluate("JSON.parse(document.getElementById('boot').textContent).webinar")
    settings = await crew.new_page()
    await settings.goto(f"{lectern.url}/admin/webinars/{webinar}/embed")

    async with strict(tmp_path / "profile") as page:
        await page.goto(site)
        await asyncio.wait_for(nothing_inside(page, slug), 30)
        await settings.fill("[name=hosts]", f"{site}\nhttps://*.example.org")
        await settings.check("[name=interaction]")
        await settings.click("main button.primary")
        await settings.wait_for_selector("text=Saved.")
        await page.goto(site)
        frame = await until(lambda: inside(page, slug), within=30, what="the player may be shown here now")
        assert await frame.evaluate(STORAGE) != ["", "", ""], "the control: this browser keeps nothing"
        assert "SecurityError" in await frame.evaluate(STORAGE)
        await until(partial(frame.evaluate, PLAYS), within=40, what="the picture plays")
        await frame.fill("room-chat textarea", "From another site")
        await frame.press("room-chat textarea", "Enter")
        await frame.wait_for_selector(".chat-text:has-text('From another site')")
        await until(
            partial(page.evaluate, "window.heard.at(-1)?.broadcast === 'live'"), within=20, what="the site hears the state"
        )
        await page.evaluate("frame.contentWindow.postMessage({target: 'lectern', type: 'pause'}, '*')")
        await until(
            partial(page.evaluate, "window.heard.at(-1)?.playing === false"), within=20, what="the site's order is followed"
        )


async def nothing_inside(page: Page, slug: str) -> None:
    """The browser refused to show it: its document is not ours."""
    await until(lambda: len(page.frames) > 1, what="the frame is there")
    assert inside(page, slug) is None


def inside(page: Page, slug: str) -> Frame | None:
    return next((frame for frame in page.frames if frame.url.endswith(f"/embed/{slug}")), None)
