"""Videos the crew uploads: in parts that a lost connection does not lose, read by a locked-in process, sealed at every moment, and gone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from app.core.jobs import JobLater
from app.core.permissions import Permission, Role
from app.media import converting, replay, videos
from app.media.converting import Converting
from app.media.models_recordings import Recording
from app.media.models_videos import Video
from app.media.tape import Tape
from app.media.video_parts import PART
from app.rooms.models import Webinar
from tests.api.stand import program
from tests.media.test_live import run
from tests.media.test_program import EXACT
from tests.support.product import Product
from tests.support.until import until

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30")
SOUND = ("-f", "lavfi", "-i", "sine=440:sample_rate=48000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p", "-g", "60")


async def film(path: Path, *options: str, seconds: int = 4) -> bytes:
    """A video as somebody would bring it."""
    await run("ffmpeg", "-v", "error", "-y", *options, "-t", str(seconds), str(path))
    return await asyncio.to_thread(path.read_bytes)


class Sender:
    """A browser of the crew that uploads."""

    def __init__(self, product: Product, client: httpx2.AsyncClient, webinar: Webinar) -> None:
        self.product = product
        self.client = client
        self.webinar = webinar
        self.home = f"/admin/webinars/{webinar.id}/videos"

    async def begin(self, data: bytes, title: str = "A film") -> dict[str, Any]:
        wanted = {"size": len(data), "mark": f"{len(data)}-1", "title": title}
        answer = await self.client.post(self.home, json=wanted, headers={"Accept": "application/json"})
        return {"status": answer.status_code, **answer.json()}

    async def part(self, video: str, number: int, data: bytes) -> int:
        return (await self.client.put(f"{self.home}/{video}/{number}", content=data)).status_code

    async def send(self, data: bytes) -> str:
        begun = await self.begin(data)
        for number in range(begun["have"], begun["parts"]):
            assert await self.part(begun["video"], number, data[number * PART : (number + 1) * PART]) == 204
        assert (await self.client.post(f"{self.home}/{begun['video']}")).status_code == 204
        return str(begun["video"])

    async def rows(self) -> list[Video]:
        async with self.product.work.read() as session:
            return await videos.of_webinar(session, self.webinar.id)

    async def recordings(self) -> list[Recording]:
        async with self.product.work.read() as session:
            query = select(Recording).where(Recording.webinar_id == self.webinar.id).order_by(Recording.made_at)
            return list((await session.execute(query)).scalars())

    async def over(self) -> None:
        async def settled() -> bool:
            return all(row.state == "failed" for row in await self.rows())

        await until(settled, within=60, what="the video is ready or refused")

    async def tape(self, row: Recording) -> Tape:
        return Tape(self.things, await self.product.parts.vault.things_box(self.webinar.id), row.id)

    @property
    def things(self) -> Path:
        return self.product.parts.settings.data_dir / "files" / self.webinar.id / "things"

    def files(self) -> list[Path]:
        return [path for path in self.things.parent.rglob("*") if path.is_file()]


async def sender(product: Product, client: httpx2.AsyncClient) -> Sender:
    account = await product.account()
    await product.member(account, Role.OWNER, "org@example.test")
    await product.sign_in(client, "org@example.test")
    return Sender(product, client, await product.webinar(account))


async def test_a_video_comes_in_parts_and_is_packed_anew_without_encoding(product: Product, tmp_path: Path) -> None:
    plain = await film(tmp_path / "a.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac")
    # A box nobody reads makes it longer than one part.
    data = plain + (PART + 8).to_bytes(4) + b"free" + bytes(PART)
    async with product.client() as client:
        here = await sender(product, client)
        begun = await here.begin(data)
        assert (begun["status"], begun["parts"], begun["have"]) == (201, 2, 0)
        video = begun["video"]
        assert await here.part(video, 0, data[: PART - 1]) == 400, "a part that broke off is none"
        assert await here.part(video, 0, data[:PART]) == 204
        assert await here.part(video, 2, b"x") == 409
        assert (await client.post(f"{here.home}/{video}")).status_code == 409, "not all of it is here"
        again = await here.begin(data)
        assert (again["video"], again["have"]) == (video, 1), "the same file goes on where it stopped"
        assert not any(mark in path.read_bytes() for path in here.files() for mark in (b"ftyp", b"moov", b"mdat")), (
            "all is sealed"
        )
        assert await here.part(video, 1, data[PART:]) == 204
        assert (await client.post(f"{here.home}/{video}")).status_code == 204
        await here.over()
        (row,) = await here.recordings()
        assert (row.title, round(row.seconds), row.published) == ("A film", 4, False)
        page = await client.get(f"/admin/webinars/{here.webinar.id}/recordings")
        assert "A film" in page.text
        tape = await here.tape(row)
        assert [round(one.seconds) for one in tape.segments("video")] == [2, 2]
        assert sorted(path.name for path in here.files()) == sorted([row.id, f"{row.id}-list"]), "no part is left"
        target = tmp_path / "back.mp4"
        target.write_bytes(b"".join(replay.download(tape, 0.0, None)))
        assert await hashes(target) == await hashes(tmp_path / "a.mp4"), "the very frames that were sent, in the same order"
        _, err = await run("ffmpeg", "-v", "warning", "-xerror", "-i", str(target), *EXACT, "-f", "null", "-")
        assert err == ""


async def hashes(path: Path) -> list[str]:
    """What a decoder sees of the picture, frame by frame."""
    out, _ = await run("ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", "-")
    return [line.rsplit(",", 1)[1].strip() for line in out.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize(
    ("name", "options", "size"),
    [
        ("long-gop.mp4", (*PICTURE, *SOUND, "-c:v", "libx264", "-preset", "ultrafast", "-g", "500", "-c:a", "aac"), (320, 180)),
        ("silent.avi", (*PICTURE, "-c:v", "mpeg4", "-g", "7"), (320, 180)),
    ],
)
async def test_other_videos_are_encoded_and_can_be_entered_every_two_seconds(
    product: Product, tmp_path: Path, name: str, options: tuple[str, ...], size: tuple[int, int]
) -> None:
    data = await film(tmp_path / name, *options)
    async with product.client() as client:
        here = await sender(product, client)
        await here.send(data)
        await here.over()
        (row,) = await here.recordings()
        tape = await here.tape(row)
        assert [round(one.seconds) for one in tape.segments("video")] == [2, 2]
        assert abs(sum(one.seconds for one in tape.segments("audio")) - 4) < 0.2, "where there is no sound there is silence"
        target = tmp_path / "made.mp4"
        target.write_bytes(b"".join(replay.download(tape, 0.0, None)))
        out, err = await run(
            "ffprobe", "-v", "warning", "-show_entries", "stream=width,height,codec_name", "-of", "csv=p=0", str(target)
        )
        assert (sorted(out.split()), err) == (["aac", f"h264,{size[0]},{size[1]}"], "")


async def test_what_is_no_video_is_refused_in_words_and_nothing_of_it_stays(product: Product, tmp_path: Path) -> None:
    sound = await film(tmp_path / "sound.m4a", *SOUND, "-c:a", "aac")
    list_of_files = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    async with product.client() as client:
        here = await sender(product, client)
        for data, code in (
            (b"no video at all" * 999, "video.unreadable"),
            (list_of_files, "video.unreadable"),
            (sound, "video.none"),
        ):
            video = await here.send(data)
            await here.over()
            (row,) = await here.rows()
            assert (row.state, row.problem) == ("failed", code)
            assert here.files() == []
            page = await client.get(f"/admin/webinars/{here.webinar.id}/recordings")
            assert videos.PROBLEMS[code].split(".")[0] in page.text
            assert (await client.post(f"{here.home}/{video}/drop")).status_code == 303
            assert await here.rows() == []


async def test_size_and_room_are_bounded_and_other_people_are_kept_out(product: Product) -> None:
    async with product.client() as client, product.client() as other:
        here = await sender(product, client)
        settings = product.parts.settings
        for size, status, code in ((0, 413, "video.limit"), (settings.upload_limit + 1, 413, "video.limit")):
            answer = await client.post(here.home, json={"size": size, "mark": "m"}, headers={"Accept": "application/json"})
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        async with product.work.unit() as unit:
            unit.session.add(
                Recording(
                    id="r" * 20, webinar_id=here.webinar.id, token="t", title="", made_at=unit.now, size=settings.upload_quota
                )
            )
        assert (await here.begin(b"x"))["code"] == "video.quota"
        account = await product.account("Another")
        await product.member(account, Role.OWNER, "else@example.test")
        await product.sign_in(other, "else@example.test")
        assert (await other.post(here.home, json={"size": 1, "mark": "m"})).status_code == 404
        await product.member((await product.row(here.webinar.id)).account_id, Role.MODERATOR, "mod@example.test")
        async with product.client() as moderator:
            await product.sign_in(moderator, "mod@example.test")
            assert (await moderator.post(here.home, json={"size": 1, "mark": "m"})).status_code == 403


async def test_the_process_that_reads_has_no_files_no_network_no_programs_and_no_secrets() -> None:
    probe = """
