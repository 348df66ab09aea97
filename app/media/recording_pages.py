"""Pages of recordings: the organiser's list, the replay for everybody who may enter the room, and the bytes they play."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec
from sqlalchemy import or_, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.accounts.staff import Current
from app.core.errors import Problem, not_found
from app.core.http import form, page, see_other, upload, wants_page
from app.core.permissions import Permission
from app.core.unit import Work
from app.media import clips, languages, recordings, replay, replay_polls, scheduled, subtitles, texts, videos
from app.media.models_recordings import Recording
from app.media.models_texts import RecordingText
from app.media.models_videos import Video
from app.media.tape import Tape
from app.media.tapes import Tapes, threaded
from app.media.timeline import EPOCH
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.rooms import webinars
from app.rooms.chat_view import open_message
from app.rooms.door import Closed, Door
from app.rooms.models import Message, Webinar
from app.rooms.room import open_room
from app.rooms.seats import webinar_by_slug
from app.settings import Settings

MOST_LINES = 5000
_NAME = re.compile(r"(video|audio)-(\d{1,12})\.(mp4|m4s)")
_CAPTIONS = re.compile(r"captions-([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)\.(m3u8|vtt)")


class RecordingPages:
    """Handlers and their routes."""

    def __init__(self, settings: Settings, work: Work, vault: Vault, door: Door) -> None:
        self._settings = settings
        self._work = work
        self._vault = vault
        self._shelf = Shelf(settings.data_dir)
        self._door = door
        self._tapes = Tapes(vault, self._shelf)

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/w/{slug}/replay", self.watch),
            Route("/w/{slug}/replay/{recording}/chat", self.chat),
            Route("/w/{slug}/replay/{recording}/polls", self.polls),
            Route("/replay/{token}/{name}", self.bytes, methods=["GET"]),
            Route("/ondemand/{token}/{name}", self.on_demand, methods=["GET"]),
            Route("/admin/webinars/{webinar}/plays", self.choose, methods=["POST"]),
            Route("/admin/webinars/{webinar}/recordings", self.list),
            Route("/admin/webinars/{webinar}/recordings/{recording}", self.change, methods=["POST"]),
            Route("/admin/webinars/{webinar}/recordings/{recording}/delete", self.delete, methods=["POST"]),
            Route("/admin/webinars/{webinar}/recordings/{recording}/download", self.download),
            Route("/admin/webinars/{webinar}/recordings/{recording}/captions", self.captions, methods=["POST"]),
        ]

    @needs(Permission.WEBINAR_SEE)
    async def list(self, request: Request) -> Response:
        """All recordings of a webinar."""
        return await self._list(request)

    async def _list(self, request: Request, values: dict[str, Any] | None = None, problem: Problem | None = None) -> Response:
        row = await self._own(request)
        async with self._work.read() as session:
            found = await recordings.of_webinar(session, row.id)
            coming = await videos.of_webinar(session, row.id)
            sent = {one.id: [named(text) for text in await texts.of_recording(session, one.id)] for one in found}
        for one in found:
            await self._measured(one)
        shown = [{**view(one), "texts": sent[one.id]} for one in found]
        context: dict[str, Any] = {"webinar": row, "recordings": shown, "values": values, "problem": problem}
        context["offered"] = languages.offered()
        context["plays"] = {
            "source": row.source, "video": row.video or "", "days": str(max(1, (row.ends_at - row.starts_at).days)),
            **(values if values and values.get("id") == "plays" else {}),
        }  # fmt: skip
        context["ready"] = [
            (one.id, f"{one.title or recordings.clock(one.seconds)} ({one.made_at:%Y-%m-%d})") for one in found if one.ended_at
        ]
        context["videos"] = [coming_view(one) for one in coming]
        context["upload_mb"] = self._settings.upload_limit // 1_000_000
        context["may_edit"] = Permission.WEBINAR_EDIT in staff_of(request).permissions
        return page(request, "admin/recordings.html", status=problem.status if problem else 200, **context)

    @needs(Permission.WEBINAR_EDIT)
    async def change(self, request: Request) -> Response:
        """Trim, chapters, publish or withdraw."""
        row = await self._own(request)
        values = await form(request, {"start", "end", "chapters", "do"})
        try:
            async with self._work.unit() as unit:
                one = await recordings.one(unit.session, row.id, request.path_params["recording"])
                # Whoever publishes right after writing chapters means them, too.
                if "chapters" in values:
                    recordings.change(
                        one, start=values.get("start", ""), end_at=values.get("end", ""), chapters=values["chapters"]
                    )
                if values.get("do") != "save":
                    recordings.publish(unit, row, one, on=values.get("do") == "publish")
        except Problem as problem:
            given = {**values, "id": request.path_params["recording"]}
            return await self._list(request, given, problem)
        return see_other(f"/admin/webinars/{row.id}/recordings?saved=1")

    @needs(Permission.WEBINAR_EDIT)
    async def captions(self, request: Request) -> Response:
        """Captions of one language from a file, or take them away."""
        row = await self._own(request)
        values, files = await upload(request, {"lang", "remove"}, {"file"})
        box = await self._vault.box(row.id)
        try:
            async with self._work.unit() as unit:
                one = await recordings.one(unit.session, row.id, request.path_params["recording"])
                if values.get("remove"):
                    await texts.take_away(unit, one, values["remove"])
                else:
                    await texts.put(unit, box, one, values.get("lang", ""), files.get("file", b""))
        except Problem as problem:
            if not wants_page(request):
                raise
            given = {"texts_of": request.path_params["recording"], "lang": values.get("lang", "")}
            return await self._list(request, given, problem)
        return see_other(f"/admin/webinars/{row.id}/recordings?saved=1")

    @needs(Permission.WEBINAR_EDIT)
    async def delete(self, request: Request) -> Response:
        """Delete for good."""
        row = await self._own(request)
        await form(request, set())
        async with self._work.unit() as unit:
            one = await recordings.one(unit.session, row.id, request.path_params["recording"])
            await clips.keep(unit.session, await webinars.one_of(unit.session, row.account_id, row.id), one)
            await recordings.delete(unit, self._shelf, one)
        self._tapes.forget(one.id)
        return see_other(f"/admin/webinars/{row.id}/recordings")

    @needs(Permission.WEBINAR_EDIT)
    async def choose(self, request: Request) -> Response:
        """What people see: the stage or a video."""
        row = await self._own(request)
        values = await form(request, {"source", "video", "days"})
        try:
            async with self._work.unit() as unit:
                room = await open_room(unit, self._vault, row.id)
                await scheduled.choose(room, values.get("source", ""), values.get("video", ""), values.get("days", ""))
        except Problem as problem:
            return await self._list(request, {**values, "id": "plays"}, problem)
        return see_other(f"/admin/webinars/{row.id}/recordings?saved=1")

    @needs(Permission.WEBINAR_EDIT)
    async def download(self, request: Request) -> Response:
        """The recording as one file, made as it is sent."""
        row = await self._own(request)
        async with self._work.read() as session:
            one = await recordings.one(session, row.id, request.path_params["recording"])
        tape = await self._tapes.of(one)
        name = f"{row.slug}-{one.made_at:%Y-%m-%d}.mp4"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(threaded(replay.download(tape, one.start, one.end)), 200, headers, "video/mp4")

    async def watch(self, request: Request) -> Response:
        """The replay: picture, chapters and chat in step, behind the same door as the room."""
        row = await self._entered(request)
        if isinstance(row, Response):
            return row
        async with self._work.read() as session:
            found = await recordings.published(session, row.id)
        if not found:
            raise Problem("replay.none", "There is nothing to watch again yet.", status=404)
        takes = [view(one) for one in found]
        boot = {"takes": takes, "replay": f"/w/{row.slug}/replay/", "chat": row.chat_mode == "stored"}
        return page(request, "rooms/replay.html", webinar=row, takes=takes, boot=boot)

    async def chat(self, request: Request) -> Response:
        """What was said in public, with its place in the recording in seconds."""
        row = await self._entered(request)
        if isinstance(row, Response):
            return row
        async with self._work.read() as session:
            one = await recordings.one(session, row.id, request.path_params["recording"])
            query = select(Message).where(Message.webinar_id == row.id, Message.lane == "audience", Message.state == "visible")
            messages = list((await session.execute(query.order_by(Message.at).limit(MOST_LINES))).scalars())
        if not one.published or row.chat_mode != "stored":
            raise not_found("recording")
        tape = await self._tapes.of(one)
        boxes = await self._vault.boxes_of(row.id, {message.person for message in messages})
        lines = []
        for message in messages:
            at = message.at.timestamp() - EPOCH - tape.zero - one.start
            box = boxes.get(message.person)
            if box is not None and 0 <= at <= (one.end or tape.seconds) - one.start:
                name, text = open_message(message, box)
                lines.append({"at": round(at, 1), "name": name, "text": text})
        return _json(lines)

    async def polls(self, request: Request) -> Response:
        """What everybody was asked, and what everybody may know of the answers, with its place in the recording."""
        row = await self._entered(request)
        if isinstance(row, Response):
            return row
        async with self._work.read() as session:
            one = await recordings.one(session, row.id, request.path_params["recording"])
            if not one.published:
                raise not_found("recording")
            tape = await self._tapes.of(one)
            return _json(await replay_polls.in_step(session, self._vault, one, tape.zero, tape.seconds))

    async def bytes(self, request: Request) -> Response:
        """Playlists, headers and segments; the path is the same for everybody and changes when it is withdrawn."""
        async with self._work.read() as session:
            one = await recordings.by_token(session, request.path_params["token"])
            row = await session.get(Webinar, one.webinar_id)
        who = request.state.staff
        crew = isinstance(who, Current) and row is not None and who.account_id == row.account_id
        if row is None or row.data_state in ("purging", "purged") or not (one.published or crew):
            raise not_found("recording")
        return await self._bytes(request, one, whole=crew and "whole" in request.query_params)

    async def on_demand(self, request: Request) -> Response:
        """The same for a webinar that is watched whenever one likes, while it is open; the path changes when it is opened again."""
        token = request.path_params["token"]
        async with self._work.read() as session:
            query = select(Webinar).where(or_(Webinar.hls_token == token, Webinar.crew_token == token))
            row = (await session.execute(query)).scalar_one_or_none()
            one = await scheduled.playing(session, row) if row is not None and row.source == "ondemand" else None
        if row is None or one is None or row.broadcast != "live" or row.data_state in ("purging", "purged"):
            raise not_found("recording")
        if request.path_params["name"] == "chapters.json":
            return _json(view(one)["marks"])
        return await self._bytes(request, one)

    async def _bytes(self, request: Request, one: Recording, *, whole: bool = False) -> Response:
        name = request.path_params["name"]
        headers = {"Cache-Control": "private, no-store"}
        tape = await self._tapes.of(one)
        if name == "main.m3u8":
            async with self._work.read() as session:
                spoken = [(code, languages.own_name(code)) for code in await texts.languages(session, one)]
            return Response(replay.master(tape, one.start, one.end, spoken), 200, headers, "application/vnd.apple.mpegurl")
        if (captions := _CAPTIONS.fullmatch(name)) is not None:
            return await self._captions(one, tape, captions[1], whole=captions[2] == "vtt", headers=headers)
        if name in ("video.m3u8", "audio.m3u8"):
            start, end = (0.0, None) if whole else (one.start, one.end)
            text = replay.media(tape, name[:5], start, end)
            return Response(text, 200, headers, "application/vnd.apple.mpegurl")
        match = _NAME.fullmatch(name)
        if match is None:
            raise not_found("recording")
        data = await asyncio.to_thread(replay.piece, tape, match[1], int(match[2]), header=match[3] == "mp4")
        if data is None:
            raise not_found("recording")
        headers = {"Cache-Control": "private, max-age=600"}
        return Response(data, 200, headers, "video/mp4" if match[3] == "mp4" else "video/iso.segment")

    async def _captions(self, one: Recording, tape: Tape, lang: str, *, whole: bool, headers: dict[str, str]) -> Response:
        if not whole:
            return Response(replay.captions(tape, lang, one.start, one.end), 200, headers, "application/vnd.apple.mpegurl")
        box = await self._vault.box(one.webinar_id)
        async with self._work.read() as session:
            cues = await texts.cues(session, box, one, lang, tape.zero)
        return Response(subtitles.write(cues, tape.zero), 200, headers, "text/vtt")

    async def _measured(self, one: Recording) -> None:
        """How long one is whose end nobody wrote down, because the process that made it was killed."""
        if one.ended_at is None:
            try:
                one.seconds = (await self._tapes.of(one)).seconds
            except Problem:
                one.seconds = 0.0

    async def _own(self, request: Request) -> Webinar:
        async with self._work.read() as session:
            return await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])

    async def _entered(self, request: Request) -> Webinar | Response:
        row = await webinar_by_slug(self._work, request.path_params["slug"])
        who = request.state.staff
        if isinstance(who, Current) and who.account_id == row.account_id:
            return row
        if row.publication not in webinars.OPEN_TO_ALL:
            raise not_found("webinar")
        found = await self._door.enter(row, request.query_params.get("seat"))
        return RedirectResponse(found.path, 303) if isinstance(found, Closed) else row


def named(row: RecordingText) -> dict[str, Any]:
    """Captions as pages see them."""
    return {"id": row.id, "name": languages.own_name(row.lang), "lang": row.lang, "count": row.count}


def view(row: Recording) -> dict[str, Any]:
    """A recording as pages see it."""
    last = row.end if row.end is not None else row.seconds
    return {
        "id": row.id,
        "address": f"/replay/{row.token}/main.m3u8",
        "title": row.title,
        "made_at": row.made_at.isoformat(),
        "length": recordings.clock(max(0.0, last - row.start)),
        "whole": recordings.clock(row.seconds),
        "megabytes": round(row.size / 1_000_000),
        "under_way": row.ended_at is None,
        "published": row.published,
        "start": recordings.clock(row.start) if row.start else "",
        "end": recordings.clock(row.end) if row.end is not None else "",
        "chapters": recordings.chapters_text(row),
        "marks": [{"at": float(str(one["at"])) - row.start, "title": one["title"]} for one in row.chapters],
    }


def coming_view(row: Video) -> dict[str, Any]:
    """A video that is not ready, as the page sees it."""
    return {
        "id": row.id,
        "title": row.title,
        "state": row.state,
        "percent": row.percent,
        "megabytes": round(row.size / 1_000_000),
        "problem": videos.PROBLEMS.get(row.problem, ""),
    }


def _json(content: object) -> Response:
    return Response(msgspec.json.encode(content), 200, {"Cache-Control": "no-store"}, "application/json")
