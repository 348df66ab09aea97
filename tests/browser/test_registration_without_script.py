"""Signing up as the most careful visitors do: without script, without storage and cookies, and with the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.browser.test_main_job import sign_in
from tests.browser.test_styleguide import violations
from tests.support.server import listen

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.product import Child
    from tests.support.server import Serve

PAGE = "/w/seeds-to-swap"
RULES = "[name^=consent_][required]"
"""The one consent of the demo that a seat needs."""


async def values(page: Page, *names: str) -> list[str]:
    return [await page.input_value(f"[name={name}]") for name in names]


async def test_form_errors_and_confirmation_work_without_script(lectern: Child, chromium: Browser) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(lectern.url + PAGE)
    size = page.locator("[data-question=size]")
    assert await size.is_hidden(), "asked only of those who have a garden"
    await page.check("[value=garden]")
    assert await size.is_visible(), "no script is needed for a condition"
    await page.fill("[name=name]", "Ida Berg")
    await page.fill("[name=email]", "not an address")
    await page.fill("[name=q_size]", "-4")
    await page.check(RULES)
    await page.click("main button[type=submit]")
    summary = page.locator(".form-summary")
    assert await summary.locator("li").all_inner_texts() == [
        "E-mail address: Write an e-mail address, such as name@example.org.",
        "How large is it, in square metres?: Write a number of at least 1.",
    ]
    assert await values(page, "name", "email", "q_size") == ["Ida Berg", "not an address", "-4"], "what was typed stays"
    assert await page.is_checked("[value=garden]")
    assert await page.is_checked(RULES)
    await summary.get_by_role("link").first.click()
    assert await page.evaluate("location.hash") == "#f-email"
    await page.fill("[name=email]", "ida@demo.example")
    await page.fill("[name=q_size]", "40")
    await page.click("main button[type=submit]")
    assert page.url.partition("#")[0] == f"{lectern.url}{PAGE}/sent"
    assert await context.cookies() == []
    # What is hidden again is not checked, whatever was typed in it.
    await page.goto(lectern.url + PAGE)
    await page.check("[value=garden]")
    await page.fill("[name=q_size]", "-1")
    await page.check("[value=balcony]")
    await page.fill("[name=name]", "Jo")
    await page.fill("[name=email]", "jo@demo.example")
    await page.check(RULES)
    await page.click("main button[type=submit]")
    assert page.url.partition("#")[0] == f"{lectern.url}{PAGE}/sent"
    await context.close()


async def test_signing_up_by_keyboard_alone(lectern: Child, chromium: Browser) -> None:
    context = await chromium.new_context(reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(lectern.url + PAGE)
    await page.wait_for_selector("html[data-ready]", state="attached")
    await page.focus(".skip")
    await tab_to(page, "[name=name]")
    await page.keyboard.type("Kay")
    await tab_to(page, "[name=email]")
    await page.keyboard.type("kay@demo.example")
    await tab_to(page, "[name=q_garden]")
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowDown")
    assert await page.is_checked("[value=garden]")
    await tab_to(page, "[name=q_size]")
    await page.keyboard.type("12")
    await tab_to(page, RULES)
    await page.keyboard.press("Space")
    await tab_to(page, "main form button[type=submit]")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{PAGE}/sent")
    assert await violations(page) == []
    await context.close()


async def test_the_form_works_in_a_frame_of_another_site_with_storage_blocked(
    lectern: Child, chromium: Browser, serve_app: Serve
) -> None:
    site = await serve_app(frame_of(lectern), listen())
    named = f"http://localhost:{site.port}"
    await allow_frames(lectern, chromium, named)
    context = await chromium.new_context()
    # As browsers do for frames of other sites when everything is blocked: no storage, no cookies.
    blocked = "get() { throw new DOMException('blocked', 'SecurityError') }"
    await context.add_init_script(
        f"for (const name of ['sessionStorage', 'localStorage']) Object.defineProperty(window, name, {{ {blocked} }})"
    )
    page = await context.new_page()
    await page.goto(f"http://{site.url.removeprefix('http://')}")
    assert await page.frame_locator("iframe").locator("[name=name]").count() == 0, "an address that is not named shows nothing"
    await page.goto(named)
    frame = page.frame_locator("iframe")
    await frame.locator("[name=name]").fill("Lou")
    await frame.locator("[name=email]").fill("lou@demo.example")
    await frame.locator("[value=nowhere]").check()
    await frame.locator(RULES).check()
    await frame.locator("main button[type=submit]").click()
    await frame.get_by_role("heading", name="Look into your mail").wait_for()
    assert await context.cookies() == []
    await context.close()


def frame_of(lectern: Child) -> Starlette:
    """Another site's page with the form in a frame."""
    html = f"<!doctype html><iframe title=form width=600 height=900 src='{lectern.url}/embed/seeds-to-swap/register'></iframe>"

    async def page(_request: Request) -> HTMLResponse:
        return HTMLResponse(html)

    return Starlette(routes=[Route("/", page)])


async def tab_to(page: Page, selector: str, most: int = 30) -> None:
    """Press Tab until ``selector`` has the focus."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        if await page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with Tab")


async def allow_frames(lectern: Child, chromium: Browser, site: str) -> None:
    """The organiser names the site that may show the form."""
    context = await chromium.new_context()
    page = await context.new_page()
    await sign_in(page, lectern, "organiser@demo.example")
    await page.get_by_role("link", name="Seeds to keep").click()
    await page.get_by_role("link", name="Set up: Registration").click()
    await page.fill("[name=embed_hosts]", site)
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("Saved.").wait_for()
    await context.close()
