"""Three presenters, cuts between different pictures, and what the audience's browser really shows and plays."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import httpx2
from playwright.async_api import expect

from app.media.looper import Looper
from tests.browser.test_main_job import PIXELS, audience, louder, moved, sign_in, watch_for_trouble
from tests.browser.test_pages import UNDRAWN
from tests.browser.test_studio import ARRIVES, presenting
from tests.media.stand import small_clip
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.product import Child

HOLES = """() => {
  const {buffered} = document.querySelector("room-player video");
  return Array.from({length: buffered.length - 1}, (_, i) => [buffered.end(i), buffered.start(i + 1)]);
}"""
"""Places between what the audience's browser has buffered, over all cuts."""


async def width(page: Page) -> int:
    now: dict[str, Any] | None = await page.evaluate(PIXELS)
    return int(now["width"]) if now else 0


async def shows(page: Page, wanted: int) -> bool:
    return await width(page) == wanted


async def test_three_presenters_and_one_click_to_show_each(lectern: Child, chromium: Browser) -> None:
    trouble: list[str] = []
    studio, room = await presenting(chromium, lectern, trouble)
    await studio.wait_for_selector(".studio-place:has-text('Not live')")

    senders = [await another(studio, name, size) for name, size in (("Hall", (640, 360)), ("Garden", (480, 270)))]
    try:
        await studio.wait_for_selector("stage-tile:has-text('Hall') video:not([hidden])", timeout=40_000)
        await until(partial(tile_plays, studio, "Hall"), within=40, what="the crew sees each other with little delay")
        await studio.click("button:has-text('Go live')")
        await studio.wait_for_selector(".studio-place:has-text('On air')")
        viewer = await audience(chromium, room, trouble)
        await until(partial(width, viewer), within=60, what="a picture")
        for name, size in (("Hall", 640), ("Garden", 480), ("Hall", 640)):
            await studio.click(f"button[aria-label='Show {name}']")
            await until(partial(shows, viewer, size), within=60, what=f"{name} is seen")
            first = await viewer.evaluate(PIXELS)
            await until(partial(moved, viewer, first), within=60, what=f"the picture of {name} moves")
            await until(partial(louder, viewer, 0.02), within=60, what="everybody is heard")
        assert await viewer.evaluate(HOLES) == [], "nothing is missing at the cuts, so nobody's player stalls there"
        # Whoever is taken off the stage is not seen any more; the others are.
        await studio.click("button[aria-label='Take Hall off']")
        await studio.wait_for_selector("stage-tile:has-text('Hall')", state="detached")
        await until(lambda: not_640(viewer), within=60, what="somebody else is seen")
        await expect(studio.locator("stage-tile[own], stage-tile:has-text('You')").first).to_be_visible()
    finally:
        for sender in senders:
            await sender.stop()
    assert trouble == []


async def test_the_moderator_puts_two_pictures_beside_each_other_and_goes_back(lectern: Child, chromium: Browser) -> None:
    trouble: list[str] = []
    studio, room = await presenting(chromium, lectern, trouble)
    hall = await another(studio, "Hall", (640, 360))
    try:
        await studio.wait_for_selector("stage-tile:has-text('Hall') video:not([hidden])", timeout=40_000)
        await studio.click("button:has-text('Go live')")
        await studio.click("button[aria-label='Show Hall']")
        viewer = await audience(chromium, room, trouble)
        await until(partial(shows, viewer, 640), within=60, what="one picture is seen")
        assert not await beside(viewer)
        assert await studio.evaluate(UNDRAWN) == [], "each button shows what it does"
        await studio.click("button[aria-label='Side by side']")
        await studio.wait_for_selector("button[aria-label='Side by side'][aria-pressed=true]")
        await until(partial(shows, viewer, 1280), within=60, what="the composed picture is seen")
        await until(partial(beside, viewer), within=60, what="both pictures are in it")
        first = await viewer.evaluate(PIXELS)
        await until(partial(moved, viewer, first), within=60, what="they move")
        await studio.click("button[aria-label='One picture']")
        await until(partial(shows, viewer, 640), within=60, what="one picture again, passed through")
        assert await viewer.evaluate(HOLES) == []
    finally:
        await hall.stop()
    assert trouble == []


async def beside(page: Page) -> bool:
    """Two pictures in the middle, each with its shape kept: nothing above and below them."""
    now: dict[str, Any] | None = await page.evaluate(PIXELS)
    if now is None:
        return False
    pixels: list[int] = now["pixels"]

    def light(x: int, rows: range) -> int:
        return max(sum(pixels[(y * 64 + x) * 4 :][:3]) for y in rows)

    return all(light(x, range(12, 24)) > 200 and light(x, range(6)) < 120 for x in (16, 48))


async def not_640(page: Page) -> bool:
    return await width(page) not in (0, 640)


