"""A recording is watched with captions from a file and from the webinar itself, and with its polls in step."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import update

from app.core.permissions import Role
from app.core.tokens import Tokens
from app.media import captions, recordings
from app.media.models_captions import Caption
from app.media.packager import Program
from app.media.recorder import Recorder
from app.media.tape import TapeWriter
from app.media.timeline import date_of
from app.privacy.files import Shelf
from app.rooms.models_polls import Poll
from tests.browser.test_styleguide import picture, violations
from tests.media.stand import Past, fed, small_clip
from tests.support.product import PASSWORD
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.product import Product

DUTCH = b"WEBVTT\n\n00:00.000 --> 10:00.000\nGoedemorgen allemaal\n"
SECONDS = 12.0


async def recorded(product: Product, webinar_id: str) -> tuple[TapeWriter, float]:
    """A recording of some seconds, made in a moment, and the place on the timeline where it begins."""
    async with product.work.unit() as unit:
        tape = await recordings.begin(unit, product.parts.vault, Shelf(product.parts.settings.data_dir), webinar_id)
    past = Past(SECONDS)
    program = Program(bytes, timeline=past)
    recorder = Recorder(program, tape)
    begins = past.now()
    fed(program, past, SECONDS, small_clip())
    recorder.stop()
    return tape, begins


async def test_captions_and_polls_are_in_step_with_the_recording(product: Product, chromium: Browser) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    await product.member(account, Role.ADMIN, "ada@meadow.example")
    async with product.client() as client, product.join(webinar.id, Role.MODERATOR) as mo:
        link = captions.link(Tokens(product.parts.settings.secret), webinar, "en")
        tape, begins = await recorded(product, webinar.id)
        assert (await client.post(link, json={"text": "Written while it was live"})).status_code == 204
        polls = []
        for text in ("Honey or jam?", "Only for the crew"):
            item = {"kind": "single", "text": text, "options": [{"text": "Honey"}, {"text": "Jam"}]}
            polls.append((await mo.ask("poll.make", place="sidebar", results="always", items=[item]))["poll"])
        await mo.ask("poll.open", poll=polls[0])
        await mo.ask("poll.close", poll=polls[0])
        async with product.work.unit() as unit:
            await recordings.end(unit, tape.id, tape.seconds, tape.size)
            row = await recordings.one(unit.session, webinar.id, tape.id)
            row.published, row.made_at = True, date_of(begins)
            poll = await unit.session.get_one(Poll, polls[0])
            poll.opened_at, poll.closed_at = date_of(begins + 3), date_of(begins + 6)
            await unit.session.execute(update(Caption).values(at=date_of(begins + 2)))
        context = await chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        page = await context.new_page()
        await sent(page, product, webinar.id)
        await page.goto(f"{product.url}/w/{webinar.slug}/replay")
        await page.click("[role=tab]:has-text('Polls')")
        await page.wait_for_selector("text=Polls appear here as the recording gets there.")
        await page.select_option("replay-player select[aria-label='Captions']", label="Nederlands")
        await page.click("replay-player button[aria-label='Play']")
        await until(partial(reads, page, "Goedemorgen allemaal"), within=30, what="the captions of the file")
        await page.select_option("replay-player select[aria-label='Captions']", label="English")
        await page.evaluate("document.querySelector('replay-player').goTo(3.5)")
        await until(partial(reads, page, "Written while it was live"), within=30, what="what was written live, at its moment")
        assert await page.evaluate("sessionStorage.getItem('lectern.captions')") == "en"
        await page.wait_for_selector("replay-polls article:has-text('Honey or jam?')")
        await page.evaluate("document.querySelector('replay-player').goTo(8)")
        await page.wait_for_selector("replay-polls article .bars li:has-text('Honey')")
        await until(partial(reads, page, "Written while it was live", shown=False), within=30, what="its moment to be over")
        assert await page.locator("replay-polls article").count() == 1, "a draft is nobody's but the crew's"
        assert await violations(page) == []
        await picture(page, "replay-polls.png")
        await context.close()


async def sent(page: Page, product: Product, webinar_id: str) -> None:
    """Sent as an organiser sends it, first with a fault in it."""
    await page.goto(f"{product.url}/sign-in")
    await page.fill("[name=email]", "ada@meadow.example")
    await page.fill("[name=password]", PASSWORD)
    await page.click("main button.primary")
    await page.wait_for_url("**/admin")
    await page.goto(f"{product.url}/admin/webinars/{webinar_id}/recordings")
    await page.click("summary:has-text('Captions')")
    for body, seen in (
        (DUTCH.replace(b"10:00", b"00:00"), "[role=alert]:has-text('Line 3: this caption ends')"),
        (DUTCH, "details span:has-text('Nederlands · 1 caption')"),
    ):
        await page.select_option("select[name=lang]", "nl")
        await page.set_input_files("details input[type=file]", {"name": "bees.vtt", "mimeType": "text/vtt", "buffer": body})
        await page.click("button:has-text('Add captions')")
        await page.wait_for_selector(seen)
    assert await violations(page) == []
    await picture(page, "recording-captions.png")


async def reads(page: Page, text: str, shown: bool = True) -> bool:
    """Whether the browser shows this caption now, or with ``shown`` off whether it does not."""
    cues: str = await page.evaluate(
        """() => [...document.querySelector("replay-player video").textTracks].filter((track) => track.mode === "showing")
          .flatMap((track) => [...(track.activeCues ?? [])].map((cue) => cue.text)).join()"""
    )
    return shown is (text in cues)
