"""The addresses of Low-Latency HLS: playlists (which may wait), headers, segments and parts, all from memory."""

from __future__ import annotations

import asyncio
import gzip
import re

from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import Problem
from app.media import playlist
from app.media.directory import Broadcast, Lane
from app.media.packager import Program
from app.media.stage import Stage, Studio
from app.media.track import PART_TARGET, SEGMENT_TARGET, Track

PLAYLIST = "application/vnd.apple.mpegurl"
BANDWIDTH = 3_000_000
PATIENCE, LOOK = 4.0, 0.25
"""Seconds a request for the first playlist waits, and between looks: longer than two key frames are apart."""
LIVE_CACHE = "no-cache"
KEPT_CACHE = "public, max-age=60, immutable"
_NAME = re.compile(
    r"(?P<run>[A-Za-z0-9]{8})-(?P<kind>video|audio)-(?:init(?P<init>\d{1,9})\.mp4|(?P<msn>\d{1,12})(?:\.(?P<part>\d{1,4}))?\.m4s)"
)


class Hls:
    """The endpoints."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    async def get(self, request: Request) -> Response:
        """Anything below ``/hls/{token}/``."""
        token, name = request.path_params["token"], request.path_params["name"]
        if name == "main.m3u8":
            return text(request, await self._main(token))
        stage, lane = await self._open(token)
        view = View(stage.program, lane)
        if name in ("video.m3u8", "audio.m3u8"):
            return text(request, await view.media(name[:5], *asked(request)))
        return await view.piece(name)

    async def _main(self, token: str) -> str:
        """The multivariant playlist; waits a little, as players come at the very moment somebody goes live."""
        for _ in range(round(PATIENCE / LOOK)):
            try:
                stage, lane = await self._open(token)
                return View(stage.program, lane).master()
            except Problem as problem:
                if problem.code != "stream.waiting" or not self.studio.stages:
                    raise
            await asyncio.sleep(LOOK)
        raise not_yet()

    async def _open(self, token: str) -> tuple[Stage, Lane]:
        ref = await self.studio.directory.stream(token)
        if ref is None:
            raise Problem("stream.unknown", "There is no such stream.", status=404)
        stage = self.studio.stages.get(ref.webinar_id)
        if stage is None:
            state = await self.studio.directory.broadcast(ref.webinar_id)
        else:
            stage.follow(state := await self.studio.directory.broadcast(ref.webinar_id))
        if state == Broadcast.ENDED:
            raise Problem("webinar.ended", "This webinar has ended.", status=410)
        if stage is None or (ref.lane == Lane.AUDIENCE and state != Broadcast.LIVE):
            raise not_yet()
        return stage, ref.lane


class View:
    """What one lane may see of a program."""

    def __init__(self, program: Program, lane: Lane) -> None:
        self.program = program
        self.lane = lane

    def first(self, track: Track) -> int | None:
        """The first segment this lane may see; None when there is none yet."""
        if self.lane == Lane.CREW:
            return track.segments[0].number if track.segments else None
        first: int | None = getattr(self.program.audience, track.kind)
        return first

    def tracks(self) -> tuple[Track | None, Track | None]:
        """Video and audio, as far as there is something to play."""
        video, audio = self.program.video.track, self.program.audio.track
        return (video if self._ready(video) else None), (audio if self._ready(audio) else None)

    def _ready(self, track: Track) -> bool:
        first = self.first(track)
        return (
            first is not None
            and track.next_number > first
            and bool(track.segments)
            and bool(track.segments[-1].parts or len(track.segments) > 1)
        )

    def master(self) -> str:
        """The multivariant playlist."""
        video, audio = self.tracks()
        if (
            (video is None and self.program.video.init)
            or (video is None and audio is None)
            or (audio is None and self.program.audio.init)
        ):
            raise not_yet()
        return playlist.master(video, audio, BANDWIDTH)

    async def media(self, kind: str, number: int | None, part: int | None) -> str:
        """A media playlist, held back until it holds what was asked for (RFC 8216bis section 6.2.5.2)."""
        track = getattr(self.program, kind).track
        if number is not None:
            if number > track.next_number + 1:
                raise Problem("playlist.ahead", "That segment is too far in the future.", status=400)
            # While nobody sends, the answer is the playlist as it was: an error would make players give up.
            if not await track.wait_for(number, part, within=3 * SEGMENT_TARGET) and track.closed:
                raise gone()
        first = self.first(track)
        if first is None or not self._ready(track):
            raise not_yet()
        return playlist.media(track, [other for other in self.tracks() if other is not None and other is not track], first)

    async def piece(self, name: str) -> Response:
        """A header, segment or part. A part that is only hinted at is waited for."""
        match = _NAME.fullmatch(name)
        if match is None:
            raise Problem("stream.unknown", "There is no such stream.", status=404)
        track = getattr(self.program, match["kind"]).track
        first = self.first(track)
        if match["run"] != track.run or first is None:
            raise gone()
        if match["init"]:
            data = track.inits.get(int(match["init"]))
            return media_bytes(data, "mp4")
        number, part = int(match["msn"]), int(match["part"]) if match["part"] else None
        if number < first:
            raise gone()
        return media_bytes(await self._data(track, number, part), "iso.segment")

    async def _data(self, track: Track, number: int, part: int | None) -> bytes | None:
        if part is not None and number in (track.next_number - 1, track.next_number):
            await track.wait_for(number, part, within=4 * PART_TARGET)
        segment = track.find(number)
        if segment is None or (part is None and not segment.done):
            return None
        if part is None:
            return segment.data
        return segment.parts[part].data if part < len(segment.parts) else None


def asked(request: Request) -> tuple[int | None, int | None]:
    """``_HLS_msn`` and ``_HLS_part``; 400 when they are no numbers or a part comes alone."""
    number, part = request.query_params.get("_HLS_msn"), request.query_params.get("_HLS_part")
    for value in (number, part):
        if value is not None and not re.fullmatch(r"\d{1,12}", value):
            raise Problem("query.invalid", "_HLS_msn and _HLS_part are numbers.", status=400)
    if part is not None and number is None:
        raise Problem("query.invalid", "_HLS_part needs _HLS_msn.", status=400)
    return int(number) if number else None, int(part) if part else None


def text(request: Request, body: str) -> Response:
    """A playlist, compressed when the client takes that."""
    headers = {"Cache-Control": LIVE_CACHE, "Vary": "Accept-Encoding"}
    data = body.encode()
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        data = gzip.compress(data, 3, mtime=0)
    return Response(data, 200, headers, PLAYLIST)


def media_bytes(data: bytes | None, kind: str) -> Response:
    """Bytes that never change under their name."""
    if data is None:
        raise gone()
    return Response(data, 200, {"Cache-Control": KEPT_CACHE}, f"video/{kind}")


def gone() -> Problem:
    """What was asked for is not (any more) in the window."""
    return Problem("segment.gone", "This part of the stream is not kept any more.", status=404)


def not_yet() -> Problem:
    """Nothing to see now; come again."""
    return Problem("stream.waiting", "Nothing is on air. The player tries again by itself.", status=404, retry_after=1)
