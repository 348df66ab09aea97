"""Several pictures in one, only while it is wanted: decoded pixels of the audience's stream, and back to passing through."""

from __future__ import annotations

import io
import re
from contextlib import AsyncExitStack
from functools import partial

import av

from app.media import compose
from app.media.directory import Broadcast, Placed
from tests.media.stand import Stand, small_clip, stand
from tests.media.test_program import _is
from tests.support.until import until

Colour = tuple[int, int, int]
SIZES = {"a": (640, 360), "b": (480, 270), "c": (320, 180)}


def test_every_picture_keeps_its_shape_inside_its_own_cell() -> None:
    for layout, most in (("side", 2), ("corner", 2), ("grid", 6)):
        for count in range(1, most + 1):
            places = compose.cells(layout, count)
            assert len(places) == count
            for cell in places:
                left, top, width, height = compose.fitted(cell, (640, 360))
                assert cell[0] <= left <= left + width <= cell[0] + cell[2] <= 1280
                assert cell[1] <= top <= top + height <= cell[1] + cell[3] <= 720
                assert abs(width / height - 16 / 9) < 0.02
                assert [value % 2 for value in (left, top, width, height)] == [0, 0, 0, 0]
    assert compose.fitted((0, 0, 640, 720), (400, 800)) == (140, 0, 360, 720), "upright pictures too"


async def seen(here: Stand) -> av.VideoFrame:
    """The newest whole segment of the audience's stream, its last picture."""
    text = await here.playlist("audience", "video")
    init = re.findall(r'MAP:URI="([^"]+)"', text)[-1]
    segment = re.findall(r"^(\S+video-\d+\.m4s)$", text, re.MULTILINE)[-1]
    body = [(await here.client.get(f"{here.url}/hls/audience/{name}")).content for name in (init, segment)]
    with av.open(io.BytesIO(b"".join(body)), "r") as file:
        return list(file.decode(file.streams.video[0]))[-1]


def colour(frame: av.VideoFrame, x: float, y: float) -> Colour:
    """Of a place in the picture, in shares of its size."""
    wide = frame.reformat(format="yuv444p")
    column, row = int(x * frame.width), int(y * frame.height)
    planes = [bytes(plane)[row * plane.line_size + column] for plane in wide.planes]
    return planes[0], planes[1], planes[2]


def vivid(one: Colour) -> bool:
    return abs(one[1] - 128) + abs(one[2] - 128) > 40


def cell_shows(frame: av.VideoFrame, cell: compose.Cell) -> bool:
    """Whether a cell holds the whole test picture: moving coloured bars on its upper three quarters, black and white below."""
    left, top, width, height = compose.fitted(cell, SIZES["a"])

    def row(y: float) -> list[Colour]:
        return [colour(frame, (left + x / 16 * width) / 1280, (top + y * height) / 720) for x in (1.5, 3.5, 5.5, 7.5, 9.5)]

    coloured = all(sum(map(vivid, row(y))) >= 3 for y in (0.03, 0.7))
    return coloured and not any(vivid(one) or 60 < one[0] < 190 for y in (0.8, 0.97) for one in row(y))


async def shows(here: Stand, layout: str, count: int) -> bool:
    """Whether all cells of a layout hold the test picture now."""
    if not await _is(here, "1280x720"):
        return False
    frame = await seen(here)
    return frame.width == 1280 and all(cell_shows(frame, cell) for cell in compose.cells(layout, count))


async def test_layouts_are_one_click_and_end_with_one() -> None:
    async with stand() as here, AsyncExitStack() as senders:
        here.directory.seats = {"a": Placed(True, screen="c"), "b": Placed(True), "c": Placed(True)}
        here.directory.chosen = "a"
        here.directory.state = Broadcast.LIVE
        for seat, size in SIZES.items():
            await senders.enter_async_context(here.sending(small_clip(size), f"seat-{seat}"))
        await until(partial(_is, here, "640x360"), what="one picture, passed through")
        await here.until(lambda text: text.count("#EXTINF") >= 1, lane="audience")
        assert cell_shows(await seen(here), (0, 0, 1280, 720))
        stage = here.studio.stages["webinar-1"]
        assert stage._composer is None, "nothing is encoded while nobody wants it"
        for layout, count, order in (("side", 2, ("c", "a")), ("corner", 2, ("c", "a")), ("grid", 3, ("c", "a", "b"))):
            here.directory.layout = layout
            await until(partial(shows, here, layout, count), within=40, what=layout)
            assert stage._seen == order, "the screen first, then who was chosen"
            assert {one.seat for one in here.directory.present[-1] if one.program} == set(order)
        frame = await seen(here)
        assert not cell_shows(frame, compose.cells("grid", 4)[3]), "the control: there is no fourth"
        here.directory.layout = "single"
        await until(partial(_is, here, "640x360"), within=20, what="passed through again")
        await until(lambda: stage._composer is None, what="the encoder ends")
