"""A smaller picture beside the one that is sent: the same segments, the same breaks, also over cuts, stops and a killed process."""

from __future__ import annotations

import io
import os
import re
import signal
from fractions import Fraction
from functools import partial

import av

from app.core.permissions import Role
from app.media import h264, ladder
from app.media.directory import Broadcast, Placed
from app.media.directory_db import DatabaseDirectory
from app.media.ladder_worker import Converter, Message, Picture, Turn, smaller
from app.media.transcode import CLOCK
from tests.api.stand import program
from tests.media.stand import WEBINAR, Stand, small_clip, stand
from tests.media.test_live import run
from tests.media.test_playlist import attributes, faults
from tests.media.test_program import EXACT
from tests.support.product import Product
from tests.support.until import until

SIZE = (1280, 720)


def listed(text: str) -> dict[str, tuple[str, bool]]:
    """Number of each finished segment → its hour, and whether it begins after a break."""
    found, when, gap = {}, "", False
    for line in text.splitlines():
        if line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
            when = line.partition(":")[2]
        elif line == "#EXT-X-DISCONTINUITY":
            gap = True
        elif line.endswith(".m4s") and not line.startswith("#"):
            found[line.rsplit("-", 1)[1]] = (when, gap)
            gap = False
    return found


async def both(here: Stand, least: int = 3) -> bool:
    """Whether the two pictures have this many segments in common, all alike."""
    large, small = listed(await here.playlist("audience", "video")), listed(await here.playlist("audience", ladder.KIND))
    common = large.keys() & small.keys()
    assert all(large[one] == small[one] for one in common), (large, small)
    return len(common) >= least


async def pictures(here: Stand) -> list[tuple[int, int]]:
    """Sizes of what is offered."""
    text = await here.playlist("audience", "main")
    return [
        (int(width), int(height))
        for line in text.splitlines()
        if (size := attributes(line).get("RESOLUTION"))
        for width, height in [size.split("x")]
    ]


async def test_a_smaller_picture_has_the_segments_and_breaks_of_the_large_one() -> None:
    async with stand() as here, here.sending(small_clip(SIZE), "seat-a"), here.sending(small_clip((480, 270)), "seat-b"):
        here.directory.ladder = True
        here.directory.seats = {"a": Placed(True), "b": Placed(True)}
        here.directory.chosen = "a"
        await here.until(lambda text: "#EXTINF" in text)
        here.directory.state = Broadcast.LIVE
        # The first request of a player, at the very moment of going live, has both.
        assert await pictures(here) == [SIZE, (852, 480)]
        await until(partial(both, here), within=30, what="both have segments")
        small = await here.playlist("audience", ladder.KIND)
        assert faults(small) == []
        assert re.search(r'RENDITION-REPORT:URI="video\.m3u8"', small)
        # A cut to somebody whose picture has another size breaks both at the same segment.
        here.directory.chosen = "b"
        await here.until(lambda text: "#EXT-X-DISCONTINUITY\n" in text, lane="audience")
        await here.until(lambda text: "#EXT-X-DISCONTINUITY\n" in text, lane="audience", name=ladder.KIND)
        await until(partial(both, here, 5), within=30, what="both go on")
        assert faults(await here.playlist("audience", ladder.KIND)) == []
        large, small = [await here.playlist("audience", name) for name in ("video", ladder.KIND)]
        number = min(listed(large).keys() & listed(small).keys())
        assert alike(await first_picture(here, large, number), await first_picture(here, small, number)), "the same moment"
        later = max(listed(large).keys() & listed(small).keys())
        assert not alike(await first_picture(here, large, later), await first_picture(here, small, number)), "the control"
        address = f"{here.url}/hls/audience/{ladder.KIND}.m3u8"
        _, err = await run("ffmpeg", "-v", "error", "-live_start_index", "0", "-t", "4", "-i", address, *EXACT, "-f", "null", "-")
        assert err == ""


async def first_picture(here: Stand, text: str, number: str) -> bytes:
    """What a segment of a playlist begins with, as a few shades of grey."""
    header = ""
    for line in text.splitlines():
        if line.startswith("#EXT-X-MAP"):
            header = attributes(line)["URI"]
        elif line.endswith(f"-{number}") and not line.startswith("#"):
            data = [(await here.client.get(f"{here.url}/hls/audience/{name}")).content for name in (header, line)]
            with av.open(io.BytesIO(b"".join(data)), "r", format="mp4") as source:
                grey = next(source.decode(video=0)).reformat(width=32, height=18, format="gray")
                plane = grey.planes[0]
                return b"".join(bytes(plane)[row * plane.line_size :][:32] for row in range(18))
    raise AssertionError(f"{number} is not in the playlist")


