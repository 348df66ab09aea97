"""The room in a real browser over a wire that breaks: nothing is lost, nothing is said twice, nothing jumps."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.core.permissions import Role
from app.rooms.models import Message, Webinar
from tests.support.product import Guest, Product
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, WebSocketRoute

Pass = Callable[["Wire", dict[str, Any]], bool]

LINES = "[...document.querySelectorAll('room-chat .chat-text, room-chat .gone')].map((line) => line.textContent.trim())"
FROM_END = "(() => { const l = document.querySelector('.chat-list'); return l.scrollHeight - l.scrollTop - l.clientHeight })()"


class Wire:
    """The way between page and server. ``down`` and ``up`` say of each frame whether it gets through."""

    def __init__(self) -> None:
        self.down: Pass = lambda _wire, _frame: True
        self.up: Pass = lambda _wire, _frame: True
        self.sent: list[dict[str, Any]] = []
        self.opened = 0
        self.page: WebSocketRoute | None = None

    def join(self, page: WebSocketRoute) -> None:
        """A socket was opened."""
        self.opened += 1
        self.page = page
        server = page.connect_to_server()

        def from_page(data: str | bytes) -> None:
            frame = json.loads(data)
            self.sent.append(frame)
            if self.up(self, frame):
                server.send(data)

        def from_server(data: str | bytes) -> None:
            if self.down(self, json.loads(data)):
                page.send(data)

        page.on_message(from_page)
        server.on_message(from_server)

    async def cut(self, code: int) -> None:
        """Close the page's end."""
        assert self.page
        await self.page.close(code=code, reason="test")

    def count(self, kind: str) -> int:
        """How many frames of ``kind`` the page sent."""
        return sum(frame["type"] == kind for frame in self.sent)


@asynccontextmanager
async def visitor(chromium: Browser, product: Product, webinar: Webinar) -> AsyncIterator[tuple[Page, Wire]]:
    """Somebody in the room, on a wire of the test's."""
    wire = Wire()
    context = await chromium.new_context(viewport={"width": 1280, "height": 720})
    page = await context.new_page()
    await page.route_web_socket("**/live/**", wire.join)
    await page.goto(f"{product.url}/w/{webinar.slug}/room")
    await page.wait_for_selector("room-chat textarea")
    await page.wait_for_selector(".chat-empty, .chat-line")
    yield page, wire
    await context.close()


async def room(product: Product, **changes: Any) -> Webinar:
    return await product.webinar(await product.account(), **changes)


async def say(page: Page, text: str) -> None:
    await page.fill("room-chat textarea", text)
    await page.press("room-chat textarea", "Enter")


async def tell(guest: Guest, *texts: str) -> int:
    seq = 0
    for text in texts:
        answer = await guest.ask("chat.say", text=text, name="Guest")
        assert answer["type"] == "ok", answer
        seq = answer["seq"]
    return seq


