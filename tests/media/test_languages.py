"""Each language is a sound of its own, named in itself, in step with the original: ffmpeg hears another tone in it."""

from __future__ import annotations

import math
from array import array
from fractions import Fraction
from pathlib import Path

import av

from app.core.permissions import Role
from app.media import languages
from app.media.directory import Broadcast, Placed, Publisher
from app.media.directory_db import DatabaseDirectory
from app.media.looper import Clip, Packet
from app.rooms.seats import interpreter_token
from tests.media.stand import small_clip, stand
from tests.media.test_live import run
from tests.support.product import Product


def tone(hertz: int, seconds: int = 4) -> Clip:
    """An interpreter who hums."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.format, encoder.layout, encoder.sample_rate = "s16", "stereo", 48000
    packets = []
    for number in range(seconds * 50):
        frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
        wave = (int(9000 * math.sin(math.tau * hertz * (number * 960 + i) / 48000)) for i in range(960))
        frame.planes[0].update(array("h", (value for sample in wave for value in (sample, sample))).tobytes())
        frame.sample_rate, frame.pts, frame.time_base = 48000, number * 960, Fraction(1, 48000)
        packets += [Packet(bytes(packet), number / 50) for packet in encoder.encode(frame)]
    return Clip([], packets, seconds)


def loudness(path: Path, hertz: int) -> float:
    """How much of ``hertz`` is in the middle of a wave file (Goertzel's algorithm)."""
    with av.open(str(path)) as file:
        pcm = b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in file.decode(audio=0))
    samples = array("h", pcm)[24000:48000]
    factor, before, last = 2 * math.cos(math.tau * hertz / 48000), 0.0, 0.0
    for sample in samples:
        before, last = last, sample + factor * last - before
    return math.sqrt(before**2 + last**2 - factor * before * last) / len(samples)


async def test_each_language_has_its_own_sound_over_a_quieter_floor(tmp_path: Path) -> None:
    async with stand() as here:
        here.directory.languages = {"nl": "Nederlands"}
        here.directory.seats = {"a": Placed(True), "i": Placed(False, language="nl")}
        async with here.sending(small_clip(), "seat-a"), here.sending(tone(1000), "seat-i", video=False):
            here.directory.state = Broadcast.LIVE
            await here.until(lambda text: "#EXTINF" in text, lane="audience", name="audio_nl")
            # One more while it is live.
            here.directory.languages = {"nl": "Nederlands", "pt-BR": "Português (Brasil)"}
            await here.until(lambda text: text.count("#EXTINF") >= 3, lane="audience", name="audio_pt_br")
            main = await here.playlist("audience", "main")
            assert 'NAME="Nederlands",LANGUAGE="nl",DEFAULT=NO,URI="audio_nl.m3u8"' in main
            assert 'LANGUAGE="pt-BR"' in main
            assert "#EXT-X-STREAM-INF:BANDWIDTH=130000" in main, "sound alone for poor links"
            sound = await here.playlist("audience", "sound")
            assert "video.m3u8" not in sound
            assert [one.on_stage for one in here.directory.present[-1]] == [True, False]
            for name in ("audio", "audio_nl", "audio_pt_br"):
                url = f"{here.url}/hls/audience/{name}.m3u8"
                out = str(tmp_path / f"{name}.wav")
                _, err = await run("ffmpeg", "-v", "error", "-t", "2", "-i", url, "-ac", "1", "-ar", "48000", out)
                assert err == ""
    heard = {
        name: (loudness(tmp_path / f"{name}.wav", 220), loudness(tmp_path / f"{name}.wav", 1000))
        for name in ("audio", "audio_nl", "audio_pt_br")
    }
    floor, dutch, brazilian = heard["audio"], heard["audio_nl"], heard["audio_pt_br"]
    assert dutch[1] > 20 * floor[1], "the interpreter is heard in their language alone"
    assert dutch[0] < floor[0] / 2, "the floor is quieter under the interpreter"
    assert brazilian[0] > floor[0] / 2, "without an interpreter a language has the floor"


async def test_a_secure_link_opens_one_language_and_ends_when_it_is_made_anew(product: Product) -> None:
    webinar = await product.webinar(await product.account())
    tokens = product.parts.seats._tokens
    async with product.work.unit() as unit:
        row = await languages.add(unit, webinar.id, "nl")
    path = languages.link(tokens, row)
    directory = DatabaseDirectory(product.parts.settings, product.parts.database)
    token = interpreter_token(tokens, webinar.id, "p" * 20, "Nederlands", row.id)
    async with product.client() as client:
        page = await client.get(path)
        assert (page.status_code, "Nederlands" in page.text) == (200, True)
        assert "microphone=(self)" in page.headers["permissions-policy"]
        seat = await directory.publish_seat(token)
        assert seat is not None
        await directory.presence(webinar.id, [Publisher(seat.seat, "none", True, False)], 0)
        plan = await directory.plan(webinar.id)
        assert (plan.languages, plan.seats[seat.seat]) == ({"nl": "Nederlands"}, Placed(False, language="nl"))
        async with product.join(webinar.id, Role.MODERATOR) as mia:
            place = next(e for e in mia.entities.values() if e["kind"] == "presenter")
            assert (place["sort"], place["language"]) == ("interpreter", row.id)
            assert (await mia.ask("stage.move", presenter=place["id"], on_stage=True))["code"] == "stage.interpreter"
            assert (await mia.ask("stage.mute", presenter=place["id"]))["type"] == "ok"
        async with product.work.unit() as unit:
            await languages.renew(unit, webinar.id, row.id)
        assert (await client.get(path)).status_code == 404
    async with product.work.unit() as unit:
        await languages.remove(unit, webinar.id, row.id)
    assert await directory.publish_seat(token) is None
    assert (await directory.plan(webinar.id)).languages == {}