async def tile_plays(page: Page, name: str) -> bool:
    return bool(
        await page.evaluate(
            """(name) => [...document.querySelectorAll("stage-tile")].some((tile) => tile.textContent.includes(name)
              && tile.querySelector("video")?.videoWidth > 0 && tile.querySelector("video").currentTime > 0.2)""",
            name,
        )
    )


async def another(studio: Page, name: str, size: tuple[int, int]) -> Looper:
    """A WHIP client that is not our studio, on a way in made by the crew, as for OBS."""
    if not await studio.is_visible("stage-panel form"):
        await studio.click("summary:has-text('Send from OBS')")
    before = await ways(studio)
    await studio.fill("stage-panel [name=name]", name)
    await studio.click("button:has-text('Make a way in')")
    await studio.wait_for_selector(f"stage-tile:has-text('{name}')")
    await until(partial(_other, studio, before), what="the tokens are shown")
    address, token, backup = await ways(studio)
    assert len({address, token, backup}) == 3
    looper = Looper(address, token, small_clip(size))
    try:
        await looper.start()
    except httpx2.HTTPStatusError as error:
        raise AssertionError(error.response.text) from error
    return looper


async def ways(studio: Page) -> list[str]:
    """Address, token and the backup's token, as the panel shows them."""
    return [await field.input_value() for field in await studio.query_selector_all("stage-panel input[readonly]")]


async def _other(studio: Page, before: list[str]) -> bool:
    return await ways(studio) not in (before, [])


async def test_a_presenter_who_comes_late_lands_backstage_and_is_brought_on_stage(lectern: Child, chromium: Browser) -> None:
    trouble: list[str] = []
    studio, room = await presenting(chromium, lectern)
    await studio.click("button:has-text('Go live')")
    late = await (await chromium.new_context(viewport={"width": 390, "height": 844})).new_page()
    watch_for_trouble(late, trouble)
    await sign_in(late, lectern, "presenter@demo.example")
    await late.goto(room.removesuffix("/room") + "/studio")
    await late.wait_for_selector(".studio-place:has-text('Backstage')", timeout=30_000)
    await late.wait_for_selector(ARRIVES, timeout=30_000)
    await studio.wait_for_selector("stage-tile:has-text('Petra') video:not([hidden])", timeout=40_000)
    await studio.click("button[aria-label='Petra Presenter: on stage']")
    await late.wait_for_selector(".studio-place:has-text('On air')")
    await studio.click("button[aria-label='Close the microphone of Petra Presenter']")
    await late.wait_for_selector("button:has-text('Microphone: off')")
    assert await studio.locator("button[aria-label='Close the microphone of Petra Presenter']").count() == 0
    await late.click("button:has-text('Microphone: off')")
    await studio.wait_for_selector("button[aria-label='Close the microphone of Petra Presenter']")
    assert trouble == []


async def test_a_participant_raises_a_hand_and_is_brought_on_stage(lectern: Child, chromium: Browser) -> None:
    trouble: list[str] = []
    studio, room = await presenting(chromium, lectern)
    await studio.evaluate("document.querySelector('stage-panel').act('room.modes', {phase: 'live', hands: 'request'})")
    await studio.click("button:has-text('Go live')")
    guest = await audience(chromium, room, trouble)
    await guest.click("button:has-text('Raise hand')", timeout=30_000)
    hand = "document.querySelector('stage-panel').room.all('hand')[0]?.id"
    await until(partial(studio.evaluate, hand), within=20, what="the crew sees the hand")
    await studio.evaluate(f"document.querySelector('stage-panel').act('hand.invite', {{hand: {hand}}})")
    await guest.click("button:has-text('With picture')", timeout=20_000)
    await guest.click("button:has-text('I agree, check my devices')", timeout=20_000)
    assert await studio.locator("section[aria-label='Backstage'] stage-tile").count() == 0, "nothing is sent before they say so"
    await guest.click("button:has-text('Go backstage')")
    await guest.wait_for_selector(".guest-stage >> text=Backstage", timeout=30_000)
    await studio.wait_for_selector("section[aria-label='Backstage'] stage-tile video:not([hidden])", timeout=40_000)
    await studio.click("section[aria-label='Backstage'] button[aria-label$='on stage']")
    await guest.wait_for_selector(".guest-stage >> text=On air", timeout=20_000)
    viewer = await audience(chromium, room, trouble)
    await until(partial(width, viewer), within=40, what="the audience sees the program")
    tile = "section[aria-label='On stage'] stage-tile:not(:has-text('Olivia'))"
    await studio.click(f"{tile} button[aria-label^='Show']")
    await studio.wait_for_selector(f"{tile} >> text=In the picture", timeout=20_000)
    await guest.click("button:has-text('Leave the stage')")
    await studio.wait_for_selector(tile, state="detached", timeout=20_000)
    await guest.wait_for_selector("button:has-text('Raise hand')")
    assert trouble == []
