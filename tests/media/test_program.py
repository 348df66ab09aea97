"""Several senders make one program: cuts between different pictures, everybody's sound, and a stage that never goes dark."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import AsyncExitStack
from functools import partial

import pytest

from app.media.directory import Broadcast, Placed
from tests.media.stand import Stand, small_clip, stand
from tests.media.test_live import run
from tests.support.until import until

EXACT = ("-fps_mode", "passthrough", "-enc_time_base", "-1")
"""Frames of two senders may lie closer together than ffmpeg's guessed frame rate: it is to keep the times as they are."""
SIZES = {"a": (640, 360), "b": (480, 270), "c": (320, 180)}


async def seen(here: Stand) -> str:
    answer = await here.client.get(f"{here.url}/whep/webinar-1", headers={"Authorization": "Bearer seat-z"})
    return next((one["seat"] for one in answer.json()["publishers"] if one["program"]), "")


async def picture(here: Stand) -> str:
    main = await here.playlist("audience", "main")
    return "".join(re.findall(r"RESOLUTION=(\d+x\d+)", main))


async def test_a_click_cuts_between_pictures_of_different_sizes_and_ffmpeg_plays_over_it() -> None:
    async with stand() as here, AsyncExitStack() as senders:
        here.directory.seats = {seat: Placed(True) for seat in SIZES}
        here.directory.chosen = "a"
        for seat, size in SIZES.items():
            await senders.enter_async_context(here.sending(small_clip(size), f"seat-{seat}"))
        here.directory.state = Broadcast.LIVE
        await here.until(lambda text: "#EXTINF" in text, lane="audience")
        for seat in ("b", "c", "a"):
            here.directory.chosen = seat
            wanted = "{}x{}".format(*SIZES[seat])
            await until(partial(_is, here, wanted), within=10, what=f"the picture of {seat}")
        text = await here.until(lambda text: text.count("#EXT-X-DISCONTINUITY\n") >= 3, lane="audience")
        sound = await here.until(lambda text: text.count("#EXT-X-DISCONTINUITY\n") >= 3, lane="audience", name="audio")
        assert text.count("#EXT-X-MAP") >= 3
        assert sound.count("#EXT-X-DISCONTINUITY\n") == text.count("#EXT-X-DISCONTINUITY\n"), "both tracks count the same breaks"
        url = f"{here.url}/hls/audience/main.m3u8"
        command = ("ffmpeg", "-v", "warning", "-live_start_index", "0", "-t", "8", "-i", url, *EXACT, "-f", "null", "-")
        _, err = await run(*command)
        assert [line for line in err.splitlines() if "duplicated MOOV" not in line and "Last message repeated" not in line] == []
        out, _ = await run("ffprobe", "-v", "error", "-show_streams", "-of", "json", url)
        assert {one["codec_type"] for one in json.loads(out)["streams"]} == {"video", "audio"}


async def _told(here: Stand, before: int) -> bool:
    return here.directory.breaks > before


async def _is(here: Stand, wanted: str) -> bool:
    return await picture(here) == wanted


async def test_a_shared_screen_is_seen_while_whoever_shares_it_would_be() -> None:
    async with stand() as here, here.sending(small_clip(), "seat-a"):
        here.directory.seats = {"a": Placed(True, screen="a-screen"), "a-screen": Placed(True)}
        here.directory.state = Broadcast.LIVE
        await until(lambda: _is(here, "640x360"), what="the camera")
        async with here.sending(small_clip((320, 180)), "seat-a-screen", audio=False):
            await until(lambda: _is(here, "320x180"), what="the screen goes first")
            assert {one.seat for one in here.directory.present[-1]} == {"a", "a-screen"}, "the camera goes on"
            here.directory.chosen = "a"
            await until(lambda: _is(here, "640x360"), what="the moderator chose the camera")
            here.directory.chosen = None
            await until(lambda: _is(here, "320x180"), what="the screen again")
        await until(lambda: _is(here, "640x360"), what="the camera when the screen is not shared any more")


async def test_backstage_is_neither_seen_nor_heard_and_an_empty_stage_shows_the_title() -> None:
    async with stand() as here, here.sending(small_clip(), "seat-a"):
        here.directory.state = Broadcast.LIVE
        await until(lambda: _is(here, "640x360"), what="the picture")
        async with here.sending(small_clip((320, 180)), "seat-b"):
            await until(lambda: len(here.directory.present[-1]) == 2, what="both send")
            # Nobody placed the second: who comes while it is live lands backstage.
            assert [one.on_stage for one in here.directory.present[-1]] == [True, False]
            here.directory.seats = {"a": Placed(False), "b": Placed(False)}
            await until(lambda: _is(here, "1280x720"), what="the card with the title")
            length = len((await here.playlist("audience", "video")).splitlines())
            await here.until(lambda text: len(text.splitlines()) > length + 4, lane="audience")
            here.directory.seats = {"a": Placed(False), "b": Placed(True)}
            await until(lambda: _is(here, "320x180"), what="who was brought on stage")


async def test_the_card_and_still_pictures_keep_the_announced_length_of_parts() -> None:
    async with stand() as here, here.sending(small_clip(), "seat-a", video=False):
        here.directory.state = Broadcast.LIVE
        text = await here.until(lambda text: text.count("#EXTINF") >= 2, lane="audience", within=20)
        lengths = [float(one) for one in re.findall(r"EXT-X-PART:DURATION=([\d.]+)", text)]
        assert lengths
        assert max(lengths) <= 0.35
        assert "INDEPENDENT=YES" in text


async def test_the_count_of_breaks_goes_on_over_a_restart_of_the_media_process() -> None:
    numbers, ends = [], []
    breaks = 0
    for _ in range(2):
        async with stand() as here:
            here.directory.breaks = breaks
            here.directory.state = Broadcast.LIVE
            async with here.sending(small_clip(), "seat-a"):
                text = await here.until(lambda text: text.count("#EXTINF") >= 2, lane="audience")
                first = int(re.findall(r"#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)", text)[0])
                numbers.append(first + text.count("#EXT-X-DISCONTINUITY\n"))
                ends.append(int(re.findall(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", text)[0]))
            # It was told on the way: a cut to another picture breaks the stream.
            here.directory.seats = {"a": Placed(False)}
            await until(partial(_told, here, breaks), what="the break is told")
            breaks = here.directory.breaks
    assert numbers[1] > numbers[0]
    assert ends[1] > ends[0]


async def test_the_crew_stays_among_themselves_after_the_end(caplog: pytest.LogCaptureFixture) -> None:
    async with stand() as here, here.sending(small_clip(), "seat-a") as sender:
        here.directory.state = Broadcast.LIVE
        await here.until(lambda text: text.count("#EXTINF") >= 2, lane="audience")
        here.directory.state = Broadcast.ENDED
        await until(partial(_gone, here), what="the audience's stream ends")
        async with here.sending(small_clip((320, 180)), "seat-a"):
            # The new session takes over without a gap, so there is nothing new to tell of.
            await asyncio.wait_for(sender.ended.wait(), 20)
            await until(partial(_off_stage, here), within=20, what="who comes back is there, and on no stage")
        assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
        here.directory.state = Broadcast.PREVIEW
        async with here.sending(small_clip(), "seat-b"):
            await here.until(lambda text: "#EXTINF" in text, lane="crew")


async def _off_stage(here: Stand) -> bool:
    return [one.on_stage for one in here.directory.present[-1]] == [False]


async def _gone(here: Stand) -> bool:
    return (await here.client.get(f"{here.url}/hls/audience/video.m3u8")).status_code == 410
