"""The directory of the real product: seats from signed stage tokens, streams and states from the webinar's row."""

from __future__ import annotations

import logging

from sqlalchemy import or_, select

from app.core.clock import Clock
from app.core.db import Database
from app.core.tokens import Tokens
from app.core.unit import Work
from app.media.directory import Broadcast, Lane, Publisher, PublishSeat, StreamRef
from app.rooms.models import Webinar
from app.rooms.seats import Seats
from app.settings import Settings

log = logging.getLogger("lectern.media")

FRESH = 0.4
"""Seconds an answer of the database is used again: hundreds of players ask the same every third of a second."""
MOST_KEPT = 2000


class DatabaseDirectory:
    """Reads only. Who sends is told to crew by ``GET /whep/{webinar}``, not stored."""

    def __init__(self, settings: Settings, database: Database, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._work = Work(database, self._clock)
        self._seats = Seats(Tokens(settings.secret), self._work)
        self._streams: dict[str, tuple[float, StreamRef | None]] = {}
        self._states: dict[str, tuple[float, Broadcast]] = {}

    async def publish_seat(self, bearer: str) -> PublishSeat | None:
        """A stage token's seat, while its webinar is there."""
        known = self._seats.read_stage(bearer)
        if known is None:
            return None
        async with self._work.read() as session:
            row = await session.get(Webinar, known.webinar)
        if row is None or row.data_state in ("purging", "purged"):
            return None
        return PublishSeat(known.webinar, known.person)

    async def crew_seat(self, bearer: str) -> str | None:
        """Whoever may send may watch backstage."""
        seat = await self.publish_seat(bearer)
        return seat.webinar_id if seat is not None else None

    async def stream(self, token: str) -> StreamRef | None:
        """By the token in the path; remembered for a moment."""
        now = self._clock.monotonic()
        at, ref = self._streams.get(token, (-1.0, None))
        if at < 0 or now - at >= FRESH:
            ref = await self._read_stream(token)
            if len(self._streams) >= MOST_KEPT:
                self._streams.clear()
            self._streams[token] = (now, ref)
        return ref

    async def _read_stream(self, token: str) -> StreamRef | None:
        query = select(Webinar.id, Webinar.hls_token).where(
            or_(Webinar.hls_token == token, Webinar.crew_token == token), Webinar.data_state.not_in(("purging", "purged"))
        )
        async with self._work.read() as session:
            row = (await session.execute(query)).one_or_none()
        if row is None or not token:
            return None
        return StreamRef(row.id, Lane.AUDIENCE if row.hls_token == token else Lane.CREW)

    async def broadcast(self, webinar_id: str) -> Broadcast:
        """By the webinar's row; remembered for a moment."""
        now = self._clock.monotonic()
        known = self._states.get(webinar_id)
        if known is not None and now - known[0] < FRESH:
            return known[1]
        async with self._work.read() as session:
            row = (
                await session.execute(select(Webinar.broadcast, Webinar.data_state).where(Webinar.id == webinar_id))
            ).one_or_none()
        gone = row is None or row.data_state in ("purging", "purged")
        state = Broadcast.ENDED if row is None or gone else Broadcast(row.broadcast)
        if len(self._states) >= MOST_KEPT:
            self._states.clear()
        self._states[webinar_id] = (now, state)
        return state

    async def presence(self, webinar_id: str, publishers: list[Publisher]) -> None:
        """Said in the log by number only."""
        log.info("webinar %s has %d sending", webinar_id, len(publishers))
