"""Captions as tracks of the stream, in step with its picture; and from files for recordings, read strictly."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import select

from app.core.errors import Problem
from app.core.permissions import Role
from app.media import recordings, subtitles
from app.media.directory import Broadcast, Line
from app.media.models_texts import RecordingText
from app.media.subtitles import Cue
from app.media.track import Part, Segment, Track
from app.privacy.files import Shelf
from tests.media.stand import small_clip, stand
from tests.media.test_live import run
from tests.media.test_playlist import attributes
from tests.support.product import Product

VTT = b"""WEBVTT - bees
Kind: captions

NOTE written by hand

STYLE
::cue { background: url(https://elsewhere.example/) }

intro
00:01.000 --> 00:03.500 line:0
<v Ann>Good <b>morning</b> &amp; welcome</v>
to the hives

01:00:04.000 --> 01:00:05.000
-> on we go
"""
SRT = "\ufeff1\r\n00:00:01,000 --> 00:00:02,500\r\nGoedemorgen\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\n<i>Bijen</i>\r\n".encode()


def test_files_are_read_for_their_times_and_words_alone() -> None:
    first = Cue(1.0, 3.5, "Good morning & welcome\nto the hives")
    assert subtitles.read(VTT) == [first, Cue(3604.0, 3605.0, "-> on we go")]
    assert subtitles.read(SRT) == [Cue(1.0, 2.5, "Goedemorgen"), Cue(3.0, 4.0, "Bijen")]
    written = subtitles.write([Cue(1.0, 2.0, "a <script>&\n\nb --> c")], 2**33 / 90000 + 1)
    assert written.splitlines()[1] == "X-TIMESTAMP-MAP=MPEGTS:90000,LOCAL:00:00:00.000"
    assert written.endswith("00:00:01.000 --> 00:00:02.000\na &lt;script&gt;&amp;\nb --&gt; c\n")
    assert subtitles.read(subtitles.write([first]).encode()) == [first], "what we write we read"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"WEBVTT\n\n00:01.000 -> 00:02.000\nx\n", 4),
        (b"WEBVTT\n\n00:01.000 --> 00:62.000\nx\n", 3),
        (b"WEBVTT\n\n00:02.000 --> 00:01.000\nx\n", 3),
        (b"WEBVTT\n\n00:02.000 --> 00:03.000\nx\n\n\n00:01.000 --> 00:04.000\nx\n", 7),
        (b"WEBVTT\n\n00:02.000 --> 00:03.000\n\n", 4),
        (b"WEBVTT\n\n00:02.000 --> 00:03.000\nx\n00:03.000 --> 00:04.000\nx\n", 5),
        (b"1\n00:00:01.000 --> 00:00:02\nx\n", 2),
        (b"1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:00:03,000 --> 00:00:04,000\n\xff\n", 7),
        (b"WEBVTT\n\n00:02.000 --> 00:03.000\n" + b"x" * 1001, 4),
    ],
)
def test_a_fault_is_named_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(Problem) as found:
        subtitles.read(data)
    assert (found.value.code, found.value.params["line"]) == ("captions.line", line)


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "captions.empty"), (b"WEBVTT\n", "captions.empty"), (b"x" * 1_000_001, "captions.large")]
)
def test_what_is_no_caption_file_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Problem) as found:
        subtitles.read(data)
    assert found.value.code == code


async def test_a_line_is_in_the_segment_of_the_picture_it_was_said_in() -> None:
    async with stand() as here, here.sending(small_clip()):
        here.directory.state = Broadcast.LIVE
        await here.until(lambda text: "#EXTINF" in text, lane="audience")
        assert "SUBTITLES" not in await here.playlist("audience", "main"), "while nothing is written there is nothing to choose"
        stage = here.studio.stages["webinar-1"]
        said = stage.program.now()
        here.directory.said = [Line(5, "nl", "Goede morgen & <welkom>", said), Line(6, "pt-BR", "Bom dia", said)]
        text = await here.until(lambda text: text.count("#EXTINF") >= 3, lane="audience", name="captions_nl")
        await here.until(lambda text: text.count("#EXTINF") >= 3, lane="audience", name="captions_pt_br")
        main = await here.playlist("audience", "main")
        found = [attributes(line) for line in main.splitlines() if "TYPE=SUBTITLES" in line]
        assert [(one["LANGUAGE"], one["NAME"], one["URI"], one["DEFAULT"]) for one in found] == [
            ("nl", "Nederlands", "captions_nl.m3u8", "NO"),
            ("pt-BR", "Português (Brasil)", "captions_pt_br.m3u8", "NO"),
        ]
        assert main.count('SUBTITLES="captions"') == 2
        assert not re.search("EXT-X-(PART|MAP|PRELOAD)", text)
        numbers = [int(one) for one in re.findall(r"captions_nl-(\d+)\.vtt", text)]
        picture = await here.playlist("audience", "video")
        lengths = dict(zip(re.findall(r"video-(\d+)\.m4s", picture), re.findall(r"#EXTINF:([\d.]+)", picture), strict=False))
        moments = dict(re.findall(r"DATE-TIME:(\S+)\n(?:#EXT-X-PART.*\n)*#EXTINF.*\n\S+video-(\d+)\.m4s", picture))
        ours = dict(re.findall(r"DATE-TIME:(\S+)\n#EXTINF.*\n\S+captions_nl-(\d+)\.vtt", text))
        assert {k: v for k, v in ours.items() if v in moments.values()}.items() <= moments.items(), "the same moments"
        assert len(lengths) >= 3
        pieces = [await here.client.get(f"{here.url}/hls/audience/{name}") for name in re.findall(r"\S+\.vtt", text)]
        assert {(one.status_code, one.headers["content-type"].split(";")[0]) for one in pieces} == {(200, "text/vtt")}
        held = [n for n, one in zip(numbers, pieces, strict=True) if "Goede morgen &amp; &lt;welkom&gt;" in one.text]
        assert held == list(range(held[0], held[0] + len(held))), "in each segment it reaches into"
        assert 2 <= len(held) <= 5
        assert len({line for one in pieces for line in one.text.splitlines() if "-->" in line}) == 1, "the same times in each"
        stamp = int(re.findall(r"MPEGTS:(\d+)", pieces[0].text)[0])
        local = re.findall(r"(\d+):(\d+):([\d.]+) -->", next(one.text for one in pieces if "-->" in one.text))[0]
        at = (int(local[0]) * 3600 + int(local[1]) * 60 + float(local[2])) * 90000 + stamp
        assert abs(at - said * 90000 % 2**33) < 4 * 90000, "on the picture's own clock"
        wrong = pieces[0].url.path.replace(".vtt", ".m4s")
        assert (await here.client.get(f"{here.url}{wrong}")).status_code == 404
        piece = f"{here.url}{next(one for one in pieces if '-->' in one.text).url.path}"
        out, err = await run("ffmpeg", "-v", "warning", "-i", piece, "-f", "srt", "-")
        assert (out.splitlines()[2], err) == ("Goede morgen & <welkom>", "")
        out, err = await run("ffprobe", "-v", "error", "-show_streams", "-of", "json", f"{here.url}/hls/audience/main.m3u8")
        assert {"video", "audio"} <= {one["codec_type"] for one in json.loads(out)["streams"]}, "others play on"


async def test_a_file_of_captions_is_sealed_offered_and_gone_with_its_recording(product: Product) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    await product.member(account, Role.ADMIN, "ada@meadow.example")
    async with product.work.unit() as unit:
        tape = await recordings.begin(unit, product.parts.vault, Shelf(product.parts.settings.data_dir), webinar.id)
    track = Track("video", "run", 0)
    track.inits[1] = b"header"
    tape.add(track, Segment(0, 1, product.work.clock.now(), False, [Part(b"x", 20.0, True)]), 100.0)
    tape.close()
    async with product.work.unit() as unit:
        await recordings.end(unit, tape.id, tape.seconds, tape.size)
        row = await recordings.one(unit.session, webinar.id, tape.id)
        row.published, row.start = True, 2.0
        token = row.token
    address = f"/admin/webinars/{webinar.id}/recordings/{tape.id}"
    async with product.client() as client:
        await product.sign_in(client, "ada@meadow.example")
        for lang, data, status in (
            ("nl", VTT[:-20], 422),
            ("xx!", SRT, 422),
            ("nl", SRT, 303),
            ("nl", VTT, 303),
            ("de", SRT, 303),
        ):
            answer = await client.post(f"{address}/captions", data={"lang": lang}, files={"file": ("a.vtt", data)})
            assert answer.status_code == status, answer.text
        listed = (await client.get(f"/admin/webinars/{webinar.id}/recordings")).text
        assert "Nederlands · 2 captions" in listed
        main = (await client.get(f"/replay/{token}/main.m3u8")).text
        assert re.findall(r'LANGUAGE="(\w+)",URI="([^"]+)"', main) == [("de", "captions-de.m3u8"), ("nl", "captions-nl.m3u8")]
        assert "captions-nl.vtt\n#EXT-X-ENDLIST" in (await client.get(f"/replay/{token}/captions-nl.m3u8")).text
        body = (await client.get(f"/replay/{token}/captions-nl.vtt")).text
        stamp = f"X-TIMESTAMP-MAP=MPEGTS:{100 * 90000},LOCAL:00:00:00.000"
        assert body.startswith(f"WEBVTT\n{stamp}\n\n00:00:03.000 --> 00:00:05.500\nGood morning"), (
            "counted from where the replay begins"
        )
        assert (await client.get(f"/replay/{token}/captions-fr.vtt")).status_code == 404
        async with product.work.read() as session:
            rows = list((await session.execute(select(RecordingText))).scalars())
        assert [(one.lang, one.count) for one in rows] == [("nl", 2), ("de", 2)]
        assert not any(b"Good" in one.cues or b"Goede" in one.cues for one in rows)
        assert (await client.post(f"{address}/captions", data={"remove": rows[0].id})).status_code == 303
        assert "captions-nl" not in (await client.get(f"/replay/{token}/main.m3u8")).text
        assert (await client.post(f"{address}/delete")).status_code == 303
    async with product.work.read() as session:
        assert list((await session.execute(select(RecordingText))).scalars()) == []
