"""Every component, in a real browser: light and dark, wide and narrow, with the policy that pages have in the product."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from app.core.assets import Assets
from app.core.brand import Brand
from app.core.security import SecurityHeaders
from app.core.templates import Pages
from app.demo.styleguide import styleguide_context
from app.settings import Settings
from tests.conftest import SCREENSHOTS

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.server import Serve

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "docs" / "screenshots"
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}


class Staff:
    """Who is signed in."""

    name = "Ada Lindqvist"


def guide(**brand: str) -> Starlette:
    """The style guide and the error pages, by the product's own assets, templates and headers."""
    assets = Assets(ROOT / "frontend")
    pages = Pages(assets)

    async def show(request: Request) -> HTMLResponse:
        template = request.query_params.get("template", "styleguide/index.html")
        more = (
            {"user": Staff(), "status": 404, "retry_after": 12}
            if "styleguide" in template
            else {"user": None, "status": 404, "retry_after": 12}
        )
        context = {"brand": Brand(**brand), "csp_nonce": request.state.csp_nonce, **more, **styleguide_context()}
        return HTMLResponse(pages.render(template, lang=request.query_params.get("lang", "en"), request=request, **context))

    settings = Settings(public_url="http://127.0.0.1", secret="s" * 40)
    return Starlette(
        routes=[Mount("/static", app=assets), Route("/", show)],
        middleware=[Middleware(SecurityHeaders, settings=settings)],
    )


@asynccontextmanager
async def opened(chromium: Browser, url: str, size: str, scheme: Any = "light") -> AsyncIterator[tuple[Page, list[str]]]:
    """A page that is awake, and what it complained about."""
    width, height = SIZES[size]
    context = await chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        has_touch=size == "phone",
        is_mobile=size == "phone",
        reduced_motion="reduce",
    )
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    await page.wait_for_selector("html[data-ready]", state="attached")
    yield page, complaints
    await context.close()


async def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """What axe-core finds by these rules, one line each."""
    # A second world's script is not bound by the page's Trusted Types; axe is a tool, not part of the page.
    await page.evaluate(AXE.read_text())
    found = await page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(rules or RULES)}}})")
    return [f"{v['id']}: {node['target']} {node['failureSummary']}" for v in found["violations"] for node in v["nodes"]]


async def picture(page: Page, name: str, *, full_page: bool = False) -> None:
    """A picture for the documentation, when somebody asked for pictures; a plain test run changes no tracked file."""
    if SCREENSHOTS:
        await page.screenshot(path=SHOTS / name, full_page=full_page)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_component_is_accessible_and_silent(chromium: Browser, serve_app: Serve, scheme: str, size: str) -> None:
    served = await serve_app(guide())
    async with opened(chromium, served.url, size, scheme) as (page, complaints):
        await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        await picture(page, f"styleguide-{scheme}-{size}.png", full_page=True)
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert complaints == []


async def test_axe_finds_what_is_wrong(chromium: Browser, serve_app: Serve) -> None:
    """Negative control."""
    served = await serve_app(guide())
    async with opened(chromium, served.url, "desktop") as (page, _):
        await page.evaluate("document.querySelector('.page-head h1').style.color = '#ddd'")
        assert any(line.startswith("color-contrast") for line in await violations(page))


