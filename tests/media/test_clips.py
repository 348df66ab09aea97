"""A video on the stage: who may begin it and when, what the media process is told, and that it is over by itself."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from app.core.permissions import Role
from app.media.clips import LEAD
from app.media.directory import Broadcast, Placed, Playing
from app.media.directory_db import DatabaseDirectory
from app.media.timeline import EPOCH
from tests.api.stand import program
from tests.media.stand import WEBINAR, Stand, small_clip, stand
from tests.media.test_simulive import counted
from tests.media.test_videos import H264, PICTURE, SOUND, film, sender
from tests.support.product import Guest, Product
from tests.support.until import until


def stage(guest: Guest) -> dict[str, Any]:
    return next(one for one in guest.entities.values() if one["kind"] == "stage")


async def test_a_video_is_played_by_who_directs_and_is_over_by_itself(product: Product, tmp_path: Path) -> None:
    data = await film(tmp_path / "a.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac", seconds=2)
    async with product.client() as client:
        here = await sender(product, client)
        await here.send(data)
        await here.over()
        (video,) = await here.recordings()
        async with (
            product.join(here.webinar.id, Role.MODERATOR, name="Mia") as mia,
            product.join(here.webinar.id, Role.PRESENTER, name="Ada") as ada,
            program(product, here.webinar.account_id) as api,
        ):
            listed = (await mia.ask("stage.videos"))["videos"]
            assert [(one["id"], one["title"], round(one["seconds"])) for one in listed] == [(video.id, "A film", 2)]
            assert (await ada.ask("stage.play", video=video.id))["code"] == "not.allowed"
            assert (await mia.ask("stage.play", video=video.id))["code"] == "clip.not_live"
            await mia.ask("broadcast.set", to="live")
            assert (await mia.ask("stage.play", video="x" * 20))["code"] == "recording.unknown"
            begun = await mia.ask("stage.play", video=video.id)
            await ada.until_seq(begun["seq"])
            assert stage(ada)["clip"] == video.id, "all of the crew see that it plays"
            directory = DatabaseDirectory(product.parts.settings, product.parts.database)
            playing = (await directory.plan(here.webinar.id)).playing
            assert playing is not None
            assert (playing.video, playing.over) == (video.id, True)
            begins = stage(ada)["clip_until"] / 1000 - listed[0]["seconds"] - EPOCH
            assert abs(playing.at - begins) < 0.01, "who watches and who directs go by the same clock"
            home = f"/webinars/{here.webinar.id}"
            assert (await api.get(f"{home}/stage")).json()["clip"] == video.id
            assert (await api.delete(f"{home}/recordings/{video.id}")).status_code == 409, "what is played stays"
            assert (await client.post(f"/admin{home}/recordings/{video.id}/delete")).status_code == 409

            async def over() -> bool:
                return (await directory.plan(here.webinar.id)).playing is None

            async def ended() -> bool:
                return (await api.get(f"{home}/stage")).json()["clip"] is None

            await until(over, within=30, what="it is over by itself")
            await ada.until_seq((await product.row(here.webinar.id)).seq)
            assert "clip" not in stage(ada), "the crew sees it"
            # Ended early: by a click, or because somebody or another layout is to be seen.
            ends: list[tuple[str, dict[str, Any]]] = [
                ("stage.play", {"video": None}),
                ("stage.show", {"presenter": None}),
                ("stage.layout", {"layout": "side"}),
            ]
            for command, fields in ends:
                await mia.ask("stage.play", video=video.id)
                assert not await over(), "the control"
                await mia.ask(command, **fields)
                assert await over()
            # Somebody else leaving is no reason to end it; pausing and ending are.
            chosen = await mia.ask("stage.encoder", name="Hall")
            hall = next(one for one in await presenters_of(mia, chosen["seq"]) if one["name"] == "Hall")
            await mia.ask("stage.show", presenter=hall["id"])
            await mia.ask("stage.play", video=video.id)
            await mia.ask("stage.remove", presenter=hall["id"])
            assert not await over()
            for state in ("paused", "live", "ended"):
                await mia.ask("broadcast.set", to=state)
                if state == "live":
                    await mia.ask("stage.play", video=video.id)
                else:
                    await until(ended, within=30, what=f"no video any more once it is {state}")
            assert (await api.delete(f"{home}/recordings/{video.id}")).status_code == 204


async def presenters_of(guest: Guest, seq: int) -> list[dict[str, Any]]:
    await guest.until_seq(seq)
    return [one for one in guest.entities.values() if one["kind"] == "presenter" and not one.get("removed")]


async def test_a_video_of_another_webinar_cannot_be_played(product: Product, tmp_path: Path) -> None:
    data = await film(tmp_path / "a.mp4", *PICTURE, *H264, seconds=2)
    async with product.client() as client:
        here = await sender(product, client)
        await here.send(data)
        await here.over()
        (video,) = await here.recordings()
    other = await product.webinar(await product.account())
    async with product.join(other.id, Role.MODERATOR, name="Mia") as mia:
        await mia.ask("broadcast.set", to="live")
        assert (await mia.ask("stage.videos"))["videos"] == []
        assert (await mia.ask("stage.play", video=video.id))["code"] == "recording.unknown"


async def test_it_is_seen_over_whomever_the_crew_chose_and_gives_way_without_the_title(tmp_path: Path) -> None:
    async with stand() as here, here.sending(small_clip((480, 270)), "seat-a"):
        here.directory.folder = tmp_path
        here.directory.seats = {"a": Placed(True)}
        here.directory.chosen = "a"
        here.directory.state = Broadcast.LIVE
        await asyncio.to_thread(counted, tmp_path, here.directory.box, "video")
        await until(lambda: [one.program for one in here.directory.present[-1]] == [True], what="who was chosen is seen")
        at = place_of_now() + LEAD.total_seconds()
        here.directory.playing = Playing("video", at, over=True)
        await until(lambda: [one.program for one in here.directory.present[-1]] == [False], what="the video is seen")
        await until(lambda: shown(here) == "video", what="it is in the picture")
        before = breaks(here)
        here.directory.playing = None
        await until(lambda: [one.program for one in here.directory.present[-1]] == [True], what="stopped, they are seen again")
        await until(lambda: shown(here) == "a", what="they are in the picture")
        assert breaks(here) == before + 1, "one cut, not one to the title and one from it"


def shown(here: Stand) -> str:
    feed = here.studio.stages[WEBINAR].program.shown
    return feed.who if feed is not None else ""


def breaks(here: Stand) -> int:
    return here.studio.stages[WEBINAR].program.breaks


def place_of_now() -> float:
    return time.time() - EPOCH