import os, socket, sys, ctypes
from app.media import sandbox, convert
convert.load_all()
sandbox.shut(5)
def tried(what):
    try:
        what()
    except OSError as error:
        return type(error).__name__
    return "possible"
print(tried(lambda: open("/etc/passwd")), tried(lambda: open("/tmp/x", "w")), tried(socket.socket), tried(os.fork),
      [name for name in os.environ if "LECTERN" in name], os.getuid() != 0, flush=True)
bytearray(3 * 1024**3)
"""
    environ = {"PYTHONPATH": str(converting.ROOT), "PATH": ""}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        probe,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(child.communicate(), 30)
    assert out.decode().strip() == "OSError OSError OSError BlockingIOError [] True", err.decode()
    assert "MemoryError" in err.decode()


async def test_a_video_that_takes_too_long_is_given_up(product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converting, "SLOWEST", 0.0)
    async with product.client() as client:
        here = await sender(product, client)
        await here.send(await film(tmp_path / "a.mp4", *PICTURE, *H264, seconds=1))
        await here.over()
        assert [row.problem for row in await here.rows()] == ["video.heavy"]
        assert here.files() == []


async def test_after_a_kill_the_next_start_removes_what_was_made_and_begins_again(product: Product, tmp_path: Path) -> None:
    data = await film(tmp_path / "a.mp4", *PICTURE, *H264, seconds=2)
    async with product.client() as client:
        here = await sender(product, client)
        begun = await here.begin(data)
        assert await here.part(begun["video"], 0, data) == 204
        async with product.work.unit() as unit:
            row = await videos.one(unit.session, here.webinar.id, begun["video"])
            row.state, row.recording_id, row.beat_at = "working", "k" * 20, unit.now
            unit.enqueue(videos.CONVERT, videos.ConvertJob(row.id), about=here.webinar.id)
        (here.things / ("k" * 20)).write_bytes(b"sealed by a process that is gone")
        # While somebody says that it goes on, nobody else begins.
        with pytest.raises(JobLater):
            await Converting(product.parts.settings, product.work, product.parts.vault).convert(
                b'{"video":"%s"}' % row.id.encode()
            )
        async with product.work.unit() as unit:
            await unit.session.execute(update(Video).values(beat_at=unit.now - 2 * converting.STALE))
        await here.over()
        (made,) = await here.recordings()
        assert sorted(path.name for path in here.files()) == sorted([made.id, f"{made.id}-list"])


async def test_given_up_while_it_is_made_ready_nothing_stays(product: Product, tmp_path: Path) -> None:
    data = await film(tmp_path / "a.avi", *PICTURE, "-c:v", "mpeg4", seconds=60)
    async with product.client() as client:
        here = await sender(product, client)
        video = await here.send(data)

        async def begun() -> bool:
            return any(row.percent > 0 for row in await here.rows())

        await until(begun, within=30, what="it is being made ready")
        assert (await client.get(f"{here.home}/{video}")).json()["over"] is False
        assert (await client.post(f"{here.home}/{video}/drop")).status_code == 303
        await until(lambda: here.files() == [], within=30, what="all of it is gone")
        assert await here.recordings() == []
        assert (await client.get(f"{here.home}/{video}")).json()["over"] is True


async def test_the_process_ends_with_whoever_asked_for_it(tmp_path: Path) -> None:
    asking = """
