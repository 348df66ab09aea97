"""The views beside the room in a real browser: people in the hall ask and vote, the speaker reads, the overlay shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.permissions import Role
from tests.browser.test_styleguide import picture, violations

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.support.product import Product

GROUND = "getComputedStyle(document.documentElement).backgroundColor + getComputedStyle(document.body).backgroundColor"


async def test_hall_speaker_and_overlay_are_in_step(product: Product, chromium: Browser) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    await product.member(account, Role.MODERATOR, "mo@meadow.example")
    async with product.client() as client, product.join(webinar.id, Role.MODERATOR) as mo:
        await product.sign_in(client, "mo@meadow.example")
        links = (await client.get(f"/w/{webinar.slug}/links")).json()
        context = await chromium.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
        hall, speaker, overlay = [await context.new_page() for _ in range(3)]
        for page, view in ((hall, "hall"), (speaker, "speaker"), (overlay, "overlay")):
            await page.goto(links[view])
            await page.wait_for_selector("html[data-ready]", state="attached")
        await overlay.set_viewport_size({"width": 1280, "height": 720})
        await hall.fill("room-questions .chat-form textarea", "Can we visit the hives?")
        await hall.press("room-questions .chat-form textarea", "Enter")
        await hall.wait_for_selector(".q-own .q-card:has-text('Waiting for the crew')")
        asked = next(e for e in (await mo.ask("question.next"), *mo.entities.values()) if e.get("kind") == "question")
        await mo.ask("question.show", question=asked["id"], on=True)
        await speaker.wait_for_selector(".speaker-text:has-text('Can we visit the hives?')")
        await overlay.wait_for_selector(".overlay-card blockquote:has-text('Can we visit the hives?')")
        await hall.wait_for_selector(".q-now:has-text('Can we visit the hives?')")
        assert await overlay.evaluate(GROUND) == "rgba(0, 0, 0, 0)rgba(0, 0, 0, 0)", "nothing hides the picture below"
        for page, name in ((hall, "hall"), (speaker, "speaker"), (overlay, "overlay")):
            assert await violations(page) == []
            await picture(page, f"view-{name}.png")
        poll = await mo.ask(
            "poll.make",
            place="screen",
            results="always",
            items=[{"kind": "single", "text": "Tea or coffee?", "options": [{"text": "Tea"}, {"text": "Coffee"}]}],
        )
        await mo.ask("poll.open", poll=poll["poll"])
        await hall.click(".tab[href='#polls']")
        await hall.click("room-polls label:has-text('Tea')")
        await hall.click("room-polls button.primary")
        await overlay.wait_for_selector(".overlay-card .bars li:has-text('Tea'):has-text('100 %')")
        assert await context.cookies() == []
        await context.close()
