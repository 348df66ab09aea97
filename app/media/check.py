"""Network test before going live: a short WHIP session of its own. What arrives is counted by the sender's browser and thrown away here."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from app.core.errors import Problem
from app.media.directory import PublishSeat
from app.media.rtc.network import Network
from app.media.session import PublishSession
from app.media.transcode import Pool

LONGEST = 20.0
"""Seconds a test may take, with the time to connect."""
MOST = 6
"""Tests at once: each may send as much as a presenter."""


class Checks:
    """The tests that run now; one for each seat."""

    def __init__(self, network: Network, pool: Pool) -> None:
        self._network = network
        self._pool = pool
        self._running: dict[PublishSeat, PublishSession] = {}

    async def begin(self, seat: PublishSeat, offer: str) -> Response:
        """Answer the offer; a test of the same seat that still runs ends."""
        if (before := self._running.pop(seat, None)) is not None:
            await before.close()
        if len(self._running) >= MOST:
            raise Problem("checks.full", "Others test their network just now. Try again in a moment.", status=503, retry_after=10)
        session = self._running[seat] = PublishSession(seat.seat, self._network, self._pool)
        try:
            answer = await session.answer(offer, convert=False)
        except BaseException:
            self._running.pop(seat, None)
            raise
        session.on_closed = lambda: self._gone(seat, session)
        asyncio.get_running_loop().call_later(LONGEST, session.end)
        headers = {"Location": f"/whip/{seat.webinar_id}/{session.id}", "Cache-Control": "no-store"}
        return Response(answer, 201, headers, "application/sdp")

    async def end(self, seat: PublishSeat, session_id: str) -> bool:
        """End this test; False when it is none of the seat's."""
        session = self._running.get(seat)
        if session is None or session.id != session_id:
            return False
        await session.close()
        return True

    async def close(self) -> None:
        """End all."""
        for session in list(self._running.values()):
            await session.close()

    def _gone(self, seat: PublishSeat, session: PublishSession) -> None:
        if self._running.get(seat) is session:
            del self._running[seat]