def alike(one: bytes, other: bytes) -> bool:
    """Whether two pictures are nearly the same."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one) < 4


async def test_it_is_made_only_where_it_is_wanted_and_within_what_the_machine_can() -> None:
    async with stand() as here, here.sending(small_clip()):
        here.directory.state = Broadcast.LIVE
        await here.until(lambda text: "#EXTINF" in text, lane="audience")
        assert len(await pictures(here)) == 1, "the control: nobody asked for it"
        here.studio.places.free = 0
        here.directory.ladder = True
        await until(lambda: here.studio.stages[WEBINAR].plan.ladder, what="it is wanted")
        assert len(await pictures(here)) == 1, "and there is no place for it"
        here.studio.places.free = 1
        await until(partial(both, here), within=30, what="there is one")
        child = process(here)
        here.directory.ladder = False
        await until(lambda: not alive(child), what="the process ends")
        assert (len(await pictures(here)), here.studio.places.free) == (1, 1)


async def test_after_a_kill_it_begins_anew_and_the_large_picture_goes_on() -> None:
    async with stand() as here, here.sending(small_clip()):
        here.directory.ladder, here.directory.state = True, Broadcast.LIVE
        await until(partial(both, here), within=30, what="both have segments")
        before, child = await here.playlist("audience", ladder.KIND), process(here)
        breaks = here.studio.stages[WEBINAR].program.breaks
        os.kill(child, signal.SIGKILL)
        await until(lambda: process(here) not in (0, child), within=20, what="there is another process")
        await until(partial(other_run, here, before), within=30, what="another track, from where the large one is")
        await until(partial(both, here, 2), within=30, what="in step again")
        assert here.studio.stages[WEBINAR].program.breaks == breaks
        last = process(here)
    await until(lambda: not alive(last), what="it ends with the stage")


async def other_run(here: Stand, before: str) -> bool:
    now = await here.playlist("audience", ladder.KIND)
    return bool(now) and "#EXTINF" in now and maps(now).isdisjoint(maps(before))


def maps(text: str) -> set[str]:
    return {attributes(line)["URI"] for line in text.splitlines() if line.startswith("#EXT-X-MAP")}


def process(here: Stand) -> int:
    small = here.studio.stages[WEBINAR].program.small
    child = small._child if small is not None else None
    return child.pid if child is not None else 0


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def units(*, bframes: int = 0) -> list[Picture]:
    """A film in H.264, each access unit with when it is shown."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = 640, 360, "yuv420p", Fraction(25)
    encoder.options = {"preset": "veryfast", "g": "25", "bf": str(bframes), "x264-params": "keyint=25:scenecut=0:b-adapt=0"}
    found = []
    for number in [*range(75), -1]:
        frame = None
        if number >= 0:
            frame = av.VideoFrame(640, 360, "yuv420p")
            frame.planes[0].update(bytes((x * number) % 256 for x in range(frame.planes[0].buffer_size)))
            frame.pts = number * 3600
            frame.time_base = CLOCK
        found += [Picture(packet.pts or 0, packet.is_keyframe, bytes(packet)) for packet in encoder.encode(frame)]
    return found


def made(messages: list[Message], *, hurry: bool = False) -> list[Message]:
    converter = Converter()
    return [out for message in messages for out in converter.take(message, hurry=hurry)]


def test_pictures_stored_in_another_order_come_out_in_the_order_they_are_shown() -> None:
    given: list[Message] = []
    for one in units(bframes=2):
        if one.key:
            given.append(Turn(len(given)))
        given.append(one)
    out = made(given)
    times = [one.at for one in out if isinstance(one, Picture)]
    assert times == sorted(times)
    assert len(times) >= 70, "hardly any is lost"
    for place, here in enumerate(out):
        if isinstance(here, Turn):
            first = out[place + 1]
            assert isinstance(first, Picture)
            assert first.key, "a segment begins with a key frame"
            found = h264.parameters(first.data)
            assert found is not None
            assert (found.width, found.height) == (640, 360), "never larger than what came"


def test_in_a_hurry_pictures_are_left_out_but_never_a_segments_first() -> None:
    given: list[Message] = []
    for one in units():
        given += [Turn(len(given)), one] if one.key else [one]
    out = made(given, hurry=True)
    assert [type(one) for one in out] == [Turn, Picture] * 3
    assert all(one.key for one in out if isinstance(one, Picture))
    assert len(made(given)) == 75 + 3, "the control"


def test_what_is_no_picture_ends_nothing() -> None:
    whole = units()
    out = made([Turn(1), whole[0], Picture(1, False, os.urandom(300)), *whole[1:]])
    assert sum(isinstance(one, Picture) for one in out) > 40


def test_it_is_smaller_of_the_same_shape_and_even() -> None:
    assert smaller(1920, 1080) == (852, 480)
    assert smaller(1080, 1920) == (270, 480)
    assert smaller(2560, 1080) == (854, 360)
    assert smaller(320, 180) == (320, 180)


async def test_the_organiser_asks_for_it(product: Product) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    await product.member(account, Role.ADMIN, "ona@meadow.example")
    directory = DatabaseDirectory(product.parts.settings, product.parts.database)
    given = {"title": "Bees", "starts_date": "2027-05-01", "starts_time": "14:00", "starts_zone": "UTC", "slug": webinar.slug}
    async with product.client() as client, program(product, account) as api:
        await product.sign_in(client, "ona@meadow.example")
        for said, status, wanted in (("on", 303, True), ("two", 422, True), ("off", 303, False)):
            answer = await client.post(f"/admin/webinars/{webinar.id}/edit", data=given | {"ladder": said})
            assert (answer.status_code, (await directory.plan(webinar.id)).ladder) == (status, wanted)
        assert (await api.patch(f"/webinars/{webinar.id}", json={"ladder": True})).json()["ladder"] is True
        assert (await directory.plan(webinar.id)).ladder
        assert (await api.patch(f"/webinars/{webinar.id}", json={"title": "Bees again"})).json()["ladder"] is True
