"""Every page of registration: inside its window and accessible, light and dark, wide and narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tests.browser.test_main_job import sign_in
from tests.browser.test_pages import judge, visit
from tests.browser.test_styleguide import SIZES
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.product import Child

PUBLIC = {
    "sign-up": "/w/seeds-to-swap",
    "sent": "/w/seeds-to-swap/sent",
    "resend": "/w/seeds-to-swap/resend",
    "embedded": "/embed/seeds-to-swap/register",
    "mailbox": "/demo/mailbox",
}
STAFF = (
    "", "/registration", "/form", "/form/new?ready=source", "/registrants", "/registrants/new", "/registrants/import",
    "/invitations", "/mails", "/mails/confirmed/en", "/duplicate",
)  # fmt: skip


LOOKS: tuple[tuple[Literal["light", "dark"], str], ...] = (("light", "desktop"), ("dark", "phone"))


async def look(page: Page, lectern: Child, name: str, path: str, trouble: list[str]) -> None:
    """Wide and light, then narrow and dark; the style guide's test looks at every component in all four."""
    for at, (scheme, size) in enumerate(LOOKS):
        width, height = SIZES[size]
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme=scheme)
        if at == 0:
            await page.goto(lectern.url + path)
            await page.wait_for_selector("html[data-ready]", state="attached")
        await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        await judge(page, name, scheme, size, trouble)


async def test_pages_of_registration(lectern: Child, chromium: Browser) -> None:
    async with visit(chromium) as (page, trouble):
        for name, path in PUBLIC.items():
            await look(page, lectern, name, path, trouble)
        await page.goto(lectern.url + "/w/seeds-to-swap")
        await page.fill("[name=name]", "Ida")
        await page.fill("[name=email]", "ida@demo.example")
        await page.check("[value=nowhere]")
        await page.check("[name^=consent_][required]")
        await page.click("main form button[type=submit]")
        link = page.get_by_role("link", name="/confirm/").first

        async def arrived() -> bool:
            await page.goto(lectern.url + "/demo/mailbox")
            return await link.count() > 0

        await until(arrived, what="the mail is in the mailbox")
        await link.click()
        for name in ("confirm", "enter"):
            await look(page, lectern, name, page.url.removeprefix(lectern.url), trouble)
            if name == "confirm":
                await page.get_by_role("button", name="Confirm").click()
        await sign_in(page, lectern, "organiser@demo.example")
        home = await page.get_by_role("link", name="Seeds to keep").get_attribute("href")
        assert home
        await page.goto(lectern.url + home + "/registrants")
        one = await page.locator(".cell-link").first.get_attribute("href")
        assert one
        for path in [*(home + path for path in STAFF), one, one + "/edit"]:
            await look(page, lectern, f"registration-{path.rpartition('/')[2][:20]}", path, trouble)
    assert trouble == [], "\n".join(trouble)
