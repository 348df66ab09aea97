"""Late joiners may go back: delta updates that lose nothing, old segments sealed in files without a name, bounded."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.core.permissions import Role
from app.media import playlist
from app.media.back import Back
from app.media.directory_db import DatabaseDirectory
from app.media.track import Part, Track
from tests.media.stand import small_clip, stand
from tests.media.test_playlist import faults
from tests.support.product import Product

START = datetime(2026, 11, 26, 9, tzinfo=UTC)
BODY = b"moof of segment "


def filled(segments: int, back: Back | None = None) -> Track:
    """A track with segments of two seconds, every twentieth after a break."""
    track = Track("video", "run12345", 100)
    track.back = back
    for number in range(segments):
        track.inits[number // 20 + 1] = b"header"
        track.open_segment(number // 20 + 1, START + timedelta(seconds=2 * number), discontinuity=number % 20 == 19)
        for part in range(6):
            track.add(Part(BODY + b"%d.%d" % (number, part) + bytes(5000), 2 / 6, part == 0))
        if back is not None and number % 16 == 15:
            written(back)
    track.finish()
    return track


def written(back: Back) -> None:
    """Everything handed over is on disk."""
    back._writer.submit(lambda: None).result(10)


def merged(old: str, delta: str) -> str:
    """What a player makes of a delta update and the playlist it had (RFC 8216bis section 6.3.7)."""
    skip = re.search(r"#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)\n", delta)
    assert skip is not None
    first = int(re.findall(r"MEDIA-SEQUENCE:(\d+)", delta)[0]) - int(re.findall(r"MEDIA-SEQUENCE:(\d+)", old)[0])
    entries, entry = [], ""
    for line in old.splitlines(keepends=True):
        if not line.startswith(
            ("#EXTM3U", "#EXT-X-VERSION", "#EXT-X-TARGET", "#EXT-X-SERVER", "#EXT-X-PART-INF")
        ) and not re.match(r"#EXT-X-(MEDIA|DISCONTINUITY)-SEQUENCE|#EXT-X-PART:", line):
            entry += line
            if not line.startswith("#"):
                entries.append(entry)
                entry = ""
    return delta.replace(skip[0], "".join(entries[first : first + int(skip[1])]))


def test_a_delta_update_and_what_was_known_are_the_whole_playlist() -> None:
    track = filled(90, Back(Path("/nonexistent"), 3600, 10**9))
    known = playlist.media(track, [], 100)
    # Three segments later.
    for number in range(90, 93):
        track.open_segment(5, START + timedelta(seconds=2 * number), discontinuity=False)
        for part in range(6):
            track.add(Part(BODY, 2 / 6, part == 0))
    track.finish()
    whole, delta = playlist.media(track, [], 100), playlist.media(track, [], 100, skip=True)
    assert merged(known, delta) == whole
    assert len(delta) * 3 < len(whole)
    assert merged(known.replace("-110.m4s", "-111.m4s"), delta) != whole, "the control: another beginning makes another list"
    boundary = float(re.findall(r"CAN-SKIP-UNTIL=([\d.]+)", delta)[0])
    listed = sum(float(one) for one in re.findall(r"#EXTINF:([\d.]+)", delta))
    assert boundary >= 6 * 3
    assert boundary <= listed < boundary + 2 * 2.1, "nothing nearer than the boundary is left out"
    assert faults(whole) == []
    assert faults(whole.replace("CAN-SKIP-UNTIL=18.0", "CAN-SKIP-UNTIL=9.0")) != []


def test_old_segments_are_sealed_in_files_without_a_name_and_come_back_whole(tmp_path: Path) -> None:
    back = Back(tmp_path, 3600, 10**9)
    track = filled(90, back)
    written(back)
    old = track.find(110)
    assert old is not None
    assert old.kept is not None
    assert (old.parts, old.kept.read()) == ([], b"".join(BODY + b"10.%d" % part + bytes(5000) for part in range(6)))
    assert len(track.segments) == 90
    assert sum(len(segment.parts) > 0 for segment in track.segments) < 18, "memory holds half a minute"
    assert list(tmp_path.rglob("*")) == [], "no file has a name"
    assert back._block is not None
    raw = os.pread(back._block.file.fileno(), back._block.size, 0)
    assert len(raw) > 1_000_000
    assert BODY not in raw
    back.close()
    assert old.kept.read() is None


def test_what_is_too_much_or_has_no_room_shortens_the_way_back_and_nothing_else(tmp_path: Path) -> None:
    for back in (Back(tmp_path, 3600, 600_000), Back(tmp_path, 60, 10**9)):
        track = filled(90, back)
        assert 26 < len(track.segments) < 60
        assert track.segments[-1].number == 189
        assert track.breaks == track.breaks_before + sum(one.discontinuity for one in track.segments) == 4
    # Where no file can be made, the live half minute goes on.
    back = Back(tmp_path / "file" / "below", 3600, 10**9)
    (tmp_path / "file").write_bytes(b"")
    track = filled(40, back)
    written(back)
    track.open_segment(3, START, discontinuity=False)
    assert 14 < len(track.segments) < 20


async def test_players_ask_for_delta_updates() -> None:
    async with stand() as here, here.sending(small_clip()):
        await here.until(lambda text: "CAN-SKIP-UNTIL=18.0" in text and text.count("#EXTINF") >= 2)
        short = await here.playlist("crew", "video", "?_HLS_skip=YES")
        assert faults(short) == [], "while there is nothing to skip it is the whole playlist"
        assert (await here.client.get(f"{here.url}/hls/crew/video.m3u8?_HLS_skip=NO")).status_code == 400


async def test_the_organiser_says_how_far_one_may_go_back(product: Product) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    await product.member(account, Role.ADMIN, "ona@meadow.example")
    directory = DatabaseDirectory(product.parts.settings, product.parts.database)
    given = {"title": "Bees", "starts_date": "2027-05-01", "starts_time": "14:00", "starts_zone": "UTC", "slug": webinar.slug}
    async with product.client() as client:
        await product.sign_in(client, "ona@meadow.example")
        for rewind, status, minutes in (("15", 303, 15), ("7", 422, 15), ("1440", 303, 1440), ("0", 303, 0)):
            answer = await client.post(f"/admin/webinars/{webinar.id}/edit", data=given | {"rewind": rewind})
            assert (answer.status_code, (await directory.plan(webinar.id)).rewind) == (status, minutes)
