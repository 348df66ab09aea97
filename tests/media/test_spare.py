"""Redundant ingest: when the main way into a seat is silent, its backup is seen and heard without a gap, and nobody takes it for somebody else."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from app.media.directory import Broadcast
from app.media.spare import STABLE, choose
from tests.media.stand import WEBINAR, small_clip, stand
from tests.media.test_live import run
from tests.media.test_network import newest
from tests.media.test_program import EXACT, _is
from tests.support.link import link
from tests.support.until import until


class Sent:
    """A session as :func:`choose` sees it."""

    connected, closed = True, False

    def __init__(self, *, backup: bool, steady: float) -> None:
        self.backup = backup
        self._steady = steady

    def lively(self, _now: float) -> bool:
        return self._steady > 0

    def steady(self, _now: float) -> float:
        return self._steady


def test_the_main_way_is_used_again_only_when_it_is_stable() -> None:
    main, shaky, gone = (Sent(backup=False, steady=steady) for steady in (STABLE, STABLE / 2, 0))
    backup, silent = (Sent(backup=True, steady=steady) for steady in (STABLE, 0))
    cases: list[Any] = [
        ([main, backup], main, main),
        ([gone, backup], gone, backup),
        ([gone, silent], gone, gone),
        ([shaky, backup], backup, backup),
        ([main, backup], backup, main),
        ([shaky, silent], backup, shaky),
        ([backup], None, backup),
        ([gone, main], gone, main),
        ([], main, None),
    ]
    chosen: list[Any] = [choose(sent, used, 0.0) for sent, used, _ in cases]
    assert chosen == [wanted for _, _, wanted in cases]


async def test_the_backup_is_seen_when_the_main_way_is_silent_and_the_main_way_again_when_it_is_stable() -> None:
    async with stand() as here, link() as way, here.sending(small_clip(), "seat-a", way=way.through):
        here.directory.state = Broadcast.LIVE
        async with here.sending(small_clip((480, 270)), "seat-a/backup"):
            await until(partial(_is, here, "640x360"), within=20, what="the main picture")
            stage = here.studio.stages[WEBINAR]
            await until(lambda: len(stage.sessions) == 2 and all(one.connected for one in stage.sessions.values()), what="both")
            way.away, number = True, await newest(here)
            await until(partial(_is, here, "480x270"), within=20, what="the picture of the backup")
            assert await newest(here) <= number + 3, "within few segments"
            way.away = False
            await until(partial(_is, here, "640x360"), within=40, what="the main picture again")
            text = await here.until(lambda text: text.count("#EXT-X-MAP") >= 3, lane="audience")
            assert text.count("#EXT-X-DISCONTINUITY\n") == 2, "two changes and no card"
            await here.until(lambda text: text.count("#EXT-X-DISCONTINUITY\n") == 2, lane="audience", name="audio")
            assert {one.seat for told in here.directory.present for one in told} == {"a"}
            ways = [told[0].backup for told in here.directory.present if told]
            assert [way for at, way in enumerate(ways) if not at or way != ways[at - 1]] == [False, True, False], (
                "the crew is told which"
            )
            assert {len(told) for told in here.directory.present} <= {0, 1}, "one presenter, whichever way is used"
            url = f"{here.url}/hls/audience/main.m3u8"
            command = ("ffmpeg", "-v", "error", "-live_start_index", "0", "-t", "8", "-i", url, *EXACT, "-f", "null", "-")
            assert (await run(*command))[1] == ""
        # The control: without a backup the last picture of the main way stands, and no other comes.
        main = stage.spares.used["a"]
        way.away = True
        await until(lambda: main.steady(time.monotonic()) == 0, what="the main way is silent")
        assert (stage.spares.used["a"], stage.program.breaks) == (main, 2)


async def test_a_sender_that_comes_back_takes_over_from_its_old_session_without_the_card() -> None:
    async with stand() as here, link() as way, here.sending(small_clip(), way=way.through):
        await here.until(lambda text: "#EXTINF" in text)
        stage = here.studio.stages[WEBINAR]
        way.away = True
        old = stage.spares.used["a"]
        await until(lambda: not old.lively(old._heard + 2), what="nothing comes any more")
        async with here.sending(small_clip()):
            await until(lambda: stage.spares.used["a"] is not old, within=20, what="the new session is used")
            await here.until(lambda text: text.count("#EXTINF") >= 3)
            assert (stage.program.breaks, old.closed) == (0, True), "players noticed nothing"