@pytest.mark.parametrize("accent", ["#ffcc00", "#ff2d55", "#0a0a0a", "#fafafa", "#00ff66"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_brand_colour_makes_text_unreadable(chromium: Browser, serve_app: Serve, accent: str, scheme: str) -> None:
    served = await serve_app(guide(name="Delta Health", accent=accent))
    async with opened(chromium, served.url, "desktop", scheme) as (page, complaints):
        assert await violations(page, ["color-contrast"]) == []
        assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["403", "404", "410", "429", "500", "503", "problem"])
async def test_error_pages_are_calm_and_accessible(chromium: Browser, serve_app: Serve, name: str, scheme: str) -> None:
    served = await serve_app(guide())
    async with opened(chromium, f"{served.url}/?template=errors/{name}.html", "phone", scheme) as (page, complaints):
        if name == "404":
            await picture(page, f"error-404-{scheme}-phone.png")
        assert await violations(page) == []
        assert complaints == []


async def test_touch_targets_are_large_enough(chromium: Browser, serve_app: Serve) -> None:
    served = await serve_app(guide())
    small = """() => [...document.querySelectorAll('button, select, .input, .choice, .tab, .staff-nav a, .pager-pages a, .table th a')]
      .filter((one) => one.checkVisibility() && !one.closest('dialog, [popover]'))
      .map((one) => [one.className || one.tagName, Math.round(one.getBoundingClientRect().height)])
      .filter(([, height]) => height < 44)"""
    async with opened(chromium, served.url, "phone") as (page, _):
        assert await page.evaluate(small) == []


async def test_dialog_menu_tabs_and_command_bar_work_with_the_keyboard_alone(chromium: Browser, serve_app: Serve) -> None:
    served = await serve_app(guide())
    async with opened(chromium, served.url, "desktop") as (page, complaints):
        focused = "document.activeElement.textContent.trim().replace(/\\s+/g, ' ')"
        await page.get_by_role("button", name="Actions", exact=True).focus()
        await page.keyboard.press("ArrowDown")
        assert await page.evaluate(focused) == "EditE"
        await page.keyboard.press("ArrowDown")
        assert await page.evaluate(focused) == "Duplicate"
        await page.keyboard.press("Escape")
        assert await page.evaluate(focused) == "Actions"

        await page.get_by_role("tab", name="Chat").focus()
        await page.keyboard.press("ArrowRight")
        assert await page.get_by_role("tabpanel").first.get_attribute("id") == "p-questions"

        await page.get_by_role("button", name="Open dialog").focus()
        await page.keyboard.press("Enter")
        await picture(page, "styleguide-dialog-light-desktop.png")
        assert await violations(page) == []
        await page.keyboard.press("Escape")
        assert await page.evaluate(focused) == "Open dialog"

        await page.keyboard.press("Control+k")
        await page.keyboard.type("priv")
        assert await page.locator("ui-command").get_by_role("option").all_inner_texts() == ["Privacy\nMain"]
        await picture(page, "styleguide-command-light-desktop.png")
        assert await violations(page) == []
        await page.keyboard.press("Escape")

        await page.keyboard.press("?")
        await page.get_by_role("heading", name="Keys", exact=True).wait_for()
        assert await violations(page) == []
        await page.keyboard.press("Escape")
        assert complaints == []


async def test_an_erasure_wants_the_name_typed(chromium: Browser, serve_app: Serve) -> None:
    served = await serve_app(guide())
    async with opened(chromium, served.url, "desktop") as (page, _):
        await page.get_by_role("button", name="Erase webinar").click()
        button = page.get_by_role("button", name="Erase for good")
        assert await button.is_disabled()
        await page.get_by_label("Type “Asthma” to go on").fill("Asthma")
        assert await button.is_enabled()


async def test_rows_are_chosen_one_by_one_in_a_range_and_all_at_once(chromium: Browser, serve_app: Serve) -> None:
    served = await serve_app(guide())
    async with opened(chromium, served.url, "desktop") as (page, _):
        chosen = page.locator("[data-chosen]")
        await page.get_by_label("Choose Ada Lindqvist").check()
        await page.get_by_label("Choose Chioma Okafor").click(modifiers=["Shift"])
        assert await chosen.inner_text() == "3 chosen"
        await page.get_by_label("Choose all on this page").check()
        assert await chosen.inner_text() == "5 chosen"


async def test_a_toast_can_be_undone_and_is_read_out(chromium: Browser, serve_app: Serve) -> None:
    served = await serve_app(guide())
    async with opened(chromium, served.url, "desktop") as (page, _):
        await page.get_by_role("button", name="Toast with undo").click()
        await page.locator("#announcer", has_text="Question hidden You can undo this.").wait_for(state="attached")
        await page.get_by_role("button", name="Undo", exact=True).click()
        assert await page.locator(".toast").all_inner_texts() == ["It is back"]


async def test_the_theme_switch_is_kept_for_the_tab_and_nowhere_else(chromium: Browser, serve_app: Serve) -> None:
    served = await serve_app(guide())
    async with opened(chromium, served.url, "desktop") as (page, _):
        await page.get_by_role("button", name="Light or dark").click()
        await page.reload()
        assert await page.evaluate(
            "[document.documentElement.dataset.theme, {...sessionStorage}, {...localStorage}, document.cookie]"
        ) == [
            "dark",
            {"lectern.theme": "dark"},
            {},
            "",
        ]


async def test_the_page_works_where_storage_is_blocked(chromium: Browser, serve_app: Serve) -> None:
    served = await serve_app(guide())
    async with opened(chromium, served.url, "desktop") as (page, complaints):
        await page.add_init_script(
            "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('blocked') }})"
        )
        await page.reload()
        await page.wait_for_selector("html[data-ready]", state="attached")
        await page.get_by_role("button", name="Light or dark").click()
        assert await page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert complaints == []