async def test_what_was_said_as_the_wire_broke_is_said_once(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    async with visitor(chromium, product, webinar) as (page, wire):

        def lose_the_first_answer(wire: Wire, frame: dict[str, Any]) -> bool:
            return wire.opened > 1 or frame["type"] not in ("ok", "change")

        wire.down = lose_the_first_answer
        await say(page, "Only once")
        await until(lambda: stored(product, 1), what="the message is committed")
        assert await page.is_visible("text=Sending…"), "the page does not know yet"
        await wire.cut(4002)
        await page.wait_for_selector(".chat-line:not(.pending) >> text=Only once")
        await page.wait_for_selector("text=Sending…", state="detached")
        refs = [frame["ref"] for frame in wire.sent if frame["type"] == "chat.say"]
        assert len(refs) == 2, "it was sent again"
        assert refs[0] == refs[1]
        assert await page.evaluate(LINES) == ["Only once"]
        assert await stored(product, 1)


async def stored(product: Product, number: int) -> bool:
    async with product.work.read() as session:
        return (await session.execute(select(func.count()).select_from(Message))).scalar_one() == number


async def test_a_refused_message_says_why_and_can_be_discarded(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    async with visitor(chromium, product, webinar) as (page, wire), product.join(webinar.id, Role.MODERATOR) as mo:
        # The page must not know yet that the chat was closed, nor ask why a number is missing.
        wire.down = lambda _wire, frame: frame["type"] not in ("change", "state")
        await mo.ask("chat.mode", mode="off")
        await say(page, "Too late")
        await page.wait_for_selector(".pending .field-error:has-text('The chat is closed for now.')")
        await page.click("button:has-text('Discard')")
        await page.wait_for_selector(".pending", state="detached")
        assert await stored(product, 0)


async def test_a_removed_message_keeps_its_place_and_nothing_else(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    async with (
        visitor(chromium, product, webinar) as (page, _wire),
        product.join(webinar.id) as ann,
        product.join(webinar.id, Role.MODERATOR) as mo,
    ):
        await mo.until_seq(await tell(ann, "First", "Secret", "Third"))
        await page.wait_for_selector("text=Third")
        secret = next(e["id"] for e in mo.entities.values() if e.get("text") == "Secret")
        await mo.ask("chat.remove", message=secret)
        await page.wait_for_selector("text=Message removed")
        assert await page.evaluate(LINES) == ["First", "Message removed", "Third"]
        assert "Secret" not in await page.content()


async def test_own_words_can_be_changed_and_others_not(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    async with visitor(chromium, product, webinar) as (page, _wire), product.join(webinar.id) as ann:
        await tell(ann, "From Ann")
        await say(page, "Helo")
        await page.hover(".chat-line:has-text('Helo')")
        await page.click(".chat-line:has-text('Helo') button[aria-label=Edit]")
        await page.fill(".chat-edit textarea", "Hello")
        await page.press(".chat-edit textarea", "Enter")
        await page.wait_for_selector(".chat-line:has-text('Hello'):has-text('edited') .chat-text")
        assert await page.evaluate(LINES) == ["From Ann", "Hello"]
        await page.hover(".chat-line:has-text('From Ann')")
        await page.wait_for_selector(".chat-line:has-text('From Ann') .chat-actions button[aria-label=Reply]")
        assert await page.locator(".chat-line:has-text('From Ann') button[aria-label=Edit]").count() == 0


async def test_a_lost_frame_is_noticed_and_asked_for_once(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    async with visitor(chromium, product, webinar) as (page, wire), product.join(webinar.id) as ann:

        def lose(_wire: Wire, frame: dict[str, Any]) -> bool:
            return not any(entity.get("text") == "Lost" for entity in frame.get("set", []))

        wire.down = lose
        await ann.until_seq(await tell(ann, "Lost"))
        hold = True
        # Several frames show the gap before the answer to the first question comes.
        wire.up = lambda _wire, frame: not (hold and frame["type"] == "sync")
        await tell(ann, "Two")
        await tell(ann, "Three")
        await until(lambda: wire.count("sync") == 1, what="the page asks")
        await tell(ann, "Four")
        hold = False
        await wire.cut(4001)
        await page.wait_for_selector("text=Four")
        assert await page.evaluate(LINES) == ["Lost", "Two", "Three", "Four"]
        assert wire.count("sync") == 1


SCROLL_UP = """() => {
  document.querySelector(".chat-list").scrollTop = 0;
  return document.querySelector("room-chat").atEnd === false;
}"""


async def test_reading_further_up_is_not_disturbed(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    async with product.join(webinar.id, Role.MODERATOR) as mo:
        await tell(mo, *(f"Line {number}" for number in range(40)))
        async with visitor(chromium, product, webinar) as (page, _wire):
            await page.wait_for_selector("text=Line 39")
            await until(lambda: near_end(page), what="a newcomer starts at the end")
            await tell(mo, "While at the end")
            await page.wait_for_selector("text=While at the end")
            await until(lambda: near_end(page), what="the list follows")
            assert not await page.is_visible(".chat-fresh")
            # Again until it stays: the list may still be on its way to the end for the line before.
            await until(partial(page.evaluate, SCROLL_UP), what="the reader is further up")
            await tell(mo, "Far below")
            await page.wait_for_selector(".chat-fresh >> text=1 new")
            assert await page.evaluate("document.querySelector('.chat-list').scrollTop") == 0
            await page.click(".chat-fresh button")
            await until(lambda: near_end(page), what="the bar leads to the end")
            await page.wait_for_selector(".chat-fresh", state="detached")


async def near_end(page: Page) -> bool:
    return float(await page.evaluate(FROM_END)) < 2


async def test_a_room_that_is_gone_says_so_and_does_not_come_back(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    async with visitor(chromium, product, webinar) as (page, wire):
        await wire.cut(4504)
        await page.wait_for_selector("text=This webinar does not exist any more.")
        await page.wait_for_selector(".chat-closed >> text=This room is closed here.")
        assert wire.opened == 1
    async with visitor(chromium, product, webinar) as (_page, wire):
        # The control: after a code that says so, it does come back.
        await wire.cut(4002)
        await until(lambda: wire.opened == 2, what="the page comes back")


async def test_a_room_works_where_storage_is_blocked(product: Product, chromium: Browser) -> None:
    webinar = await room(product)
    context = await chromium.new_context()
    page = await context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    blocked = "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('blocked', 'SecurityError') }})"
    await page.add_init_script(blocked)
    await page.goto(f"{product.url}/w/{webinar.slug}/room")
    await page.wait_for_selector("room-chat textarea")
    await say(page, "No storage here")
    await page.wait_for_selector(".chat-line:not(.pending) >> text=No storage here")
    assert failures == []
    await context.close()
