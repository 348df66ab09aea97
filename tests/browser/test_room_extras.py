"""What stands around the chat in a real browser: the sheet on a phone, reactions, hands, notices, files, and the crew's work on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from app.core.permissions import Role
from tests.browser.test_console import OPEN, WAITING, card, has, moderator
from tests.browser.test_room import room, say, tell, visitor
from tests.browser.test_styleguide import picture, violations
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from app.rooms.models import Webinar
    from tests.support.product import Guest, Product

TOP = "document.querySelector('.app-side').getBoundingClientRect().top"
SHORT = 5
"""Seconds: the least a notice may be shown."""
FOCUSED = "document.activeElement.className"


@asynccontextmanager
async def phone(chromium: Browser, product: Product, webinar: Webinar) -> AsyncIterator[Page]:
    """Somebody in the room with a phone; the browser complains about nothing."""
    context = await chromium.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce", has_touch=True)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    await page.goto(f"{product.url}/w/{webinar.slug}/room")
    await page.wait_for_selector("html[data-ready]", state="attached")
    await page.wait_for_selector("room-chat textarea")
    await page.wait_for_selector(".sheet-handle[data-wired]")
    await page.wait_for_selector(".room-tools")
    yield page
    assert complaints == []
    await context.close()


async def side(page: Page, wanted: str) -> None:
    await until(partial(is_side, page, wanted), what=f"the sheet is {wanted or 'half open'}")


async def is_side(page: Page, wanted: str) -> bool:
    return bool(await page.evaluate("document.body.dataset.side ?? ''") == wanted)


async def drag(page: Page, by: int) -> None:
    await page.hover(".sheet-handle")
    box = await page.locator(".sheet-handle").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.down()
    await page.mouse.move(x, y + by, steps=4)
    await page.mouse.up()


async def test_the_panels_of_a_phone_are_a_sheet(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    async with phone(chromium, product, webinar) as page, product.join(webinar.id, Role.MODERATOR) as mo:
        half = await page.evaluate(TOP)
        await drag(page, -400)
        await side(page, "tall")
        await until(partial(page.evaluate, f"{TOP} < {half} - 100"), what="it is higher")
        assert await violations(page) == []
        await picture(page, "room-sheet-tall.png")
        await page.fill("room-chat textarea", "Not sent yet")
        await page.keyboard.press("Escape")
        await page.keyboard.press("Escape")
        await side(page, "hidden")
        assert await page.evaluate(FOCUSED) == "sheet-handle"
        assert await page.get_attribute(".sheet-handle", "aria-expanded") == "false"
        await until(partial(page.evaluate, f"{TOP} > {half} + 100"), what="its tabs are left")
        await tell(mo, "While it is closed")
        await page.wait_for_selector(".tab[href='#chat'] .count:has-text('1')")
        await picture(page, "room-sheet-closed.png")
        assert await violations(page) == []
        await page.keyboard.press("ArrowUp")
        await side(page, "")
        await until(partial(page.evaluate, f"{TOP} === {half}"), what="it stands where it stood")
        await page.wait_for_selector(".tab[href='#chat'] .count", state="detached")
        assert await page.input_value("room-chat textarea") == "Not sent yet"
        for wanted in ("tall", "hidden", ""):
            await page.tap(".sheet-handle")
            await side(page, wanted)
        await drag(page, 400)
        await side(page, "hidden")
        await page.tap(".tab[href='#about']")
        await side(page, "")
        assert await page.is_visible("#about")
        await page.set_viewport_size({"width": 1280, "height": 720})
        assert not await page.is_visible(".sheet-handle")


async def test_what_stands_around_the_chat_reaches_the_others(product: Product, chromium: Browser) -> None:
    """One webinar on air: a participant and a moderator with browsers, others beside them."""
    account = await product.account()
    webinar = await product.webinar(account)
    await product.member(account, Role.MODERATOR, "mo@meadow.example")
    async with (
        product.join(webinar.id, Role.MODERATOR) as mo,
        product.join(webinar.id) as bob,
        moderator(chromium, product, webinar, "mo@meadow.example") as desk,
        visitor(chromium, product, webinar) as (ann, _wire),
    ):
        await mo.ask("broadcast.set", to="live")
        await _reactions(ann, bob)
        await _hand(ann, desk)
        await _notice(ann, desk, mo)
        await _handout(ann, desk)
        await _closing(ann, desk)
        await _slash(ann, desk)
        await _chat_deeds(ann, desk)
        assert await violations(ann) == []


async def _reactions(ann: Page, bob: Guest) -> None:
    await ann.wait_for_selector(".reaction-button")
    await bob.ask("reaction.send", emoji="👏")
    await ann.wait_for_selector(".floats span:has-text('👏')")
    await ann.click(".reaction-button[aria-label*='🎉']")
    await bob.read_until(lambda: any("🎉" in frame.get("reactions", {}) for frame in bob.frames))


async def _hand(ann: Page, desk: Page) -> None:
    """Raised, invited, and answered by the participant."""
    await ann.click(".room-tools button:has-text('Raise hand')")
    await desk.click("#deck-tab-p-people")
    await desk.click("#p-people li:has-text('wants to speak') button:has-text('Invite')")
    await ann.wait_for_selector(".hand-invite")
    assert await violations(ann) == []
    await picture(ann, "room-hand-invited.png")
    await ann.click(".hand-invite button:has-text('No, thank you')")
    await desk.wait_for_selector("#p-people:has-text('Nobody has raised a hand.')")


async def _notice(ann: Page, desk: Page, mo: Guest) -> None:
    """With a button that tells the other side nothing; one ends by itself, the other stays."""
    form = "#p-settings form:has([name=button_url])"
    await desk.click("#deck-tab-p-settings")
    await desk.fill(f"{form} [name=text]", "The book is out")
    await desk.fill(f"{form} [name=button_text]", "Read it")
    await desk.fill(f"{form} [name=button_url]", "https://meadow.example/book")
    await desk.click(f"{form} button.primary")
    await ann.wait_for_selector(".screen-notice:has-text('The book is out')")
    link = ann.locator(".screen-notice a:has-text('Read it')")
    assert await link.get_attribute("href") == "https://meadow.example/book"
    assert "noreferrer" in (await link.get_attribute("rel") or "")
    await mo.ask("notice.post", text="Soon gone", seconds=SHORT)
    await ann.wait_for_selector(".screen-notice:has-text('Soon gone')")
    await ann.wait_for_selector(".screen-notice:has-text('Soon gone')", state="detached")
    assert await ann.is_visible(".screen-notice:has-text('The book is out')"), "the control"


async def _handout(ann: Page, desk: Page) -> None:
    form = "#p-settings form:has([type=file][name=file])"
    await desk.set_input_files(
        f"{form} [name=file]", {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Notes of the talk"}
    )
    await desk.click(f"{form} button:not([type])")
    await ann.click(".tab[href='#about']")
    async with ann.expect_download() as download:
        await ann.click("room-files li:has-text('notes') button:has-text('Download')")
    got = await download.value
    assert (await got.path()).read_bytes() == b"Notes of the talk"


async def _closing(ann: Page, desk: Page) -> None:
    """People see why the box is closed, at once."""
    await ann.click(".tab[href='#chat']")
    await desk.click("#p-settings [data-mode=chat] label:has-text('Off')")
    await ann.wait_for_selector("room-chat .chat-closed:has-text('The chat is closed for now.')")
    assert not await ann.is_visible("room-chat textarea")
    await desk.click("#p-settings [data-mode=chat] label:has-text('Stored') >> nth=0")
    await ann.wait_for_selector("room-chat textarea")


async def _slash(ann: Page, desk: Page) -> None:
    """A key begins a command, a list helps, and what is no command is not said to everyone."""
    await ann.click(".app-title")
    await ann.keyboard.press("/")
    await ann.wait_for_selector(".chat-commands li:has-text('/ask')")
    await ann.keyboard.type("ask Why do they dance?")
    await ann.keyboard.press("Enter")
    await desk.wait_for_selector(card(WAITING, "Why do they dance?"))
    await say(ann, "/nonsense")
    await ann.wait_for_selector(".toast:has-text('There is no command /nonsense.')")
    assert await ann.locator(".chat-line").count() == 0


async def _chat_deeds(ann: Page, desk: Page) -> None:
    """React and pin; hide with a reason that the crew reads, taken back with one press."""
    await say(ann, "A good point")
    line = ".chat-line:has-text('A good point')"
    await desk.hover(f"#p-chat {line}")
    await desk.click(f"#p-chat {line} button[aria-label=Pin]")
    await ann.wait_for_selector(".chat-pinned:has-text('A good point')")
    await ann.hover(line)
    await ann.click(f"{line} .chat-emoji button[aria-label*='👍']")
    await ann.wait_for_selector(f"{line} .reaction[aria-pressed=true]:has-text('1')")
    await desk.wait_for_selector(f"#p-chat {line} .reaction:has-text('👍')")
    await desk.hover(f"#p-chat {line}")
    await desk.click(f"#p-chat {line} button[aria-label=Hide]")
    await desk.fill("dialog [name=reason]", "Advertising")
    assert await violations(desk) == []
    await picture(desk, "console-hide.png")
    await desk.keyboard.press("Enter")
    await ann.wait_for_selector(f"{line} .chat-text", state="detached")
    await desk.click("#deck-tab-p-log")
    await desk.wait_for_selector("#p-log .log-row:has-text('hid a message'):has-text('Advertising')")
    await desk.click(".toast .undo")
    await ann.wait_for_selector(f"{line} .chat-text")


async def test_questions_are_starred_labelled_moved_and_put_away(product: Product, chromium: Browser) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    await product.member(account, Role.MODERATOR, "mo@meadow.example")
    async with (
        product.join(webinar.id) as ann,
        product.join(webinar.id, Role.MODERATOR) as mo,
        moderator(chromium, product, webinar, "mo@meadow.example") as desk,
    ):
        names = ["Why dance?", "How far?", "Which trees?"]
        for name in names:
            asked = (await ann.ask("question.ask", text=name))["question"]
            await mo.ask("question.approve", question=asked)
        await until(partial(has, desk, OPEN, names), what="all are open")
        await _on(desk, names[0], "s")
        await desk.wait_for_selector(card(OPEN, names[0]) + " .q-star")
        await _on(desk, names[0], "l")
        await desk.fill("dialog [name=label]", "Behaviour")
        await desk.keyboard.press("Enter")
        await desk.wait_for_selector(card(OPEN, names[0]) + " .tag:has-text('Behaviour')")
        await _on(desk, names[0], "Alt+ArrowDown")
        await until(partial(has, desk, OPEN, [names[1], names[0], names[2]]), what="it is one further down")
        for name in names[1:]:
            await _on(desk, name, "x")
        await desk.click(f"{OPEN} .list-bulk button:has-text('Archive')")
        await desk.fill("dialog [name=reason]", "For next time")
        assert await violations(desk) == []
        await desk.keyboard.press("Enter")
        await until(partial(has, desk, OPEN, names[:1]), what="two are put away")
        await mo.read_until(lambda: any(one.get("reason") == "For next time" for one in mo.entities.values()))
        await desk.select_option(f"{OPEN} select[aria-label='Which questions']", "archived")
        await until(partial(has, desk, OPEN, names[1:]), what="they are in the archive")
        for name in names[1:]:
            await _on(desk, name, "x")
        await desk.click(f"{OPEN} .list-bulk button:has-text('Restore')")
        await desk.select_option(f"{OPEN} select[aria-label='Which questions']", "open")
        await until(partial(has, desk, OPEN, [names[1], names[0], names[2]]), what="they stand where they stood")


async def _on(desk: Page, name: str, key: str) -> None:
    """Press a key on the row of a question; the pointer is nowhere near."""
    await desk.mouse.move(5, 5)
    await desk.locator(f"{OPEN} .list-row:has-text('{name}')").focus()
    await desk.keyboard.press(key)
