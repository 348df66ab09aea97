"""The form builder: by keyboard alone and by drag, with a preview that is the form itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.test_main_job import sign_in
from tests.browser.test_registration_without_script import tab_to
from tests.browser.test_styleguide import violations
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.product import Child


async def open_builder(lectern: Child, chromium: Browser) -> Page:
    context = await chromium.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    await sign_in(page, lectern, "organiser@demo.example")
    await page.get_by_role("link", name="Seeds to keep").click()
    await page.get_by_role("link", name="Set up: Registration").click()
    await page.get_by_role("link", name="Form", exact=True).click()
    await ready(page)
    return page


async def ready(page: Page) -> None:
    await page.wait_for_selector("html[data-ready]", state="attached")


async def names(page: Page) -> list[str]:
    return await page.locator(".builder-item .grow > strong").all_inner_texts()


async def test_a_question_is_made_and_moved_by_keyboard_alone(lectern: Child, chromium: Browser) -> None:
    page = await open_builder(lectern, chromium)
    before = await names(page)
    await page.focus(".skip")
    await tab_to(page, "a[href$='/form/new']", most=60)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/form/new")
    await ready(page)
    assert await page.evaluate("document.activeElement.name") == "label_en", "one can type at once"
    await page.keyboard.type("Which soil have you got?")
    await tab_to(page, "[name=kind]")
    await page.keyboard.type("One of")
    await tab_to(page, "[name=choices_en]")
    await page.keyboard.type("Clay\nSand")
    frame = page.frame_locator("iframe[data-preview]")
    await frame.get_by_text("Say in a few words").wait_for()
    await tab_to(page, "[name=purpose]")
    await page.keyboard.type("to choose seeds")
    await frame.get_by_role("radio", name="Sand").wait_for()
    assert await violations(page) == []
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/form?saved=1")
    await ready(page)
    assert await names(page) == [*before, "Which soil have you got?"]
    up = page.get_by_role("button", name="Move up: Which soil have you got?")
    await up.focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    moved = [*before[:-2], "Which soil have you got?", *before[-2:]]
    await until(lambda: names_are(page, moved), what="the question moved twice")
    assert await page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move up: Which soil have you got?"
    await until(lambda: said(page, "now number 3 of 5"), what="the new place is read out")
    kept = "() => document.querySelector('[data-order]').dataset.saved === [...document.querySelector('[data-order]').children].map(one => one.dataset.id).join(' ')"
    await until(lambda: page.evaluate(kept), what="the last order is saved")
    await page.reload()
    assert await names(page) == moved, "the order is kept"
    await page.context.close()


async def test_moving_by_drag_conditions_that_hold_and_advice_where_less_would_do(lectern: Child, chromium: Browser) -> None:
    page = await open_builder(lectern, chromium)
    before = await names(page)
    grips = page.locator("[data-grip]")
    start, end = await grips.nth(3).bounding_box(), await grips.nth(2).bounding_box()
    assert start is not None
    assert end is not None
    await page.mouse.move(start["x"] + 8, start["y"] + 8)
    await page.mouse.down()
    await page.mouse.move(end["x"] + 8, end["y"] - 8, steps=8)
    async with page.expect_response("**/form/order"):
        await page.mouse.up()
    moved = [*before[:2], before[3], before[2]]
    await until(lambda: names_are(page, moved), what="the question moved")
    await page.reload()
    await ready(page)
    assert await names(page) == moved
    await page.get_by_role("button", name="Move up: How large").click()
    await page.get_by_text("Please check the marked fields.").or_(page.get_by_text("does not come before it")).wait_for()
    await page.reload()
    assert await names(page) == moved, "a question cannot stand before the one it depends on"
    await page.goto(page.url.split("?")[0] + "/new")
    await page.fill("[name=label_en]", "Date of birth")
    await page.fill("[name=purpose]", "to send offers")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("This says who somebody is beyond doubt").wait_for()
    await page.context.close()


async def names_are(page: Page, wanted: list[str]) -> bool:
    return await names(page) == wanted


async def said(page: Page, words: str) -> bool:
    return words in (await page.text_content("#announcer") or "")
