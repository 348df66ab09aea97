"""A video as if it were live: the same moment for everybody, by the clock, through the same stream as a presenter's."""

from __future__ import annotations

import asyncio
import io
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
from sqlalchemy import update

from app.core.permissions import Role
from app.media import clip, scheduled
from app.media.conversion import convert
from app.media.directory import Broadcast, Placed, Playing
from app.media.directory_db import DatabaseDirectory
from app.media.examining import examine
from app.media.tape import TapeWriter
from app.media.timeline import EPOCH, place_of
from app.privacy.vault import Box
from app.rooms import schedule
from app.rooms.models import Webinar
from app.rooms.room import open_room
from tests.media.stand import Stand, small_clip, stand
from tests.media.test_languages import loudness
from tests.media.test_live import run
from tests.media.test_videos import H264, PICTURE, SOUND, film, sender
from tests.support.product import Product
from tests.support.until import until

SECONDS = 40


class Onto(TapeWriter):
    """A conversion that goes straight into a recording."""

    def progress(self, part: float) -> None:
        """Of no interest."""


def counted(folder: Path, box: Box, name: str) -> None:
    """A video whose pictures say their number."""
    path = clip.make(Path(tempfile.gettempdir()) / f"lectern-clip-320x180-{SECONDS}.mkv", size=(320, 180), seconds=SECONDS)
    tape = Onto(folder, box, name)
    with av.open(str(path)) as source:
        plan = examine(source, lambda _part: None, path.stat().st_size)
    assert plan.copy_video
    with av.open(str(path)) as source:
        convert(source, plan, tape)
    tape.close()


async def numbers(here: Stand, text: str) -> list[tuple[float, int]]:
    """Places on the timeline and numbers of the pictures in a playlist's finished segments, where there is a number."""
    found, header = [], b""
    for line in text.splitlines():
        if line.startswith("#EXT-X-MAP"):
            header = (await here.client.get(f"{here.url}/hls/audience/{line.split(chr(34))[1]}")).content
        elif line.endswith(".m4s") and not line.startswith("#"):
            data = (await here.client.get(f"{here.url}/hls/audience/{line}")).content
            with av.open(io.BytesIO(header + data), "r", format="mp4") as source:
                found += [(float(frame.time or 0), number(frame)) for frame in source.decode(video=0) if frame.width == 320]
    return found


def number(frame: av.VideoFrame) -> int:
    """The number in the blocks at the bottom."""
    plane = frame.planes[0]
    row = bytes(plane)[160 * plane.line_size :][: plane.width]
    return sum((row[place * 20 + 10] > 128) << (15 - place) for place in range(16))


async def test_everybody_sees_the_moment_the_clock_says_also_after_a_restart_in_the_middle(tmp_path: Path) -> None:
    at = time.time() - EPOCH + 3
    for begins in (True, False):
        async with stand() as here:
            here.directory.folder = tmp_path
            if begins:
                await asyncio.to_thread(counted, tmp_path, here.directory.box, "video")
                at = time.time() - EPOCH + 1.5
            here.directory.playing = Playing("video", at)
            here.directory.state = Broadcast.LIVE
            await here.playlist("audience", "main")
            # Live means that it is not there yet: nothing of what is to come can be asked for.
            seen: list[tuple[float, int]] = []
            for _ in range(60):
                seen = await numbers(here, await here.until(lambda now: "#EXTINF" in now, lane="audience"))
                if len(seen) > 20:
                    break
                await asyncio.sleep(0.5)
            assert len(seen) > 20
            assert max(place for place, _ in seen) < time.time() - EPOCH
            assert max(abs(place - at - n / clip.RATE) for place, n in seen) < 0.05
            if begins:
                wave = tmp_path / "sound.wav"
                address = f"{here.url}/hls/audience/sound.m3u8"
                _, err = await run(
                    "ffmpeg", "-v", "error", "-y", "-live_start_index", "-1", "-i", address, "-t", "1.2", str(wave)
                )
                assert loudness(wave, 220) > 3 * loudness(wave, 500), err


async def test_it_ends_by_itself_and_gives_way_to_whom_the_crew_chooses(tmp_path: Path) -> None:
    async with stand() as here, here.sending(small_clip((480, 270)), "seat-a"):
        here.directory.folder = tmp_path
        here.directory.seats = {"a": Placed(True)}
        await asyncio.to_thread(counted, tmp_path, here.directory.box, "video")
        here.directory.playing = Playing("video", time.time() - EPOCH + 0.5, end=4.0)
        here.directory.state = Broadcast.LIVE
        await until(
            lambda: [one.program for one in here.directory.present[-1]] == [False], what="the video is seen, not the stage"
        )
        here.directory.chosen = "a"
        await until(lambda: [one.program for one in here.directory.present[-1]] == [True], what="who was chosen is seen")
        here.directory.chosen = None
        await until(lambda: [one.program for one in here.directory.present[-1]] == [False], what="the video goes on")
        await until(lambda: [one.program for one in here.directory.present[-1]] == [True], what="after its end the stage is seen")


