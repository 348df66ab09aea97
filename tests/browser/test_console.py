"""A whole session in real Chromiums: two moderators, one with the keyboard alone, and five participants."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from app.core.permissions import Role
from tests.browser.test_room import say, visitor
from tests.browser.test_styleguide import picture, violations
from tests.support.product import PASSWORD, Product
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from app.rooms.models import Webinar

QUESTIONS = (
    "Do bees remember single trees?",
    "How far do they fly on a cold day?",
    "How far do bees fly when the day is cold?",
    "Is there a book about it?",
)
WAITING, OPEN = "#p-waiting", "#p-open"


@asynccontextmanager
async def moderator(chromium: Browser, product: Product, webinar: Webinar, email: str) -> AsyncIterator[Page]:
    """Somebody of the crew at the console."""
    context = await chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = await context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    await page.goto(f"{product.url}/sign-in")
    await page.fill("[name=email]", email)
    await page.fill("[name=password]", PASSWORD)
    await page.click("main button.primary")
    await page.goto(f"{product.url}/w/{webinar.slug}/console")
    await page.wait_for_selector("html[data-ready]", state="attached")
    await page.wait_for_selector(f"{WAITING} .list-empty, {WAITING} .q-card")
    yield page
    assert failures == []
    await context.close()


async def ask(page: Page, text: str) -> None:
    await page.click(".tab[href='#questions']")
    await page.fill("room-questions .chat-form textarea", text)
    await page.press("room-questions .chat-form textarea", "Enter")
    await page.wait_for_selector(f".q-own .q-card:has-text('{text}')")


async def texts(page: Page, panel: str) -> list[str]:
    found: list[str] = await page.eval_on_selector_all(
        f"{panel} .q-card:not([data-ghost]) .q-text", "(all) => all.map((one) => one.textContent.trim())"
    )
    return found


async def keys(page: Page, *names: str) -> None:
    for name in names:
        await page.keyboard.press(name)


def card(panel: str, text: str) -> str:
    return f"{panel} .q-card:has-text('{text}')"


async def test_a_whole_session_with_two_moderators_and_five_participants(product: Product, chromium: Browser) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    for name in ("mo", "kay"):
        await product.member(account, Role.MODERATOR, f"{name}@meadow.example")
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        mo = await enter(moderator(chromium, product, webinar, "mo@meadow.example"))
        kay = await enter(moderator(chromium, product, webinar, "kay@meadow.example"))
        people = [(await enter(visitor(chromium, product, webinar)))[0] for _ in range(5)]
        await mo.wait_for_selector("crew-presence .avatar")
        await _questions(mo, kay, people)
        await _on_screen(kay, people)
        await _poll(mo, people)
        await _ban(mo, kay, people)
        await _undo(kay)


async def _questions(mo: Page, kay: Page, people: list[Page]) -> None:
    """Asked; claimed by one, seen by the other; approved, rejected and merged with the keyboard alone."""
    for person, text in zip(people, QUESTIONS, strict=False):
        await ask(person, text)
    await until(partial(has, kay, WAITING, list(QUESTIONS)), what="all wait, in the order they came")
    assert await violations(kay) == []
    await picture(kay, "console-waiting.png")
    await mo.click(card(WAITING, QUESTIONS[3]) + " button[aria-label='I take this one']")
    await kay.wait_for_selector(card(WAITING, QUESTIONS[3]) + " .pill:has-text('is on it')")
    await mo.mouse.move(5, 5)
    # Kay's hands stay on the keyboard from here on.
    await keys(kay, "1", "ArrowDown", "a")
    await until(partial(has, kay, OPEN, [QUESTIONS[0]]), what="the first is open")
    await until(partial(has, kay, WAITING, list(QUESTIONS[1:])), what="it waits no more")
    await people[4].click(".tab[href='#questions']")
    await people[4].wait_for_selector(".q-public:has-text('single trees')")
    await keys(kay, "1", "ArrowDown", "a")
    await until(partial(has, kay, WAITING, list(QUESTIONS[2:])), what="the second is open too")
    await keys(kay, "1", "ArrowDown", "m")
    await kay.wait_for_selector("dialog h2:has-text('Merge question 3')")
    assert await violations(kay) == []
    await picture(kay, "console-merge.png")
    await keys(kay, "Enter")
    await kay.wait_for_selector("dialog[open]", state="detached")
    await until(partial(has, kay, WAITING, [QUESTIONS[3]]), what="the third is merged")
    await people[2].wait_for_selector(".q-own .pill:has-text('Joined with a question like it')")
    await keys(kay, "1", "ArrowDown", "r")
    await kay.wait_for_selector("dialog h2:has-text('Reject question 4')")
    await kay.keyboard.type("Asked before")
    await keys(kay, "Enter")
    await people[3].wait_for_selector(".q-own .pill:has-text('Not taken: Asked before')")
    await until(partial(has, kay, WAITING, []), what="nothing waits")


async def _on_screen(kay: Page, people: list[Page]) -> None:
    """Votes order nothing under a finger; one question stands on screen for everyone, and is answered."""
    voter = people[4]
    await voter.click("room-questions .chat-fresh button:has-text('1 new')")
    order = [QUESTIONS[0], QUESTIONS[1]]
    public = "(all) => all.map((one) => one.textContent)"
    assert await voter.eval_on_selector_all(".q-public .q-text", public) == order
    await voter.click(".q-public:has-text('cold day') .q-vote")
    await voter.wait_for_selector(".q-public:has-text('cold day') .q-vote[aria-pressed=true]:has-text('1')")
    assert await voter.eval_on_selector_all(".q-public .q-text", public) == order, "a vote moves nothing"
    await voter.select_option("room-questions .list-tools select", "newest")
    await voter.select_option("room-questions .list-tools select", "votes")
    assert await voter.eval_on_selector_all(".q-public .q-text", public) == order[::-1], "until somebody asks for the order"
    # Focus the second row and put it on screen: keyboard only.
    await keys(kay, "2", "ArrowDown", "ArrowDown", "o")
    await people[1].wait_for_selector(f"room-screen blockquote:has-text('{QUESTIONS[1]}')")
    assert await violations(people[1]) == []
    await picture(people[1], "room-question-on-screen.png")
    await picture(kay, "console-on-screen.png")
    await kay.wait_for_selector(f"{OPEN} .q-card[data-screen]:has-text('cold day')")
    await keys(kay, "2", "ArrowDown", "w")
    await kay.wait_for_selector(f"{OPEN} .q-form textarea")
    await kay.keyboard.type("Hardly at all below ten degrees.")
    await keys(kay, "Control+Enter")
    await people[1].wait_for_selector(".q-own .q-answer:has-text('below ten degrees')")


async def _poll(mo: Page, people: list[Page]) -> None:
    """Made in the console, answered in the room, results as bars with their numbers."""
    await mo.click("#deck-tab-p-polls")
    await mo.click("#p-polls button:has-text('New poll')")
    await mo.fill(".poll-edit-item label:has-text('Question') input", "Where do you watch from?")
    for place, answer in enumerate(("At home", "At work")):
        await mo.fill(f".poll-option >> nth={place} >> input", answer)
    assert await violations(mo) == []
    await picture(mo, "console-poll-editor.png")
    await mo.click(".poll-editor .dialog-foot .primary")
    await mo.wait_for_selector(".poll-editor", state="detached")
    await mo.click("#p-polls .q-card button:has-text('Open')")
    for place, person in enumerate(people):
        await person.click(".tab[href='#polls']")
        await person.click(f"room-polls label:has-text('{'At home' if place < 3 else 'At work'}')")
        if place == 0:
            assert await violations(person) == []
            await picture(person, "room-poll.png")
        await person.click("room-polls .tab-panel button.primary, .tab-panel room-polls button.primary")
    await mo.wait_for_selector("#p-polls .bars li:has-text('At home'):has-text('60 %')")
    await people[0].wait_for_selector(".tab-panel room-polls .bars li:has-text('At work'):has-text('40 %')")
    assert await violations(people[0]) == []
    await picture(people[0], "room-poll-results.png")
    await picture(mo, "console-poll-results.png")
    await mo.click("#p-polls .q-card button:has-text('Close')")
    await people[4].wait_for_selector(".tab-panel room-polls .pill:has-text('Closed')")


async def _ban(mo: Page, kay: Page, people: list[Page]) -> None:
    """Who insults is banned from the message, and is out at once; the crew sees why."""
    troll = people[3]
    await troll.click(".tab[href='#chat']")
    await say(troll, "You are all fools")
    await mo.hover(".chat-line:has-text('You are all fools')")
    await mo.click(".chat-line:has-text('You are all fools') button[aria-label='Mute or ban']")
    await mo.fill("dialog [name=reason]", "Insults")
    await mo.check("dialog [name=remove]")
    assert await violations(mo) == []
    await picture(mo, "console-ban.png")
    await mo.click("dialog button[value=ban]")
    await troll.wait_for_selector("text=You were removed from this webinar.")
    await people[4].click(".tab[href='#chat']")
    await people[4].wait_for_selector("text=You are all fools", state="detached")
    await keys(kay, "7")
    await kay.wait_for_selector("#p-people li:has-text('banned'):has-text('Insults')")
    await picture(kay, "console-people.png")
    assert await violations(kay) == []


async def _undo(kay: Page) -> None:
    """Decisions are written down and can be taken back from there; the sheet of keys knows them all."""
    await kay.keyboard.press("0")
    await kay.click("#deck-tab-p-log")
    await kay.wait_for_selector("#p-log .log-row:has-text('banned somebody'):has-text('Insults')")
    await picture(kay, "console-decisions.png")
    await kay.click("#p-log .log-row:has-text('banned somebody') button:has-text('Undo')")
    await kay.wait_for_selector("#p-log .log-row[data-undone]:has-text('banned somebody')")
    await kay.keyboard.press("?")
    await kay.wait_for_selector("ui-keys dialog[open] dt:has-text('Merge into another')")
    await picture(kay, "console-keys.png")


async def has(page: Page, panel: str, wanted: list[str]) -> bool:
    return await texts(page, panel) == wanted


async def test_panels_can_be_moved_and_hidden_and_stay_so_for_the_tab(product: Product, chromium: Browser) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    await product.member(account, Role.MODERATOR, "mo@meadow.example")
    async with moderator(chromium, product, webinar, "mo@meadow.example") as page:
        places = "Object.fromEntries([...document.querySelectorAll('.deck-panel')].map((one) => [one.id, one.closest('[data-place]')?.dataset.place ?? 'hidden']))"
        before: dict[str, Any] = await page.evaluate(places)
        assert before["p-polls"] == "middle"
        await page.click("#deck-tab-p-polls")
        await page.click("[data-place=middle] button[aria-label=Arrange]")
        await page.click(".menu:popover-open button:has-text('Left')")
        await page.click("[data-place=right] button[aria-label=Arrange]")
        await page.click(".menu:popover-open button:has-text('Hide')")
        wanted = {**before, "p-polls": "left", "p-stage": "hidden"}
        await until(lambda: same(page, places, wanted), what="the panels have moved")
        await page.reload()
        await page.wait_for_selector("html[data-ready]", state="attached")
        await until(lambda: same(page, places, wanted), what="they are where they were left")
        kept = json.loads(await page.evaluate("sessionStorage.getItem('lectern.layout')"))
        assert kept["p-polls"]["place"] == "left"
        await page.set_viewport_size({"width": 800, "height": 900})
        await until(partial(narrow, page, places), what="a narrow window has one column")
        assert await violations(page) == []


async def top(page: Page, target: str) -> float:
    """Where something stands in the window."""
    return float(await page.locator(target).evaluate("(one) => one.getBoundingClientRect().top"))


async def narrow(page: Page, places: str) -> bool:
    return set((await page.evaluate(places)).values()) == {"left", "hidden"}


async def test_nothing_moves_under_a_pointer(product: Product, chromium: Browser) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    await product.member(account, Role.MODERATOR, "mo@meadow.example")
    async with (
        moderator(chromium, product, webinar, "mo@meadow.example") as page,
        product.join(webinar.id) as ann,
        product.join(webinar.id, Role.MODERATOR) as other,
    ):
        made = [await ann.ask("question.ask", text=f"Question number {number}") for number in range(3)]
        await until(partial(has, page, WAITING, [f"Question number {n}" for n in range(3)]), what="three wait")
        target = card(WAITING, "Question number 1")
        await page.hover(target)
        at = await top(page, target)
        await other.ask("question.approve", question=made[0]["question"])
        await page.wait_for_selector(f"{WAITING} .q-card[data-ghost]:has-text('Question number 0')")
        assert await top(page, target) == at
        await ann.ask("question.ask", text="A fourth")
        await page.wait_for_selector(f"{WAITING} .chat-fresh button:has-text('1 new')")
        # Control: where no pointer is, the list is as it is.
        await page.mouse.move(700, 5)
        await until(partial(has, page, WAITING, ["Question number 1", "Question number 2", "A fourth"]), what="the list follows")
        assert await top(page, target) != at


async def same(page: Page, script: str, wanted: object) -> bool:
    """Whether the page answers this by now."""
    return bool(await page.evaluate(script) == wanted)
