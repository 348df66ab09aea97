"""Every page of the product as people get it: quiet, inside its window and accessible, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

from tests.browser.test_main_job import sign_in
from tests.browser.test_styleguide import SHOTS, SIZES, violations
from tests.conftest import SCREENSHOTS

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

    from tests.support.product import Child, Product

DOCUMENTS = {
    "landing": "/",
    "webinar": "/w/dry-garden",
    "sign-in": "/sign-in",
    "not-found": "/there-is-no-such-page",
    "styleguide": "/styleguide",
}
STAFF_DOCUMENTS = {
    "admin": "/admin",
    "new-webinar": "/admin/webinars/new",
    "team": "/admin/team",
    "profile": "/admin/me",
    "settings": "/admin/settings",
    "privacy": "/admin/privacy",
    "audit": "/admin/audit",
    "account": "/admin/account",
    "archive": "/admin/settings/archive",
    "second-factor": "/admin/me/second-factor",
    "integrations": "/admin/integrations",
    "new-webhook": "/admin/integrations/webhooks/new",
    "agreement": "/admin/privacy/agreement",
    "breaches": "/admin/privacy/breaches",
}
ROOMS = {"waiting": "/w/dry-garden/room", "ended": "/w/what-the-soil-remembers/room", "room": "/w/how-bees-find-home/room"}
STAFF_ROOMS = {"console": "/w/how-bees-find-home/console", "studio": "/w/dry-garden/studio"}
SETTLED = {
    "room": ".chat-line >> nth=3",
    "console": ".chat-line >> nth=3",
    "ended": "room-chat .chat-closed",
    "waiting": "room-chat textarea",
    "studio": "text=Your picture and sound arrive at the server.",
}
"""What shows that an app page has more than its frame."""

KEPT = {"landing", "webinar", "room", "studio", "console", "admin", "new-webinar", "waiting"}
"""Pictures that belong to the documentation; the style guide's are made by its own test."""

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SETTLE = "Promise.all(document.getAnimations().filter(one => one instanceof CSSTransition).map(one => one.finished.catch(() => 0))).then(() => 1)"
OVERFLOW = "document.scrollingElement.scrollWidth - innerWidth"
UNDRAWN = """async () => {
  const used = [...new Set([...document.querySelectorAll("svg.icon use")].map((use) => use.getAttribute("href")))];
  if (!used.length) return [];
  const sprite = await (await fetch(used[0].split("#")[0])).text();
  return used.map((address) => address.split("#")[1]).filter((name) => !sprite.includes(`id="${name}"`));
}"""
"""Icons that the sprite does not hold, so that nothing is drawn."""
EXPECTED = "Failed to load resource: the server responded with a status of 404"


async def test_pages_for_everyone(lectern: Child, chromium: Browser) -> None:
    async with visit(chromium) as (page, trouble):
        for name, path in DOCUMENTS.items():
            await look(page, lectern, name, path, trouble, document=True)
        for name, path in ROOMS.items():
            await look(page, lectern, name, path, trouble, document=False)
    assert trouble == []


async def test_pages_for_staff(lectern: Child, chromium: Browser) -> None:
    async with visit(chromium) as (page, trouble):
        await sign_in(page, lectern, "organiser@demo.example")
        home = await page.get_attribute("main a[href*='/admin/webinars/']:not([href$='/new'])", "href")
        assert home
        inner = {f"webinar-{name}": f"{home}/{name}" for name in ("people", "erase", "statistics")}
        for name, path in {**STAFF_DOCUMENTS, "webinar-home": home, **inner}.items():
            await look(page, lectern, name, path, trouble, document=True)
        for name, path in STAFF_ROOMS.items():
            await look(page, lectern, name, path, trouble, document=False)
    assert trouble == []


async def test_a_page_that_is_too_wide_and_a_refused_script_are_noticed(lectern: Child, chromium: Browser) -> None:
    """Negative control."""
    async with visit(chromium) as (page, trouble):
        await page.goto(lectern.url)
        await page.evaluate("document.querySelector('h1').style.inlineSize = '3000px'")
        await page.evaluate(
            "{ const script = document.createElement('img'); script.src = 'https://elsewhere.example/x.png'; document.body.append(script) }"
        )
        await page.evaluate(
            "document.querySelector('svg.icon use').setAttribute('href', document.documentElement.dataset.icons + '#no-such')"
        )
        await judge(page, "landing", "light", "desktop", trouble)
    assert any("icon no-such" in line for line in trouble)
    assert any("wider" in line for line in trouble)
    assert any("Content Security" in line for line in trouble)


@asynccontextmanager
async def visit(chromium: Browser) -> AsyncIterator[tuple[Page, list[str]]]:
    """One visitor's page, and what was wrong on it."""
    context: BrowserContext = await chromium.new_context(reduced_motion="reduce")
    page = await context.new_page()
    trouble: list[str] = []

    def said(message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            trouble.append(f"{page.url} says: {message.text}")

    page.on("console", said)
    page.on("pageerror", lambda error: trouble.append(f"{page.url} fails: {error}"))
    yield page, trouble
    await context.close()


async def look(page: Page, lectern: Child | Product, name: str, path: str, trouble: list[str], *, document: bool) -> None:
    """Open a page once and look at it in both schemes and sizes; loading it four times would only cost time."""
    for at, (scheme, size) in enumerate(variants()):
        width, height = SIZES[size]
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme=scheme)
        if at == 0:
            await page.goto(lectern.url + path)
            await page.wait_for_selector("html[data-ready]", state="attached")
            if name in SETTLED:
                await page.wait_for_selector(SETTLED[name])
        await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        await judge(page, name, scheme, size, trouble)
        if name == "room":
            await page.wait_for_selector(".player-note", state="hidden")
        if SCREENSHOTS and name in KEPT:
            await page.screenshot(path=SHOTS / f"{name}-{scheme}-{size}.png", full_page=document and size == "desktop")


async def judge(page: Page, name: str, scheme: str, size: str, trouble: list[str]) -> None:
    """Note what is wrong with the page as it is now."""
    # Colours of the scheme before last in what axe measures would be no fault of the page.
    await page.evaluate(SETTLE)
    over = await page.evaluate(OVERFLOW)
    if over > 0:
        trouble.append(f"{name} {scheme} {size} is {over} pixels wider than its window")
    trouble.extend(f"{name} has no drawing of the icon {icon}" for icon in await page.evaluate(UNDRAWN))
    # Each scheme and each size once: the other two crossings repeat what these say.
    if (scheme, size) in (("light", "desktop"), ("dark", "phone")):
        trouble.extend(f"{name} {scheme} {size}: {line}" for line in await violations(page))


def variants() -> Iterator[tuple[Literal["light", "dark"], str]]:
    for size in SIZES:
        for scheme in SCHEMES:
            yield scheme, size
