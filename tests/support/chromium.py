"""A real Chromium, with a fake camera and microphone, driven by Playwright."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import need

if TYPE_CHECKING:
    from playwright.async_api import Browser

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A browser of this test alone; each ``new_context()`` is another person. ``FLAGS`` may be reused for other launches."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=need("chromium", "chromium"), args=FLAGS)
        yield browser
        await browser.close()
