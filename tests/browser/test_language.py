"""The reader's language: offered, chosen without a cookie, kept for the tab, carried where storage is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.test_room import room
from tests.browser.test_styleguide import violations
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Route

    from tests.support.product import Product

BLOCKED = "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('blocked', 'SecurityError') }})"


async def test_a_participant_changes_the_language_and_it_stays(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    context = await chromium.new_context(locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{product.url}/w/{webinar.slug}")
    assert await page.get_attribute("html", "lang") == "en"
    await page.select_option(".language select", "de")
    await page.wait_for_selector("html[lang=de]", state="attached")
    # On to the room by its own link, then again without the address saying so.
    await page.click("main a.primary")
    await page.wait_for_selector("html[lang=de] room-chat textarea[placeholder='Nachricht schreiben']")
    await page.goto(f"{product.url}/w/{webinar.slug}/room")
    await page.wait_for_selector("html[lang=de] room-chat textarea[placeholder='Nachricht schreiben']")
    await page.wait_for_selector(".tab:has-text('Fragen')")
    assert await violations(page) == []
    assert await context.cookies() == []
    assert await page.evaluate("Object.keys(localStorage)") == []
    await context.close()


async def test_the_language_travels_in_the_address_where_storage_is_blocked(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    context = await chromium.new_context(locale="en-GB")
    await context.add_init_script(BLOCKED)
    page = await context.new_page()
    await page.goto(f"{product.url}/w/{webinar.slug}?lang=nl")
    await page.wait_for_selector("html[data-ready]", state="attached")
    await page.click("main a.primary")
    await page.wait_for_selector("html[lang=nl] room-chat textarea[placeholder='Schrijf een bericht']")
    await context.close()


async def test_the_browser_says_which_language_comes_first(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    for locale, lang in (("fr-BE", "fr"), ("pt-PT", "en")):
        context = await chromium.new_context(locale=locale)
        page = await context.new_page()
        await page.goto(f"{product.url}/w/{webinar.slug}")
        assert await page.get_attribute("html", "lang") == lang
        await context.close()


async def test_a_language_chosen_before_the_code_has_arrived_counts(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    context = await chromium.new_context(locale="en-GB")
    page = await context.new_page()
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await page.route("**/ui-language*.js", hold)
    await page.goto(f"{product.url}/w/{webinar.slug}", wait_until="commit")
    await page.select_option(".language select", "nl")
    await until(lambda: _any(held), what="the code is asked for")
    await held[0].continue_()
    await page.wait_for_selector("html[lang=nl]", state="attached")
    await context.close()


async def _any(held: list[Route]) -> bool:
    return bool(held)
