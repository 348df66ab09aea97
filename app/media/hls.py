"""The addresses of Low-Latency HLS: playlists (which may wait), headers, segments and parts, all from memory."""

from __future__ import annotations

import asyncio
import gzip
import re
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import Problem
from app.media import playlist
from app.media.directory import Broadcast, Lane
from app.media.ladder import BANDWIDTH as SMALL_BANDWIDTH
from app.media.ladder import KIND as SMALL
from app.media.languages import own_name
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
    r"(?P<run>[A-Za-z0-9]{8})-(?P<kind>video(?:_small)?|audio(?:_[a-z0-9_]{1,12})?|captions_[a-z0-9_]{1,12})-"
    r"(?:init(?P<init>\d{1,9})\.mp4|(?P<msn>\d{1,12})(?:\.(?P<part>\d{1,4}))?\.(?P<sort>m4s|vtt))"
)


class Hls:
    """The endpoints."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    async def get(self, request: Request) -> Response:
        """Anything below ``/hls/{token}/``."""
        token, name = request.path_params["token"], request.path_params["name"]
        if name in ("main.m3u8", "sound.m3u8"):
            return text(request, await self._main(token, picture=name == "main.m3u8"))
        stage, lane = await self._open(token)
        view = View(stage.program, lane)
        if name.endswith(".m3u8"):
            return text(request, await view.media(name.removesuffix(".m3u8"), *asked(request), skip=skips(request)))
        return await view.piece(name)

    async def _main(self, token: str, *, picture: bool) -> str:
        """The multivariant playlist; waits a little, as players come at the very moment somebody goes live."""
        looks = round(PATIENCE / LOOK)
        for look in range(looks):
            try:
                stage, lane = await self._open(token)
                return View(stage.program, lane).master(picture=picture, patient=look < looks - 1)
            except Problem as problem:
                if problem.code != "stream.waiting" or not self.studio.stages:
                    raise
            await asyncio.sleep(LOOK)
        raise not_yet()

    async def _open(self, token: str) -> tuple[Stage, Lane]:
        ref = await self.studio.directory.stream(token)
        if ref is None:
            raise Problem("stream.unknown", "There is no such stream.", status=404)
        state = await self.studio.directory.broadcast(ref.webinar_id)
        if state == Broadcast.ENDED:
            raise Problem("webinar.ended", "This webinar has ended.", status=410)
        stage = self.studio.stages.get(ref.webinar_id)
        if stage is None and state == Broadcast.LIVE:
            # Nobody sends, perhaps because this process has just begun: the audience sees the card and stays.
            stage = await self.studio.stage(ref.webinar_id)
            stage.program.begin()
        if stage is None or (ref.lane == Lane.AUDIENCE and state != Broadcast.LIVE):
            raise not_yet()
        if stage.state != state:
            stage.follow(await self.studio.directory.plan(ref.webinar_id, anew=True))
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
        return self.program.audience.video if track.kind in ("video", SMALL) or track.text else self.program.audience.audio

    def tracks(self) -> tuple[Track | None, Track | None]:
        """Video and audio, as far as there is something to play."""
        video, audio = self.program.video.track, self.program.audio.track
        return (video if self._ready(video) else None), (audio if self._ready(audio) else None)

    def _ready(self, track: Track) -> bool:
        """Whether there is a whole segment to see: players take a list of parts alone for an empty one, and try again much later."""
        first = self.first(track)
        if first is None or not track.segments:
            return False
        newest = track.segments[-1]
        return newest.number > first or (newest.number == first and newest.done)

    def _small(self) -> Track | None:
        small = self.program.small
        return small.track if small is not None and self._ready(small.track) else None

    def master(self, *, picture: bool = True, patient: bool = False) -> str:
        """The multivariant playlist; without ``picture`` for who wants sound alone.

        Players read it once, so a smaller picture that is just beginning is waited for by who is ``patient``.
        """
        video, audio = self.tracks()
        if (
            (video is None and self.program.video.init)
            or (video is None and audio is None)
            or (audio is None and self.program.audio.init)
        ):
            raise not_yet()
        waits = self.program.small is not None and self.program.small.feeding and self.lane == Lane.AUDIENCE
        if picture and patient and waits and self._small() is None:
            raise not_yet()
        names = self.program.names
        spoken = [(code, names.get(code, code), cutter.track) for code, cutter in self.program.languages.items()]
        written = [(code, own_name(code), track) for code, track in self.program.titles.tracks.items() if self._ready(track)]
        known = ((video, BANDWIDTH), (self._small(), SMALL_BANDWIDTH)) if picture and video is not None else ()
        return playlist.master([(track, width) for track, width in known if track is not None], audio, spoken, written)

    async def media(self, kind: str, number: int | None, part: int | None, *, skip: bool = False) -> str:
        """A media playlist, held back until it holds what was asked for (RFC 8216bis section 6.2.5.2).

        ``skip`` leaves out what the player has already (section 6.2.5.1).
        """
        track = self.program.track(kind)
        if track is None:
            raise Problem("stream.unknown", "There is no such stream.", status=404)
        if number is not None:
            if number > track.next_number + 1:
                raise Problem("playlist.ahead", "That segment is too far in the future.", status=400)
            # While nobody sends, the answer is the playlist as it was: an error would make players give up.
            if not await track.wait_for(number, part, within=3 * SEGMENT_TARGET) and track.closed:
                raise gone()
        first = self.first(track)
        if first is None or not self._ready(track):
            raise not_yet()
        others = [other for other in (*self.tracks(), self._small()) if other is not None and other is not track]
        return self.program.written.of(track, others, first, skip=skip)

    async def piece(self, name: str) -> Response:
        """A header, segment or part. A part that is only hinted at is waited for."""
        match = _NAME.fullmatch(name)
        if match is None:
            raise Problem("stream.unknown", "There is no such stream.", status=404)
        track = self.program.track(match["kind"])
        first = self.first(track) if track is not None else None
        if track is None or match["run"] != track.run or first is None:
            raise gone()
        if match["init"]:
            data = track.inits.get(int(match["init"]))
            return media_bytes(data, "video/mp4")
        number, part = int(match["msn"]), int(match["part"]) if match["part"] else None
        if number < first:
            raise gone()
        if track.text != (match["sort"] == "vtt"):
            raise gone()
        return media_bytes(await self._data(track, number, part), "text/vtt" if track.text else "video/iso.segment")

    async def _data(self, track: Track, number: int, part: int | None) -> bytes | None:
        if part is not None and number in (track.next_number - 1, track.next_number):
            await track.wait_for(number, part, within=4 * PART_TARGET)
        segment = track.find(number)
        if segment is None or (part is None and not segment.done):
            return None
        if part is None:
            return segment.data if segment.kept is None else await asyncio.to_thread(segment.kept.read)
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


def skips(request: Request) -> bool:
    """``_HLS_skip``: ``YES`` or ``v2`` (which may also leave date ranges out; there are none)."""
    asked_for = request.query_params.get("_HLS_skip")
    if asked_for not in (None, "YES", "v2"):
        raise Problem("query.invalid", "_HLS_skip is YES or v2.", status=400)
    return asked_for is not None


def text(request: Request, body: str) -> Response:
    """A playlist, compressed when the client takes that."""
    headers = {"Cache-Control": LIVE_CACHE, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(compressed(body), 200, headers | {"Content-Encoding": "gzip"}, PLAYLIST)
    return Response(body.encode(), 200, headers, PLAYLIST)


@lru_cache(maxsize=64)
def compressed(body: str) -> bytes:
    """Hundreds of players ask for the same playlist in the same moment."""
    return gzip.compress(body.encode(), 3, mtime=0)


def media_bytes(data: bytes | None, kind: str) -> Response:
    """Bytes that never change under their name."""
    if data is None:
        raise gone()
    return Response(data, 200, {"Cache-Control": KEPT_CACHE}, kind)


def gone() -> Problem:
    """What was asked for is not (any more) in the window."""
    return Problem("segment.gone", "This part of the stream is not kept any more.", status=404)


def not_yet() -> Problem:
    """Nothing to see now; come again."""
    return Problem("stream.waiting", "Nothing is on air. The player tries again by itself.", status=404, retry_after=1)