import os, socket, subprocess, sys
from app.media.converting import COMMAND
ours, theirs = socket.socketpair()
child = subprocess.Popen(COMMAND, stdin=theirs)
theirs.close()
from app.media.convert import BEGIN
ours.sendall(BEGIN.pack(1000, 60))
ours.recv(1)
print(child.pid, flush=True)
import time
time.sleep(60)
"""
    asker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", asking, stdout=asyncio.subprocess.PIPE, cwd=converting.ROOT
    )
    assert asker.stdout is not None
    reader = int(await asyncio.wait_for(asker.stdout.readline(), 30))
    asker.send_signal(signal.SIGKILL)
    await asker.wait()

    def gone() -> bool:
        try:
            os.kill(reader, 0)
        except ProcessLookupError:
            return True
        return Path(f"/proc/{reader}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"

    await until(gone, what="the reader ends with who asked")


async def test_a_program_sends_a_video_and_goes_on_where_it_broke_off(product: Product, tmp_path: Path) -> None:
    plain = await film(tmp_path / "a.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac")
    data = plain + (PART + 8).to_bytes(4) + b"free" + bytes(PART)
    account = await product.account()
    webinar, other = await product.webinar(account), await product.webinar(await product.account("Neighbour"))
    of = f"/webinars/{webinar.id}/videos"
    file = {"bytes": len(data), "mark": "talk.mp4 of Monday", "title": "The talk"}
    async with program(product, account) as api, program(product, account, {Permission.WEBINAR_SEE}) as reader:
        assert (await reader.post(of, json=file)).status_code == 403
        assert (await api.post(f"/webinars/{other.id}/videos", json=file)).status_code == 404
        assert (await api.post(of, json={**file, "bytes": 10**13})).json()["code"] == "video.limit"
        begun = (await api.post(of, json=file)).json()
        assert (begun["parts"], begun["part_bytes"], begun["have"], begun["state"]) == (2, PART, 0, "receiving")
        one = f"{of}/{begun['id']}"

        async def send(number: str, part: bytes) -> int:
            answer = await api.put(f"{one}/parts/{number}", content=part, headers={"content-type": "application/octet-stream"})
            return answer.status_code

        assert await send("0", data[:PART]) == 204
        for number, part in (("0", b"short"), ("2", b"x"), ("first", b"x"), ("-1", b"x"), ("9" * 1500, b"x")):
            assert await send(number, part) == 409, number
        assert await send("1", data) == 413
        assert (await api.post(f"{one}/finish")).json()["code"] == "video.incomplete"
        again = (await api.post(of, json=file)).json()
        assert (again["id"], again["have"]) == (begun["id"], 1)
        assert await send("1", data[PART:]) == 204
        finished = await api.post(f"{one}/finish")
        assert finished.status_code == 202
        assert finished.json()["state"] in ("waiting", "working")

        async def ready() -> bool:
            return (await reader.get(one)).status_code == 404

        await until(ready, within=60, what="the video is a recording")
        [made] = (await reader.get(f"/webinars/{webinar.id}/recordings")).json()["items"]
        assert (round(made["seconds"]), made["published"]) == (4, False)
        dropped = (await api.post(of, json={**file, "mark": "another"})).json()["id"]
        assert [row["id"] for row in (await reader.get(of)).json()["items"]] == [dropped]
        assert (await api.delete(f"{of}/{dropped}")).status_code == 204
        assert (await reader.get(of)).json()["items"] == []
