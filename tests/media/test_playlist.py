"""Live playlists held against the rules of RFC 8216bis, with broken ones as negative controls."""

from __future__ import annotations

import gzip
import re

import httpx2
import pytest

from tests.media.stand import small_clip, stand


def attributes(line: str) -> dict[str, str]:
    return {k: v.strip('"') for k, v in re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', line.partition(":")[2])}


def faults(text: str) -> list[str]:  # noqa: C901, PLR0912
    """What a media playlist does wrong."""
    lines = text.strip().splitlines()
    found = [] if lines[0] == "#EXTM3U" else ["4.4.1.1: first line"]
    tags: dict[str, str] = {}
    for line in lines:
        tags.setdefault(line.split(":")[0], line)
    target = int(tags["#EXT-X-TARGETDURATION"].split(":")[1])
    part_target = float(attributes(tags["#EXT-X-PART-INF"])["PART-TARGET"])
    control = attributes(tags["#EXT-X-SERVER-CONTROL"])
    if float(control["PART-HOLD-BACK"]) < 2 * part_target:
        found.append("4.4.3.8: PART-HOLD-BACK below twice PART-TARGET")
    if float(control["HOLD-BACK"]) < 3 * target:
        found.append("4.4.3.8: HOLD-BACK below three times TARGETDURATION")
    if float(control["CAN-SKIP-UNTIL"]) < 6 * target:
        found.append("4.4.3.8: CAN-SKIP-UNTIL below six times TARGETDURATION")
    if "#EXT-X-MEDIA-SEQUENCE" not in tags or lines.index(tags["#EXT-X-MEDIA-SEQUENCE"]) > lines.index(tags["#EXT-X-MAP"]):
        found.append("4.4.3.2: MEDIA-SEQUENCE")
    parts: list[float] = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("#EXT-X-PART:"):
            parts.append(float(attributes(line)["DURATION"]))
            if parts[-1] > part_target + 0.0005:
                found.append(f"4.4.4.9: a part of {parts[-1]} s")
        elif line.startswith("#EXTINF:"):
            length = float(line[8:].rstrip(","))
            if round(length) > target:
                found.append(f"4.4.3.1: a segment of {length} s")
            if parts and abs(sum(parts) - length) > 0.01:
                found.append("4.4.4.9: parts do not add up to their segment")
            if after.startswith("#"):
                found.append("4.4.4.1: EXTINF without URI")
            short = [part for part in parts[:-1] if part < 0.85 * part_target - 0.05]
            if len(short) > 1:
                found.append(f"4.4.4.9: parts too short {short}")
            parts = []
    if not lines[-1].startswith(("#EXT-X-PRELOAD-HINT", "#EXT-X-RENDITION-REPORT")):
        found.append("4.4.5.3: no preload hint")
    return found


@pytest.mark.parametrize("name", ["video", "audio"])
async def test_a_live_playlist_keeps_the_rules(name: str) -> None:
    async with stand() as here, here.sending(small_clip()):
        text = await here.until(lambda text: text.count("#EXTINF") >= 3, name=name)
        assert faults(text) == []
        assert faults(text.replace("PART-TARGET=0.350", "PART-TARGET=0.100")) != []
        assert faults(re.sub(r"#EXTINF:[\d.]+,", "#EXTINF:9.0,", text, count=1)) != []
        names = re.findall(r'^(?!#)(\S+)$|URI="([^"]+m4s)"', text, re.MULTILINE)
        for segment, part in names[:-2]:
            answer = await here.client.get(f"{here.url}/hls/crew/{segment or part}")
            assert (answer.status_code, answer.content[4:8], "immutable" in answer.headers["cache-control"]) == (
                200,
                b"moof",
                True,
            )


async def test_a_reload_waits_for_the_part_that_was_asked_for() -> None:
    async with stand() as here, here.sending(small_clip()):
        text = await here.until(lambda text: text.count("#EXTINF") >= 1)
        hint = re.search(r"PRELOAD-HINT:TYPE=PART,URI=\"\w+-video-(\d+)\.(\d+)\.m4s", text)
        assert hint is not None
        number, part = int(hint[1]), int(hint[2]) + 2
        later = await here.playlist("crew", "video", f"?_HLS_msn={number}&_HLS_part={part}")
        assert f"-{number}.{part}.m4s" in later or f"-{number + 1}." in later
        statuses = [
            (await here.client.get(f"{here.url}/hls/crew/video.m3u8?{query}")).status_code
            for query in (f"_HLS_msn={number + 50}", "_HLS_part=1", "_HLS_msn=x")
        ]
        assert statuses == [400, 400, 400]


async def test_a_hinted_part_is_sent_as_soon_as_it_is_there() -> None:
    async with stand() as here, here.sending(small_clip()):
        text = await here.until(lambda text: text.count("#EXTINF") >= 1)
        hint = re.findall(r'PRELOAD-HINT:TYPE=PART,URI="([^"]+)"', text)[0]
        answer = await here.client.get(f"{here.url}/hls/crew/{hint}")
        assert (answer.status_code, answer.content[4:8]) == (200, b"moof")


async def test_playlists_are_compressed_and_never_cached() -> None:
    async with stand() as here, here.sending(small_clip()):
        await here.until(lambda text: "#EXTINF" in text)
        async with (
            httpx2.AsyncClient(trust_env=False) as client,
            client.stream("GET", f"{here.url}/hls/crew/video.m3u8", headers={"Accept-Encoding": "gzip"}) as answer,
        ):
            raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert (answer.headers["content-encoding"], answer.headers["cache-control"]) == ("gzip", "no-cache")
        assert gzip.decompress(raw).startswith(b"#EXTM3U")


async def test_sound_alone_plays_under_the_title_card() -> None:
    async with stand() as here, here.sending(small_clip(), video=False):
        await here.until(lambda text: "#EXTINF" in text, name="audio")
        await here.until(lambda text: "#EXTINF" in text, name="video")
        main = await here.playlist("crew", "main")
        assert "RESOLUTION=1280x720" in main