async def test_a_webinar_with_a_video_begins_and_ends_by_the_clock(product: Product, tmp_path: Path) -> None:
    data = await film(tmp_path / "a.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac", seconds=2)
    async with product.client() as client:
        here = await sender(product, client)
        webinar = here.webinar.id
        plays = f"/admin/webinars/{webinar}/plays"
        assert (await client.post(plays, data={"source": "simulive", "video": "x" * 20})).status_code == 422
        await here.send(data)
        await here.over()
        (video,) = await here.recordings()
        assert (await client.post(plays, data={"source": "simulive", "video": video.id})).status_code == 303
        row = await product.row(webinar)
        assert (row.source, row.video, row.ends_at - row.starts_at) == ("simulive", video.id, timedelta(minutes=5))
        gone = await client.post(f"/admin/webinars/{webinar}/recordings/{video.id}/delete")
        assert gone.status_code == 409, "what the webinar plays stays"
        assert (await product.row(webinar)).broadcast == "idle", "its hour has not come"
        await at(product, webinar, starts_at=datetime.now(UTC))

        async def is_(state: str) -> bool:
            return (await product.row(webinar)).broadcast == state

        await until(lambda: is_("live"), what="it begins by itself")
        directory = DatabaseDirectory(product.parts.settings, product.parts.database)
        plan, row = await directory.plan(webinar), await product.row(webinar)
        assert row.live_since is not None
        assert plan.playing == Playing(video.id, place_of(row.live_since) + scheduled.LEAD, 0.0, None)
        assert await directory.tape(webinar, video.id) is not None
        assert await directory.tape(webinar, "x" * 20) is None
        assert (await client.post(plays, data={"source": "live"})).status_code == 409
        async with product.join(webinar) as guest:
            assert (guest.webinar["source"], guest.webinar["stream"]) == ("simulive", f"/hls/{row.hls_token}/main.m3u8")
        await at(product, webinar, live_since=datetime.now(UTC) - timedelta(seconds=2 + scheduled.LEAD + scheduled.TAIL))
        await until(lambda: is_("ended"), what="it ends by itself")


async def test_on_demand_is_open_from_its_hour_for_days_and_closed_before_and_after(product: Product, tmp_path: Path) -> None:
    data = await film(tmp_path / "a.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac", seconds=2)
    async with product.client() as client, product.client() as viewer:
        here = await sender(product, client)
        webinar = here.webinar.id
        await here.send(data)
        await here.over()
        (video,) = await here.recordings()
        given = {"source": "ondemand", "video": video.id}
        assert (await client.post(f"/admin/webinars/{webinar}/plays", data={**given, "days": "400"})).status_code == 422
        assert (await client.post(f"/admin/webinars/{webinar}/plays", data={**given, "days": "30"})).status_code == 303
        row = await product.row(webinar)
        assert row.ends_at - row.starts_at == timedelta(days=30)
        address = f"/ondemand/{row.hls_token}/main.m3u8"
        assert (await viewer.get(address)).status_code == 404, "before its hour"
        await at(product, webinar, starts_at=datetime.now(UTC))

        async def is_(state: str) -> bool:
            return (await product.row(webinar)).broadcast == state

        await until(lambda: is_("live"), what="it opens by itself")
        assert (await viewer.get(address)).status_code == 200
        media = (await viewer.get(address.replace("main", "video"))).text
        assert media.count("#EXTINF") == 1
        piece = media.splitlines()[-2]
        assert (await viewer.get(address.replace("main.m3u8", piece))).status_code == 200
        async with product.join(webinar, Role.PARTICIPANT) as guest:
            assert guest.webinar["stream"] == address
            assert (await guest.ask("chat.say", text="I watch it at night", name="Ana"))["type"] == "ok"
        await at(product, webinar, ends_at=datetime.now(UTC))
        await until(lambda: is_("ended"), what="it closes by itself")
        assert (await viewer.get(address)).status_code == 404


async def at(product: Product, webinar: str, **values: datetime) -> None:
    """Move the webinar's hours, as its form does."""
    async with product.work.unit() as unit:
        await unit.session.execute(update(Webinar).where(Webinar.id == webinar).values(**values))
        await schedule.look_again(await open_room(unit, product.parts.vault, webinar))
