"""The end of the buffer as browsers keep it is not quite the end of what is in it; the player must ask for what follows all the same."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.browser.test_main_job import audience
from tests.browser.test_studio import presenting
from tests.support.until import until

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.support.product import Child

WHOLE = "(document.querySelector('room-player').player.hls?.latestLevelDetails?.fragments.length ?? 0) > 2"
NEXT = """(before) => {
  const { hls } = document.querySelector("room-player").player;
  const details = hls.latestLevelDetails, loader = hls.streamController;
  const frag = details.fragments.at(-2);
  const kept = [loader.fragPrevious, loader.loadingParts];
  [loader.fragPrevious, loader.loadingParts] = [frag, true];
  const found = loader.getFragmentAtPosition(frag.end - before, details.partEnd, details);
  [loader.fragPrevious, loader.loadingParts] = kept;
  return found.sn - frag.sn;
}"""


async def test_what_follows_is_found_when_the_buffer_ends_microseconds_early(lectern: Child, chromium: Browser) -> None:
    studio, room = await presenting(chromium, lectern)
    await studio.click("button:has-text('Go live')")
    viewer = await audience(chromium, room, [])
    await until(partial(viewer.evaluate, WHOLE), within=60, what="some segments")
    assert await viewer.evaluate(NEXT, 0.000003) == 1, "what a browser cuts off is no reason to wait"
    assert await viewer.evaluate(NEXT, 0.001) == 0, "the control: a frame that is missing is"
