"""My data in a real browser: from the room by the seat, by keyboard, without script, and accessible."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import select

from app.consent import items, marks, notices
from app.consent.items import Setup
from app.core.permissions import Role
from app.rooms.models import Message
from tests.browser.test_pages import look, visit
from tests.consent.test_my_data import scene
from tests.consent.test_notices import FILLED
from tests.consent.test_recording import recorded
from tests.reports.test_exports import registrants
from tests.support.product import PASSWORD
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.product import Product


async def test_from_the_room_somebody_without_registration_sees_and_erases_what_they_wrote(
    product: Product, chromium: Browser
) -> None:
    row = await product.webinar(await product.account())
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(f"{product.url}/w/{row.slug}/room")
    await page.get_by_role("textbox", name="Message", exact=True).fill("I was here.")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("text=I was here.")
    await until(lambda: said(product), what="the message is stored")
    # A reload keeps the seat, so the link must still lead to the same person.
    await page.reload()
    await page.wait_for_selector(".chat-line")
    await page.get_by_role("tab", name="About").click()
    async with context.expect_page() as opening:
        await page.get_by_role("button", name="My data").click()
    mine = await opening.value
    await mine.wait_for_selector("text=I was here.")
    assert urlsplit(mine.url).query == ""
    await mine.get_by_role("link", name="Erase my data").click()
    await mine.get_by_role("button", name="Erase for good").click()
    await mine.wait_for_selector("text=Your data is being erased")
    await page.wait_for_selector("text=What was stored about you here was erased.", state="attached")
    await context.close()


async def said(product: Product) -> bool:
    async with product.work.read() as session:
        return (await session.execute(select(Message.id))).first() is not None


async def test_the_keyboard_alone_withdraws_restricts_and_asks_without_script(product: Product, chromium: Browser) -> None:
    row, ada, me = await scene(product)
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(product.url + me)
    await press(page, "Withdraw: I agree to get news by mail.")
    await page.wait_for_selector("text=Done. It holds from now on.")
    await press(page, "Restrict my data")
    await page.wait_for_selector("text=Your data is restricted")
    async with product.work.read() as session:
        assert await marks.of_person(session, row.id, ada) == {"restricted"}
    await context.close()


async def press(page: Page, name: str) -> None:
    """Reach a button by Tab and press it."""
    button = page.get_by_role("button", name=name)
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await button.evaluate("element => element.matches(':focus-visible')"):
            await page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab never reached {name}")


async def test_every_page_of_consent_and_my_data_is_accessible(product: Product, chromium: Browser) -> None:
    row, _, me = await scene(product)
    await product.member(row.account_id, Role.OWNER, "olivia@example.org")
    async with product.work.unit() as unit:
        await items.save_setup(unit, row.id, Setup(16, True))
        await notices.publish(unit, row.id, "en", notices.starting("en", 30) | FILLED, stores=True)
    base = f"/admin/webinars/{row.id}"
    ada, _ = await registrants(product, row.id, ["Ada", "Bob"])
    mine = product.parts.my_data.path(row.id, ada)
    asked = await recorded(product)
    for_all = {
        "me": me,
        "me-erase": f"{me}/erase",
        "me-correct": f"{mine}/correct",
        "me-cancel": f"{mine}/cancel",
        "notice": f"/w/{row.slug}/notice",
        "agree": f"/w/{asked.slug}/room",
        "api": "/api",
    }
    for_staff = {
        "consent": f"{base}/consent",
        "consent-item": f"{base}/consent/items/new",
        "notice-form": f"{base}/notice/nl",
        "requests": "/admin/privacy/requests",
        "exports": f"{base}/exports",
        "keys": "/admin/integrations/keys",
    }
    async with visit(chromium) as (page, trouble):
        for name, path in for_all.items():
            await look(page, product, name, path, trouble, document=True)
        await page.goto(f"{product.url}/sign-in")
        await page.fill("[name=email]", "olivia@example.org")
        await page.fill("[name=password]", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/admin")
        for name, path in for_staff.items():
            await look(page, product, name, path, trouble, document=True)
    assert trouble == []
