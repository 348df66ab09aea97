"""A video on the stage: who may begin it and when, what the media process is told, and that it is over by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

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


@dataclass(slots=True)
class Playable:
    """A webinar with one uploaded video, and who is in it."""

    webinar: str
    home: str
    video: str
    seconds: float
    mia: Guest  # directs
    ada: Guest  # presents
    api: httpx2.AsyncClient
    pages: httpx2.AsyncClient
    directory: DatabaseDirectory

    async def playing(self) -> bool:
        return (await self.directory.plan(self.webinar)).playing is not None

    async def clip(self) -> str | None:
        found: str | None = (await self.api.get(f"{self.home}/stage")).json()["clip"]
        return found

    async def play(self) -> dict[str, Any]:
        return await self.mia.ask("stage.play", video=self.video)


@asynccontextmanager
async def playable(product: Product, folder: Path) -> AsyncIterator[Playable]:
    data = await film(folder / "a.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac", seconds=2)
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
            (listed,) = (await mia.ask("stage.videos"))["videos"]
            assert (listed["id"], listed["title"], round(listed["seconds"])) == (video.id, "A film", 2)
            directory = DatabaseDirectory(product.parts.settings, product.parts.database)
            home = f"/webinars/{here.webinar.id}"
            yield Playable(here.webinar.id, home, video.id, listed["seconds"], mia, ada, api, client, directory)


async def test_a_video_is_played_by_who_directs_and_is_over_by_itself(product: Product, tmp_path: Path) -> None:
    async with playable(product, tmp_path) as here:
        assert (await here.ada.ask("stage.play", video=here.video))["code"] == "not.allowed"
        assert (await here.play())["code"] == "clip.not_live"
        await here.mia.ask("broadcast.set", to="live")
        assert (await here.mia.ask("stage.play", video="x" * 20))["code"] == "recording.unknown"
        begun = await here.play()
        await here.ada.until_seq(begun["seq"])
        assert stage(here.ada)["clip"] == here.video, "all of the crew see that it plays"
        playing = (await here.directory.plan(here.webinar)).playing
        assert playing is not None
        assert (playing.video, playing.over) == (here.video, True)
        begins = stage(here.ada)["clip_until"] / 1000 - here.seconds - EPOCH
        assert abs(playing.at - begins) < 0.01, "who watches and who directs go by the same clock"
        assert await here.clip() == here.video
        assert (await here.api.delete(f"{here.home}/recordings/{here.video}")).status_code == 409, "what is played stays"
        assert (await here.pages.post(f"/admin{here.home}/recordings/{here.video}/delete")).status_code == 409

        async def over() -> bool:
            return not await here.playing()

        await until(over, within=30, what="it is over by itself")
        await here.ada.until_seq((await product.row(here.webinar)).seq)
        assert "clip" not in stage(here.ada), "the crew sees it"


async def test_a_video_ends_early_by_a_click_a_pause_and_the_end_but_not_because_somebody_leaves(
    product: Product, tmp_path: Path
) -> None:
    async with playable(product, tmp_path) as here:
        await here.mia.ask("broadcast.set", to="live")
        ends: list[tuple[str, dict[str, Any]]] = [
            ("stage.play", {"video": None}),
            ("stage.show", {"presenter": None}),
            ("stage.layout", {"layout": "side"}),
        ]
        for command, fields in ends:
            await here.play()
            assert await here.playing(), "the control"
            await here.mia.ask(command, **fields)
            assert not await here.playing(), command
        chosen = await here.mia.ask("stage.encoder", name="Hall")
        hall = next(one for one in await presenters_of(here.mia, chosen["seq"]) if one["name"] == "Hall")
        await here.mia.ask("stage.show", presenter=hall["id"])
        await here.play()
        await here.mia.ask("stage.remove", presenter=hall["id"])
        assert await here.playing()

        async def ended() -> bool:
            return await here.clip() is None

        for state in ("paused", "live", "ended"):
            await here.mia.ask("broadcast.set", to=state)
            if state == "live":
                await here.play()
            else:
                await until(ended, within=30, what=f"no video any more once it is {state}")
        assert (await here.api.delete(f"{here.home}/recordings/{here.video}")).status_code == 204


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
