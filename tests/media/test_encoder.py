"""A WHIP client that is not ours, and sends as OBS does: libdatachannel, no addresses in its offer, key frames when it likes."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

from app.media.directory import Broadcast, Placed
from app.media.looper import Clip, read
from tests.media.stand import WEBINAR, small_clip, stand
from tests.media.test_live import run
from tests.media.test_program import EXACT, _is
from tests.support.encoder import encoder
from tests.support.until import until


async def as_obs_encodes(folder: Path) -> Clip:
    """High profile, a key frame every two seconds, no B-frames, parameter sets before each key frame; a tone in stereo."""
    path = folder / "clip.mkv"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30")
    sound = ("-f", "lavfi", "-i", "sine=440:sample_rate=48000")
    x264 = ("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-bf", "0", "-g", "60")
    opus = ("-c:a", "libopus", "-ac", "2", "-frame_duration", "20")
    await run("ffmpeg", "-v", "error", *picture, *sound, *x264, *opus, "-t", "4", str(path))
    return read(path)


async def test_an_encoder_with_the_library_of_obs_is_seen_and_heard(tmp_path: Path) -> None:
    clip = await as_obs_encodes(tmp_path)
    async with stand() as here:
        here.directory.seats = {"a": Placed(True), "b": Placed(True)}
        here.directory.chosen = "a"
        here.directory.state = Broadcast.LIVE
        async with encoder(tmp_path, f"{here.url}/whip/{WEBINAR}", "seat-a", clip) as sending:
            await until(partial(_is, here, "640x360"), within=30, what="it is in the picture")
            (publisher,) = here.directory.present[-1]
            assert (publisher.video, publisher.audio) == ("passthrough", True)
            # A cut away and back: it is asked for a key frame and does not listen, so the cut waits for its next one.
            async with here.sending(small_clip((480, 270)), "seat-b"):
                here.directory.chosen = "b"
                await until(partial(_is, here, "480x270"), within=10, what="somebody else")
                here.directory.chosen = "a"
                await until(partial(_is, here, "640x360"), within=10, what="the encoder again")
            await here.until(lambda text: text.count("#EXTINF") >= 4, lane="audience")
            url = f"{here.url}/hls/audience/main.m3u8"
            command = ("ffmpeg", "-v", "warning", "-live_start_index", "0", "-t", "6", "-i", url, *EXACT, "-f", "null", "-")
            _, err = await run(*command)
            assert [line for line in err.splitlines() if "duplicated MOOV" not in line and "repeated" not in line] == []
            out, _ = await run("ffprobe", "-v", "error", "-show_streams", "-of", "json", url)
            found = {one["codec_type"]: one for one in json.loads(out)["streams"]}
            assert (found["video"]["profile"], found["audio"]["codec_name"]) == ("High", "aac")
            assert sending.returncode is None
        await until(lambda: here.directory.present[-1] == [], what="it said goodbye")


async def test_one_with_a_foreign_token_is_told_so(tmp_path: Path) -> None:
    clip = small_clip()
    async with stand() as here, encoder(tmp_path, f"{here.url}/whip/{WEBINAR}", "of somebody", clip) as sending:
        assert sending.stderr is not None
        said = (await asyncio.wait_for(sending.stderr.read(), 20)).decode()
        assert said.startswith("401 ")
        assert await sending.wait() == 1
