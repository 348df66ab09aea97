"""Uploading videos for programs: begun, sent in parts of the same size, finished; what broke off goes on where it stopped."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from app.core.api import ROOT, Answer, Body, Call, Content, Endpoint
from app.core.errors import Problem
from app.core.permissions import Permission
from app.media import videos
from app.media.models_videos import Video
from app.media.video_parts import PART
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.rooms.api import own
from app.settings import Settings

UPLOADS = ((re.compile(ROOT + r"/webinars/[\w-]{20}/videos/[\w-]{20}/parts/\d{1,6}"), PART),)
"""Addresses that take more than the body limit."""
PLACE = re.compile(r"[0-9]{1,6}")
FINISHING = (
    "All parts were sent: the video is checked and made ready. Then `readVideo` says 404 and it is one of `listRecordings`."
)


class VideoNew(Body, frozen=True, kw_only=True):
    """A file about to be sent. `mark` is yours, such as its size and date: the same file again goes on with an upload that broke off."""

    bytes: Annotated[int, Meta(ge=1)]
    mark: Annotated[str, Meta(min_length=1, max_length=60)]
    title: Annotated[str, Meta(max_length=120)] = ""


class VideoContent(Content, frozen=True, kw_only=True):
    """A video on its way. Send the parts from number `have` to `parts` - 1, each of `part_bytes` but the last. State: receiving, waiting,
    working (with `percent`) or failed (with the code `problem`)."""

    id: str
    title: str
    bytes: int
    state: str
    percent: int
    problem: str
    part_bytes: int
    parts: int
    have: int
    made_at: datetime


class VideoList(Content, frozen=True, kw_only=True):
    """Those that are not ready, newest first."""

    items: list[VideoContent]


class VideoApi:
    """Endpoints of uploads."""

    def __init__(self, settings: Settings, vault: Vault, shelf: Shelf) -> None:
        self._settings = settings
        self._vault = vault
        self._shelf = shelf

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        many, edit, see, tag = "/webinars/{webinar}/videos", Permission.WEBINAR_EDIT, Permission.WEBINAR_SEE, "Recordings"
        one = many + "/{video}"
        return [
            Endpoint(method="GET", path=many, name="listVideos", summary="Videos on their way", tag=tag, needs=see, handler=self.all,
                     answer=VideoList),
            Endpoint(method="POST", path=many, name="beginVideo", summary="Begin to upload a video", tag=tag, needs=edit, handler=self.begin,
                     again=self.read, body=VideoNew, answer=VideoContent, status=201),
            Endpoint(method="GET", path=one, name="readVideo", summary="How far a video is", tag=tag, needs=see, handler=self.read,
                     answer=VideoContent),
            Endpoint(method="PUT", path=one + "/parts/{part}", name="sendVideoPart", summary="One part, as it is", tag=tag, needs=edit,
                     handler=self.part, upload=("application/octet-stream",), status=204, plain=True),
            Endpoint(method="POST", path=one + "/finish", name="finishVideo", summary="Have the video made ready", tag=tag, needs=edit,
                     handler=self.finish, again=self.read, about=FINISHING, answer=VideoContent, status=202),
            Endpoint(method="DELETE", path=one, name="dropVideo", summary="Give a video up", tag=tag, needs=edit, handler=self.drop, status=204),
        ]  # fmt: skip

    async def all(self, call: Call[Any]) -> Answer:
        """What is ready is a recording."""
        rows = await videos.of_webinar(call.session, (await own(call)).id)
        return Answer(content=VideoList(items=[await self._content(row) for row in rows]))

    async def begin(self, call: Call[VideoNew]) -> Answer:
        """A new one, or the one of the same file that broke off."""
        said = call.body
        wanted = videos.Wanted(size=said.bytes, mark=said.mark, title=said.title)
        row = await videos.begin(call.unit, self._settings, await own(call), wanted)
        await call.session.flush()
        return Answer(content=await self._content(row), thing=row.id)

    async def read(self, call: Call[Any]) -> Answer:
        """As it is now."""
        return Answer(content=await self._content(await self._row(call)))

    async def part(self, call: Call[bytes]) -> Answer:
        """Straight into its sealed file; the same part again takes its place."""
        row, number = await self._row(call), call.path["part"]
        parts = await videos.parts_of(self._vault, self._shelf, row)
        wanted = row.state == "receiving" and PLACE.fullmatch(number) and int(number) < parts.count
        if not wanted or len(call.body) != parts.length(int(number)):
            raise Problem("video.part", "This part is not wanted.", status=409)
        await asyncio.to_thread(parts.write, int(number), call.body)
        return Answer()

    async def finish(self, call: Call[Any]) -> Answer:
        """Refused while a part is missing."""
        row = await self._row(call)
        await videos.whole(call.unit, row, await videos.parts_of(self._vault, self._shelf, row))
        await call.session.flush()
        return Answer(content=await self._content(row), thing=row.id)

    async def drop(self, call: Call[Any]) -> Answer:
        """With everything that was sent of it."""
        await videos.drop(call.unit, self._shelf, await self._row(call))
        return Answer()

    async def _row(self, call: Call[Any]) -> Video:
        return await videos.one(call.session, (await own(call)).id, call.path.get("thing") or call.path["video"])

    async def _content(self, row: Video) -> VideoContent:
        parts = await videos.parts_of(self._vault, self._shelf, row)
        have = await asyncio.to_thread(parts.have) if row.state == "receiving" else parts.count
        return VideoContent(
            id=row.id,
            title=row.title,
            bytes=row.size,
            state=row.state,
            percent=row.percent,
            problem=row.problem,
            part_bytes=PART,
            parts=parts.count,
            have=have,
            made_at=row.made_at,
        )
