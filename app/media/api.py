"""Recordings for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from app.core.api import Answer, Body, Call, Content, Endpoint
from app.core.errors import not_found
from app.core.permissions import Permission
from app.media import clips, recordings, replay, scheduled, texts
from app.media.models_recordings import Recording
from app.media.tapes import Tapes, threaded
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.rooms.api import own
from app.rooms.room import open_room

Moment = Annotated[float, Meta(ge=0, le=360_000)]


class Chapter(Content, frozen=True, kw_only=True):
    """A chapter and the second it begins at, from the beginning of the whole recording."""

    at: float
    title: str


class ChapterNew(Body, frozen=True, kw_only=True):
    """A chapter."""

    at: Moment
    title: Annotated[str, Meta(min_length=1, max_length=120)]


class RecordingContent(Content, frozen=True, kw_only=True):
    """A recording: how long it is, whether people may watch it, and which part of it; `end` null: to its end."""

    id: str
    made_at: datetime
    ended_at: datetime | None
    seconds: float
    bytes: int
    published: bool
    start: float
    end: float | None
    chapters: list[Chapter]


class RecordingList(Content, frozen=True, kw_only=True):
    """The recordings of a webinar, newest first."""

    items: list[RecordingContent]


class RecordingChange(Body, frozen=True, kw_only=True):
    """Let people watch it or not any more, trim it, set its chapters; what is left out stays. Seconds; `end` null: to its end."""

    published: bool | UnsetType = UNSET
    start: Moment | UnsetType = UNSET
    end: Moment | UnsetType | None = UNSET
    chapters: Annotated[list[ChapterNew], Meta(max_length=recordings.MOST_CHAPTERS)] | UnsetType = UNSET


class Plays(Body, frozen=True, kw_only=True):
    """What people see: the stage (`live`), or a recording or uploaded video: as if live (`simulive`), or `ondemand` for some days."""

    source: Literal["live", "simulive", "ondemand"]
    video: Annotated[str, Meta(max_length=40)] = ""
    days: Annotated[int, Meta(ge=1, le=scheduled.MOST_DAYS)] = 1


class PlaysContent(Content, frozen=True, kw_only=True):
    """What it plays now; `video` is the id of a recording. By a video it begins at its hour and ends at `ends_at` by itself."""

    source: str
    video: str | None
    ends_at: datetime


class CaptionsContent(Content, frozen=True, kw_only=True):
    """Captions that were sent for a recording."""

    id: str
    lang: str
    lines: int


class CaptionsList(Content, frozen=True, kw_only=True):
    """All of them, by language."""

    items: list[CaptionsContent]


class RecordingApi:
    """Endpoints of recordings."""

    def __init__(self, vault: Vault, shelf: Shelf) -> None:
        self._vault = vault
        self._shelf = shelf
        self._tapes = Tapes(vault, shelf)

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        many, edit, tag = "/webinars/{webinar}/recordings", Permission.WEBINAR_EDIT, "Recordings"
        one = many + "/{recording}"
        return [
            Endpoint(method="GET", path=many, name="listRecordings", summary="Recordings of a webinar", tag=tag,
                     needs=Permission.WEBINAR_SEE, handler=self.all, answer=RecordingList),
            Endpoint(method="PATCH", path=one, name="changeRecording", summary="Publish a recording or withdraw it, trim it, set chapters",
                     tag=tag, needs=edit, handler=self.change, again=self.read, current=self.read, body=RecordingChange, answer=RecordingContent),
            Endpoint(method="DELETE", path=one, name="deleteRecording", summary="Delete a recording for good", tag=tag, needs=edit,
                     handler=self.delete, current=self.read, status=204),
            Endpoint(method="GET", path=one, name="readRecording", summary="One recording", tag=tag, needs=Permission.WEBINAR_SEE,
                     handler=self.read, answer=RecordingContent),
            Endpoint(method="GET", path=one + "/file", name="downloadRecording", summary="The recording as one file", tag=tag, needs=edit,
                     handler=self.download, media_types=("video/mp4",)),
            Endpoint(method="GET", path=one + "/captions", name="listCaptions", summary="Captions that were sent for a recording", tag=tag,
                     needs=edit, handler=self.captions, answer=CaptionsList),
            Endpoint(method="PUT", path=one + "/captions/{lang}", name="putCaptions", summary="Captions of one language, as WebVTT or SubRip",
                     tag=tag, needs=edit, handler=self.put_captions, again=self.captions, upload=("text/vtt", "application/x-subrip"),
                     answer=CaptionsList),
            Endpoint(method="DELETE", path=one + "/captions/{lang}", name="removeCaptions", summary="Take captions away", tag=tag,
                     needs=edit, handler=self.remove_captions, again=self.captions, answer=CaptionsList),
            Endpoint(method="GET", path="/webinars/{webinar}/plays", name="readPlays", summary="What people see: the stage or a video",
                     tag=tag, needs=Permission.WEBINAR_SEE, handler=self.plays, answer=PlaysContent),
            Endpoint(method="PUT", path="/webinars/{webinar}/plays", name="choosePlays", summary="Choose what people see", tag=tag,
                     needs=edit, handler=self.choose, again=self.plays, current=self.plays, body=Plays, answer=PlaysContent),
        ]  # fmt: skip

    async def all(self, call: Call[Any]) -> Answer:
        """Also those nobody may watch yet."""
        rows = await recordings.of_webinar(call.session, (await own(call)).id)
        return Answer(content=RecordingList(items=[_content(row) for row in rows]))

    async def read(self, call: Call[Any]) -> Answer:
        """One, as it is now."""
        row = await recordings.one(call.session, (await own(call)).id, call.path["recording"])
        return Answer(content=_content(row))

    async def change(self, call: Call[RecordingChange]) -> Answer:
        """Withdrawn, its old address works no more."""
        webinar = await own(call)
        row = await recordings.one(call.session, webinar.id, call.path["recording"])
        said = call.body
        if said.start is not UNSET or said.end is not UNSET or said.chapters is not UNSET:
            chapters = row.chapters
            if said.chapters is not UNSET:
                chapters = [{"at": one.at, "title": " ".join(one.title.split())} for one in said.chapters]
            start = row.start if said.start is UNSET else said.start
            recordings.trim(row, start, row.end if said.end is UNSET else said.end, chapters)
        if said.published is not UNSET:
            recordings.publish(call.unit, webinar, row, on=said.published)
        await call.session.flush()
        return Answer(content=_content(row), thing=row.id)

    async def delete(self, call: Call[Any]) -> Answer:
        """File and row."""
        webinar = await own(call)
        row = await recordings.one(call.session, webinar.id, call.path["recording"])
        await clips.keep(call.session, webinar, row)
        await recordings.delete(call.unit, self._shelf, row)
        return Answer()

    async def download(self, call: Call[Any]) -> Answer:
        """Made as it is sent, of the part that people may watch."""
        webinar = await own(call)
        row = await recordings.one(call.session, webinar.id, call.path["recording"])
        tape = await self._tapes.of(row)
        name = f"{webinar.slug}-{row.made_at:%Y-%m-%d}.mp4"
        return Answer(stream=threaded(replay.download(tape, row.start, row.end)), media_type="video/mp4", file_name=name)

    async def plays(self, call: Call[Any]) -> Answer:
        """As it is chosen now."""
        row = await own(call)
        return Answer(content=PlaysContent(source=row.source, video=row.video, ends_at=row.ends_at))

    async def choose(self, call: Call[Plays]) -> Answer:
        """Not while it is live."""
        room = await open_room(call.unit, self._vault, (await own(call)).id)
        await scheduled.choose(room, call.body.source, call.body.video, str(call.body.days))
        await call.session.flush()
        return await self.plays(call)

    async def captions(self, call: Call[Any]) -> Answer:
        """Those written while it was live are not here."""
        row = await recordings.one(call.session, (await own(call)).id, call.path["recording"])
        found = [
            CaptionsContent(id=one.id, lang=one.lang, lines=one.count) for one in await texts.of_recording(call.session, row.id)
        ]
        return Answer(content=CaptionsList(items=found))

    async def put_captions(self, call: Call[bytes]) -> Answer:
        """In place of those there were in this language."""
        webinar = await own(call)
        row = await recordings.one(call.session, webinar.id, call.path["recording"])
        await texts.put(call.unit, await self._vault.box(webinar.id), row, call.path["lang"], call.body)
        await call.session.flush()
        return await self.captions(call)

    async def remove_captions(self, call: Call[Any]) -> Answer:
        """Of one language."""
        row = await recordings.one(call.session, (await own(call)).id, call.path["recording"])
        mine = next((one for one in await texts.of_recording(call.session, row.id) if one.lang == call.path["lang"]), None)
        if mine is None:
            raise not_found("captions")
        await texts.take_away(call.unit, row, mine.id)
        await call.session.flush()
        return await self.captions(call)


def _content(row: Recording) -> RecordingContent:
    return RecordingContent(
        id=row.id,
        made_at=row.made_at,
        ended_at=row.ended_at,
        seconds=row.seconds,
        bytes=row.size,
        published=row.published,
        start=row.start,
        end=row.end,
        chapters=[Chapter(at=float(str(one["at"])), title=str(one["title"])) for one in row.chapters],
    )
