"""A real sender over the loopback network, a real server, and ffmpeg as a player that is not ours."""

from __future__ import annotations

import asyncio
import json

import pytest

from app.media.directory import Broadcast
from tests.media.stand import small_clip, stand
from tests.support.until import until


async def run(*command: str) -> tuple[str, str]:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return out.decode(), err.decode()


async def test_ffmpeg_plays_what_a_presenter_sends_without_a_warning() -> None:
    async with stand() as here, here.sending(small_clip()) as looper:
        assert looper.answer_headers["lectern-video"] == "passthrough"
        await here.until(lambda text: text.count("#EXTINF") >= 3)
        url = f"{here.url}/hls/crew/main.m3u8"
        out, err = await run("ffprobe", "-v", "warning", "-show_streams", "-of", "json", url)
        assert err == ""
        streams = {s["codec_type"]: s for s in json.loads(out)["streams"]}
        assert (streams["video"]["codec_name"], streams["video"]["width"], streams["audio"]["codec_name"]) == ("h264", 640, "aac")
        _, err = await run("ffmpeg", "-v", "warning", "-xerror", "-t", "4", "-i", url, "-f", "null", "-")
        # ffmpeg 5 reads the same header again after each reload of any live playlist with EXT-X-MAP, and says so.
        assert [line for line in err.splitlines() if "Found duplicated MOOV Atom" not in line] == []


async def test_the_audience_gets_nothing_before_go_live_and_nothing_of_the_preview_after() -> None:
    async with stand() as here, here.sending(small_clip()):
        preview = await here.until(lambda text: text.count("#EXTINF") >= 2)
        early = [line for line in preview.splitlines() if line.endswith(".m4s")]
        assert await here.playlist("audience", "main") == ""
        here.directory.state = Broadcast.LIVE
        live = await here.until(lambda text: "#EXTINF" in text, lane="audience")
        assert not set(early) & set(live.splitlines())
        answers = [await here.client.get(f"{here.url}/hls/audience/{name}") for name in early]
        assert {answer.status_code for answer in answers} == {404}
        assert (await here.client.get(f"{here.url}/hls/crew/{early[-1]}")).status_code == 200
        here.directory.state = Broadcast.PAUSED
        assert (await here.client.get(f"{here.url}/hls/audience/video.m3u8")).status_code == 404
        here.directory.state = Broadcast.ENDED
        assert (await here.client.get(f"{here.url}/hls/crew/video.m3u8")).status_code == 410


async def test_a_presenter_who_comes_back_goes_on_after_a_discontinuity() -> None:
    async with stand() as here:
        here.directory.state = Broadcast.LIVE
        async with here.sending(small_clip()):
            await here.until(lambda text: "#EXTINF" in text, lane="audience")
        async with here.sending(small_clip((320, 180))):
            text = await here.until(lambda text: "#EXT-X-DISCONTINUITY\n" in text, lane="audience")
            await here.until(lambda text: "#EXT-X-DISCONTINUITY\n" in text, lane="audience", name="audio")
        assert text.count("#EXT-X-MAP") == 2


@pytest.mark.parametrize("size", [(640, 360)])
async def test_one_seat_sends_once(size: tuple[int, int]) -> None:
    async with stand() as here, here.sending(small_clip(size)) as first:
        await here.until(lambda text: "#EXTINF" in text)
        async with here.sending(small_clip(size)):
            await asyncio.wait_for(first.ended.wait(), 20)
            await until(lambda: [one.seat for one in here.directory.present[-1]] == ["a"], what="the seat sends once")


async def test_a_player_that_comes_as_somebody_goes_live_gets_the_stream_with_its_first_request() -> None:
    async with stand() as here, here.sending(small_clip()):
        await here.until(lambda text: "#EXTINF" in text)
        request = asyncio.create_task(here.client.get(f"{here.url}/hls/audience/main.m3u8"))
        here.directory.state = Broadcast.LIVE
        answer = await request
        assert (answer.status_code, "video.m3u8" in answer.text.splitlines()) == (200, True)
