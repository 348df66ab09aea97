"""A video is uploaded in the page, made ready, and watched: as a replay, on demand, as if it were live."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.test_interpreter import hears
from tests.browser.test_main_job import PIXELS, audience, make_webinar, moved, say, sign_in, watch_for_trouble
from tests.browser.test_recording_replay import PICTURE, recordings_page
from tests.browser.test_stage import HOLES, width
from tests.browser.test_stage import shows as wide
from tests.browser.test_studio import presenting
from tests.browser.test_styleguide import picture, violations
from tests.media.test_videos import H264, SOUND, film
from tests.media.test_videos import PICTURE as SHOWN
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.product import Child


async def upload(page: Page, file: Path, title: str) -> None:
    """Choose a file, send it, wait until it is ready."""
    await page.set_input_files("#upload-file", file)
    await page.fill("#upload-title", title)
    await page.click("video-upload button:has-text('Upload')")
    await page.wait_for_selector(f"section.card h2:has-text('{title} ·')", timeout=60_000)


async def test_a_video_is_uploaded_refused_or_made_ready_and_watched(lectern: Child, chromium: Browser, tmp_path: Path) -> None:
    trouble: list[str] = []
    await film(tmp_path / "talk.mp4", *SHOWN, *SOUND, *H264, "-c:a", "aac")
    (tmp_path / "letter.mp4").write_text("Dear all, " * 200)
    crew = await chromium.new_context(viewport={"width": 1440, "height": 900})
    page = await crew.new_page()
    watch_for_trouble(page, trouble)
    await sign_in(page, lectern, "organiser@demo.example")
    home = (await make_webinar(page, lectern)).removesuffix("/room")
    await page.goto(home + "/console")
    await page.goto(await recordings_page(page, lectern))
    await page.set_input_files("#upload-file", tmp_path / "letter.mp4")
    await page.click("video-upload button:has-text('Upload')")
    await page.wait_for_selector("text=This is not a video that can be read here", timeout=60_000)
    await page.click("button:has-text('Put aside')")
    await page.wait_for_selector("text=No recordings")
    await upload(page, tmp_path / "talk.mp4", "The talk")
    await page.click("button:has-text('Publish')")
    await page.wait_for_selector("text=Can be watched")

    viewer = await (await chromium.new_context()).new_page()
    watch_for_trouble(viewer, trouble)
    await viewer.goto(home + "/replay")
    await until(partial(viewer.evaluate, PICTURE), within=30, what="the video loads")
    seen = await viewer.evaluate(PICTURE)
    assert (seen["width"], round(seen["length"])) == (320, 4)
    await page.click("button:has-text('Delete')")
    await page.click("dialog[open] button:has-text('Delete for good')")
    await page.wait_for_selector("text=No recordings")
    assert [path for path in (lectern.folder / "data" / "files").rglob("*") if path.is_file()] == []
    assert trouble == []


async def hour_is_now(page: Page, webinar: str) -> None:
    """Give the webinar the present minute as its hour."""
    await page.goto(f"{webinar}/edit")
    await page.select_option("[name=starts_zone]", "UTC")
    now = datetime.now(UTC)
    await page.fill("[name=starts_date]", now.date().isoformat())
    await page.fill("[name=starts_time]", now.strftime("%H:%M"))
    await page.click("main form button.primary")
    await page.wait_for_url("**saved=1")


async def shown(page: Page, player: str) -> float:
    """Where the picture is, in seconds; less than nothing while there is none."""
    seen = f"""() => {{ const video = document.querySelector("{player} video");
      return video && video.readyState >= 2 && video.videoWidth === 320 ? video.currentTime : -1 }}"""
    return float(await page.evaluate(seen))


async def test_on_demand_everybody_begins_when_they_like_and_as_if_live_nobody_skips_ahead(
    lectern: Child, chromium: Browser, tmp_path: Path
) -> None:
    trouble: list[str] = []
    await film(tmp_path / "talk.mp4", *SHOWN, *SOUND, *H264, "-c:a", "aac", seconds=60)
    crew = await chromium.new_context(viewport={"width": 1440, "height": 900})
    page = await crew.new_page()
    watch_for_trouble(page, trouble)
    await sign_in(page, lectern, "organiser@demo.example")
    room = await make_webinar(page, lectern)
    home = page.url.split("?")[0]
    await page.goto(f"{home}/recordings")
    await upload(page, tmp_path / "talk.mp4", "The talk")

    await page.check("input[value=ondemand]")
    await page.fill("[name=days]", "14")
    await page.click("form[action$='/plays'] button.primary")
    await page.wait_for_url("**saved=1")
    viewer = await audience(chromium, room, trouble)
    assert await viewer.is_visible(".waiting ui-countdown")
    await hour_is_now(page, home)
    await until(lambda: shows(viewer, "replay-player"), within=30, what="the waiting room turns into the video")
    assert await viewer.is_hidden("room-player")
    await viewer.wait_for_selector("room-bar >> text=On demand")
    await viewer.evaluate("document.querySelector('replay-player').goTo(6)")
    await until(lambda: shows(viewer, "replay-player", 6), within=30, what="everybody goes where they like")
    await say(viewer, "Seen at night")
    await viewer.wait_for_selector(".chat-text:has-text('Seen at night')")
    assert await viewer.evaluate("document.cookie + Object.keys(localStorage)") == ""
    await page.goto(room.removesuffix("/room") + "/console")
    await page.click("button:has-text('End')")
    await page.click("button:has-text('End for everyone')")
    await viewer.wait_for_selector("text=This webinar has ended")
    assert await viewer.locator("replay-player").count() == 0

    room = await make_webinar(page, lectern)
    home = page.url.split("?")[0]
    await page.goto(f"{home}/recordings")
    await upload(page, tmp_path / "talk.mp4", "The talk")
    await page.check("input[value=simulive]")
    await page.click("form[action$='/plays'] button.primary")
    await page.wait_for_url("**saved=1")
    await viewer.goto(room)
    await viewer.wait_for_selector(".waiting ui-countdown")
    await hour_is_now(page, home)
    await until(lambda: shows(viewer, "room-player"), within=40, what="the video begins by itself, as if live")
    late = await audience(chromium, room, trouble)
    await until(lambda: shows(late, "room-player"), within=40, what="who comes late comes in where it is")
    ahead = await late.evaluate(
        "(() => { const v = document.querySelector('room-player video'); return v.buffered.end(v.buffered.length - 1) - v.currentTime })()"
    )
    assert ahead < 5, "nothing of what is to come is there"
    await late.wait_for_selector("room-bar >> text=Live")
    assert trouble == []


async def shows(page: Page, player: str, than: float = 0.0) -> bool:
    return await shown(page, player) >= than


async def test_a_video_is_played_to_the_audience_and_the_stage_comes_back_by_itself(
    lectern: Child, chromium: Browser, tmp_path: Path
) -> None:
    trouble: list[str] = []
    await film(
        tmp_path / "trailer.mp4", *SHOWN, "-f", "lavfi", "-i", "sine=1500:sample_rate=48000", *H264, "-c:a", "aac", seconds=14
    )
    studio, room = await presenting(chromium, lectern, trouble)
    files = await studio.context.new_page()
    await files.goto(await recordings_page(studio, lectern))
    await upload(files, tmp_path / "trailer.mp4", "Trailer")
    await studio.click("summary:has-text('Play a video')")
    button = studio.get_by_role("button", name="Play Trailer")
    await expect(button).to_be_disabled()
    await studio.click("button:has-text('Go live')")
    viewer = await audience(chromium, room, trouble)
    await until(partial(width, viewer), within=60, what="the presenter's picture")
    own = await width(viewer)
    assert own != 320

    await button.click()
    await studio.wait_for_selector("text=The audience sees a video.")
    assert await violations(studio) == []
    await picture(studio, "stage-video-light-desktop.png")
    await until(partial(wide, viewer, 320), within=30, what="the video is seen")
    await until(partial(hears, viewer, above=1400, below=1600), within=30, what="and heard, over the microphone")
    await studio.click("button:has-text('Stop the video')")
    await until(partial(wide, viewer, own), within=30, what="stopped, the presenter is seen")
    await button.click()
    await until(partial(wide, viewer, 320), within=30, what="it begins again")
    first = await viewer.evaluate(PIXELS)
    await until(partial(moved, viewer, first), within=30, what="it moves")
    await until(partial(wide, viewer, own), within=60, what="it is over by itself")
    await studio.wait_for_selector("text=The audience sees a video.", state="detached")
    first = await viewer.evaluate(PIXELS)
    await until(partial(moved, viewer, first), within=30, what="the presenter's picture moves")
    assert await viewer.evaluate(HOLES) == [], "nothing is missing at the cuts"
    assert trouble == []
