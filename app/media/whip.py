"""WHIP (RFC 9725): presenters send from the studio, OBS or any other client."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import Problem
from app.media.check import Checks
from app.media.directory import Broadcast, PublishSeat
from app.media.http import bearer_of, body_of, unauthorized
from app.media.session import PublishSession
from app.media.stage import Stage, Studio

MOST_SENDERS = 12
FRAGMENT = "application/trickle-ice-sdpfrag"


class Whip:
    """The endpoints."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.checks = Checks(studio.network, studio.pool)

    async def post(self, request: Request) -> Response:
        """Begin to send."""
        seat = await self._seat(request)
        webinar_id = seat.webinar_id
        offer = await body_of(request, "application/sdp")
        if "check" in request.query_params:
            return await self.checks.begin(seat, offer)
        stage = await self.studio.stage(webinar_id)
        if stage.state == Broadcast.ENDED and not stage.sessions:
            # It may have been opened again since the stage last asked.
            stage.follow(await self.studio.directory.plan(webinar_id, anew=True))
        if stage.state == Broadcast.ENDED and not stage.sessions:
            raise Problem("webinar.ended", "This webinar has ended.", status=409)
        if len(stage.sessions) >= MOST_SENDERS:
            raise Problem("stage.full", "The stage is full.", status=503, retry_after=10)
        session = PublishSession(seat.seat, self.studio.network, self.studio.pool, backup=seat.backup)
        answer = await session.answer(offer)
        stage.join(session)
        headers = {
            "Location": f"/whip/{webinar_id}/{session.id}",
            "ETag": f'"{session.etag}"',
            "Accept-Patch": FRAGMENT,
            "Lectern-Video": session.video,
            "Cache-Control": "no-store",
        }
        return Response(answer, 201, headers, "application/sdp")

    async def options(self, request: Request) -> Response:
        """Say what is taken (RFC 9725 section 4.2)."""
        return Response(status_code=204, headers={"Accept-Post": "application/sdp", "Allow": "POST, OPTIONS"})

    async def patch(self, request: Request) -> Response:
        """Candidates that come late (RFC 9725 section 4.3.1), or an ICE restart (4.3.3)."""
        _, session = await self._session(request)
        tag = request.headers.get("if-match")
        if tag is None:
            raise Problem("etag.needed", "Send If-Match.", status=428)
        fragment = await body_of(request, FRAGMENT)
        known = credentials(fragment)
        if known is None:
            raise Problem("sdp.invalid", "The fragment lacks ice-ufrag and ice-pwd.", status=400)
        if tag != "*" and tag.strip('"') != session.etag:
            raise Problem("etag.stale", "The session has changed since.", status=412)
        if known[0] != session.peer.remote_user:
            return await self._restart(session, known, fragment)
        if tag == "*":
            raise Problem("ice.same", "A restart needs a new ice-ufrag and ice-pwd.", status=422)
        await session.peer.reach(fragment)
        return Response(status_code=204)

    async def _restart(self, session: PublishSession, known: tuple[str, str], fragment: str) -> Response:
        if not session.connected:
            raise Problem("ice.early", "The session is not connected yet, so there is nothing to restart.", status=409)
        answer = await session.restart(*known, fragment)
        headers = {"ETag": f'"{session.etag}"', "Cache-Control": "no-store"}
        return Response(answer, 200, headers, FRAGMENT)

    async def delete(self, request: Request) -> Response:
        """Stop sending."""
        seat = await self._seat(request)
        if await self.checks.end(seat, request.path_params["session"]):
            return Response(status_code=200)
        _, session = await self._session(request)
        await session.close()
        return Response(status_code=200)

    async def _seat(self, request: Request) -> PublishSeat:
        seat = await self.studio.directory.publish_seat(bearer_of(request))
        if seat is None or seat.webinar_id != request.path_params["webinar"]:
            raise unauthorized()
        return seat

    async def _session(self, request: Request) -> tuple[Stage, PublishSession]:
        seat = await self._seat(request)
        stage = self.studio.stages.get(seat.webinar_id)
        session = stage.sessions.get(request.path_params["session"]) if stage is not None else None
        if stage is None or session is None or (session.seat, session.backup) != (seat.seat, seat.backup):
            raise Problem("session.unknown", "There is no such session any more.", status=404)
        return stage, session


def credentials(fragment: str) -> tuple[str, str] | None:
    """Username fragment and password of an SDP fragment (RFC 8840 section 9)."""
    user = re.search(r"^a=ice-ufrag:([A-Za-z0-9+/]{4,256})\r?$", fragment, re.MULTILINE)
    password = re.search(r"^a=ice-pwd:([A-Za-z0-9+/]{22,256})\r?$", fragment, re.MULTILINE)
    return (user[1], password[1]) if user and password else None
