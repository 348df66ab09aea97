"""Recording exactly when it is on: sealed on disk, played on demand and downloaded without re-encoding, nothing when it is off."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.media import recordings, replay
from app.media.directory import Broadcast, Placed
from app.media.tape import Tape, TapeWriter
from tests.media.stand import Stand, small_clip, stand
from tests.media.test_live import run
from tests.media.test_program import EXACT
from tests.support.until import until


def vod(here: Stand) -> Route:
    """The recording as video on demand, for players that are not ours."""

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        tape = opened(here)
        if name == "main.m3u8":
            return Response(replay.master(tape, 0.0, None))
        kind, _, rest = name.partition("-" if "-" in name else ".")
        if rest == "m3u8":
            return Response(replay.media(tape, kind, 0.0, None))
        number, _, suffix = rest.partition(".")
        return Response(replay.piece(tape, kind, int(number), header=suffix == "mp4") or b"")

    return Route("/vod/{name}", answer)


def opened(here: Stand) -> Tape:
    assert here.directory.folder is not None
    return Tape(here.directory.folder, here.directory.box, "recording-0")


async def recorded(here: Stand, tmp_path: Path, senders: AsyncExitStack) -> None:
    """Live with two senders, recording switched on and off, a cut between different pictures in it."""
    here.directory.folder = tmp_path / "things"
    here.directory.seats = {seat: Placed(True) for seat in "ab"}
    here.directory.chosen = "a"
    for seat, size in (("a", (640, 360)), ("b", (480, 270))):
        await senders.enter_async_context(here.sending(small_clip(size), f"seat-{seat}"))
    here.directory.state = Broadcast.LIVE
    await here.until(lambda text: "#EXTINF" in text, lane="audience")
    assert not (tmp_path / "things").exists(), "nothing is kept before recording is on"
    here.directory.recording = True
    text = await here.until(lambda text: text.count("#EXTINF") >= 4, lane="audience")
    here.directory.chosen = "b"
    await here.until(lambda text: text.count("#EXT-X-DISCONTINUITY\n") > 0, lane="audience")
    await here.until(lambda now: now.count("#EXTINF") >= text.count("#EXTINF") + 2, lane="audience")
    here.directory.recording = False
    await until(lambda: here.directory.recorded_list, what="the recording ends when it is switched off")


async def test_a_recording_holds_what_was_live_while_it_was_on_and_plays_everywhere(tmp_path: Path) -> None:
    async with stand() as here, AsyncExitStack() as senders:
        here.routes.append(vod(here))
        await recorded(here, tmp_path, senders)
        size = (tmp_path / "things" / "recording-0").stat().st_size
        tape = opened(here)
        video, audio = tape.segments("video"), tape.segments("audio")
        assert tape.finished
        assert sum(one.breaks for one in video[1:]) == sum(one.breaks for one in audio[1:]) == 1
        assert abs(tape.seconds - sum(one.seconds for one in audio)) < 1.0
        url = f"{here.url}/vod/main.m3u8"
        _, err = await run("ffmpeg", "-v", "warning", "-i", url, *EXACT, "-f", "null", "-")
        assert [line for line in err.splitlines() if "duplicated MOOV" not in line and "repeated" not in line] == []
        # Nothing of what comes after is kept.
        length = (await here.playlist("audience", "video")).count("#EXTINF")
        await here.until(lambda text: text.count("#EXTINF") > length or length > 8, lane="audience")
        assert (tmp_path / "things" / "recording-0").stat().st_size == size
        target = tmp_path / "whole.mp4"
        target.write_bytes(b"".join(replay.download(tape, 0.0, None)))
        out, err = await run("ffprobe", "-v", "warning", "-show_streams", "-show_format", "-of", "json", str(target))
        assert err == ""
        found = json.loads(out)
        assert sorted(one["codec_name"] for one in found["streams"]) == ["aac", "h264"]
        assert abs(float(found["format"]["duration"]) - tape.seconds) < 1.0
        _, err = await run("ffmpeg", "-v", "error", "-xerror", "-i", str(target), *EXACT, "-f", "null", "-")
        assert err == ""
        half = replay.media(tape, "video", tape.seconds / 2, None)
        assert 0 < half.count("#EXTINF") < len(video)


async def test_nothing_is_on_disk_in_clear_and_nothing_at_all_without_recording(tmp_path: Path) -> None:
    async with stand(data_dir=tmp_path / "off") as here, here.sending(small_clip()):
        here.directory.folder = tmp_path / "off"
        here.directory.state = Broadcast.LIVE
        await here.until(lambda text: text.count("#EXTINF") >= 2, lane="audience")
        assert list(tmp_path.rglob("*")) == []  # noqa: ASYNC240 - a small folder of the test
    async with stand() as here, AsyncExitStack() as senders:
        await recorded(here, tmp_path, senders)
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]  # noqa: ASYNC240 - the same
    assert len(files) == 2, "the control: with recording on there are files"
    assert not any(mark in data for data in files for mark in (b"moof", b"mdat", b"avcC", b"video"))


def test_what_a_killed_process_left_is_read_up_to_where_it_came(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from app.media.track import Part, Segment, Track
    from app.privacy.vault import Box

    box = Box("things:test", bytes(32))
    writer, track = TapeWriter(tmp_path, box, "r"), Track("video", "run", 0)
    track.inits[1] = b"header"
    for number in range(5):
        segment = Segment(number, 1, datetime.now(UTC), discontinuity=False, parts=[Part(bytes([number]) * 50_000, 2.0, True)])
        writer.add(track, segment, 10.0 + 2 * number)
    writer._file._file.close()  # and no end: the process is gone
    tape = Tape(tmp_path, box, "r")
    kept = tape.segments("video")
    assert (tape.finished, len(kept), tape.header("video", 1)) == (False, 3, b"header")
    assert [tape.data(one)[:1] for one in kept] == [b"\0", b"\1", b"\2"]


def test_times_and_chapters_are_typed_as_people_write_them() -> None:
    from app.media.models_recordings import Recording

    row = Recording(id="r", chapters=[])
    recordings.change(row, start="0:45", end_at="1:02:03", chapters="0:45 Welcome\n\n12:00 Questions and answers")
    assert (row.start, row.end) == (45.0, 3723.0)
    assert recordings.chapters_text(row) == "0:45 Welcome\n12:00 Questions and answers"
