"""The end of the buffer as browsers keep it is not quite the end of what is in it, and a stall is over some day: the player knows both."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.browser.test_main_job import audience
from tests.browser.test_studio import presenting
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.support.product import Child

WHOLE = "(document.querySelector('room-player').player.hls?.latestLevelDetails?.fragments.length ?? 0) > 2"
PLAYER = "document.querySelector('room-player').player"
STALL = """(calm) => {
  const { hls, distance } = document.querySelector("room-player").player;
  distance.calm = calm;
  hls.trigger("hlsError", { type: "mediaError", details: "bufferStalledError", fatal: false, error: new Error("a bad moment") });
  return hls.targetLatency;
}"""
NEXT = """(before) => {
  const { hls } = document.querySelector("room-player").player;
  const details = hls.latestLevelDetails, loader = hls.streamController;
  const frag = details.fragments.at(-1), growing = details.fragmentHint;
  // Only while the segment after the last whole one has parts already.
  if (!growing || details.partList.at(-1).fragment.sn !== growing.sn || growing.sn !== frag.sn + 1) return null;
  // hls.js forgets of parts that it has them, and then does not go on from a segment that it has whole.
  const partList = [{ fragment: frag, loaded: false, gap: false, index: 0 }, ...details.partList];
  const kept = [loader.fragPrevious, loader.loadingParts];
  // Each new list brings new objects for what is known.
  [loader.fragPrevious, loader.loadingParts] = [Object.create(frag), true];
  const found = loader.getFragmentAtPosition(growing.start - before, details.partEnd, Object.create(details, { partList: { value: partList } }));
  [loader.fragPrevious, loader.loadingParts] = kept;
  return found ? found.sn - frag.sn : -1;
}"""


async def test_what_follows_is_found_when_the_buffer_ends_microseconds_early(lectern: Child, chromium: Browser) -> None:
    studio, room = await presenting(chromium, lectern)
    await studio.click("button:has-text('Go live')")
    viewer = await audience(chromium, room, [])
    await until(partial(viewer.evaluate, WHOLE), within=60, what="some segments")
    for early in (0.000003, 0.0002):
        assert await found(viewer, early) == 1, "what a browser cuts off, and what hls.js is wrong by, is no reason to wait"
    assert await found(viewer, 0.02) == 0, "the control: a frame that is missing is"


async def test_after_a_stall_and_a_calm_time_it_is_as_near_as_before(lectern: Child, chromium: Browser) -> None:
    studio, room = await presenting(chromium, lectern)
    await studio.click("button:has-text('Go live')")
    viewer = await audience(chromium, room, [])
    await until(partial(viewer.evaluate, WHOLE), within=60, what="some segments")
    usual = await viewer.evaluate(f"{PLAYER}.hls.targetLatency")
    later = await viewer.evaluate(STALL, 60_000)
    assert later == usual + 1, "the control: hls.js keeps a second more"
    assert await viewer.evaluate(STALL, 50) == usual + 2
    await until(partial(viewer.evaluate, f"{PLAYER}.hls.targetLatency === {usual}"), within=20, what="it comes back")
    assert await viewer.evaluate(f"{PLAYER}.distance.calm") == 100, "the next time takes twice as long"


async def found(viewer: Page, before: float) -> int:
    """Which segment is asked for when the buffer ends so many seconds before the one that grows: 0 the last whole one, 1 that one."""

    async def look() -> list[int] | None:
        which: int | None = await viewer.evaluate(NEXT, before)
        return None if which is None else [which]

    (answer,) = await until(look, within=20, what="a segment that grows")
    return int(answer)
