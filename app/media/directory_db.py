"""The directory of the real product: seats from signed stage tokens, streams and states from the webinar's row."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

import app.accounts.models  # noqa: F401 - the webinar's row belongs to an account's, and this process writes
from app.accounts.staff import roles_of
from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Problem
from app.core.permissions import Permission, permissions_of
from app.core.tokens import Tokens
from app.core.unit import Work
from app.media import languages, presenters, recordings, scheduled
from app.media.directory import Broadcast, Lane, Line, Placed, Plan, Playing, Publisher, PublishSeat, StreamRef
from app.media.models import Language, Presenter, StageRow
from app.media.models_captions import Caption
from app.media.models_recordings import Recording
from app.media.recorder import Keeper
from app.media.tape import Tape, TapeWriter
from app.media.timeline import place_of
from app.privacy.files import Shelf
from app.privacy.keystore import KeyDestroyed
from app.privacy.vault import SealBroken, Vault
from app.rooms.models import Webinar
from app.rooms.room import Room, open_room
from app.rooms.seats import Seats
from app.settings import Settings

log = logging.getLogger("lectern.media")

FRESH = 0.4
"""Seconds an answer of the database is used again: hundreds of players ask the same every third of a second."""
MOST_KEPT = 2000
MOST_LINES = 200


class DatabaseDirectory:
    """Reads what the crew decided; writes who is connected, which the crew's pages show within a second."""

    def __init__(self, settings: Settings, database: Database, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._work = Work(database, self._clock)
        self._seats = Seats(Tokens(settings.secret), self._work)
        self._streams: dict[str, tuple[float, StreamRef | None]] = {}
        self._states: dict[str, tuple[float, Broadcast]] = {}
        self._vault = Vault(settings)
        self._shelf = Shelf(settings.data_dir)
        self._names: dict[tuple[str, str], tuple[str, str]] = {}
        """Names and languages of who sends, from their tokens, until they are written down."""
        self._marks: dict[str, dict[str, str]] = {}
        """Webinar → seat → mark of the staff session its newest token came from."""

    async def publish_seat(self, bearer: str) -> PublishSeat | None:
        """A stage token's seat, while its webinar is there."""
        known = self._seats.read_stage(bearer)
        if known is None:
            return None
        async with self._work.read() as session:
            row = await session.get(Webinar, known.webinar)
            if row is None or row.data_state in ("purging", "purged") or await _removed(session, known.webinar, known.person):
                return None
            if known.language and await session.get(Language, known.language) is None:
                return None
            if known.session and not await _publishing(session, {known.session}):
                return None
        if len(self._names) >= MOST_KEPT:
            self._names.clear()
        self._names[known.webinar, known.person] = (known.name, known.language)
        if known.session:
            self._marks.setdefault(known.webinar, {})[known.person] = known.session
        return PublishSeat(known.webinar, known.person, known.backup)

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

    async def plan(self, webinar_id: str, *, anew: bool = False) -> Plan:
        """By the rows of webinar, stage and presenters."""
        async with self._work.read() as session:
            row = await session.get(Webinar, webinar_id)
            if row is None or row.data_state in ("purging", "purged"):
                return Plan(Broadcast.ENDED, gone=True)
            stage = await session.get(StageRow, webinar_id)
            query = select(Presenter).where(Presenter.webinar_id == webinar_id)
            everybody = list((await session.execute(query)).scalars())
            spoken = {one.id: one.code for one in await languages.of_webinar(session, webinar_id)}
            ended = await self._ended(session, webinar_id)
            playing = await _playing(session, row, stage)
        screens = {one.person for one in everybody if one.sort == "screen" and not one.removed}
        chosen = next((one.person for one in everybody if stage is not None and one.id == stage.chosen), None)
        return Plan(
            state=Broadcast(row.broadcast),
            title=row.title,
            seats={
                one.person: Placed(
                    one.on_stage,
                    one.muted,
                    spoken.get(one.language or "", ""),
                    screen if (screen := presenters.screen_of(webinar_id, one.person)) in screens else "",
                )
                for one in everybody
                if not one.removed
            },
            languages={code: languages.own_name(code) for code in spoken.values()},
            chosen=chosen,
            removed=frozenset(one.person for one in everybody if one.removed) | ended,
            breaks=stage.breaks if stage is not None else 0,
            recording=row.recording,
            layout=stage.layout if stage is not None else "single",
            rewind=row.rewind,
            playing=playing,
            ladder=row.ladder,
        )

    async def _ended(self, session: AsyncSession, webinar_id: str) -> frozenset[str]:
        """Seats whose staff signed out, was removed, or may not publish any more: what they send ends at once."""
        marks = self._marks.get(webinar_id)
        if not marks:
            return frozenset()
        good = await _publishing(session, set(marks.values()))
        return frozenset(seat for seat, mark in marks.items() if mark not in good)

    async def lines(self, webinar_id: str, after: int) -> list[Line]:
        """Opened; none when the webinar is erased."""
        query = select(Caption).where(Caption.webinar_id == webinar_id, Caption.seq > after)
        async with self._work.read() as session:
            rows = list((await session.execute(query.order_by(Caption.seq.desc()).limit(MOST_LINES))).scalars())[::-1]
        if not rows:
            return []
        try:
            box = await self._vault.box(webinar_id)
        except KeyDestroyed:
            return []
        return [Line(row.seq, row.lang, box.open_text(row.text, f"caption.text|{row.id}"), place_of(row.at)) for row in rows]

    async def record(self, webinar_id: str) -> Keeper | None:
        """A row, and a sealed file."""
        try:
            async with self._work.unit() as unit:
                return await recordings.begin(unit, self._vault, self._shelf, webinar_id)
        except KeyDestroyed:
            return None  # Erased meanwhile.

    async def tape(self, webinar_id: str, video: str) -> Tape | None:
        """From its sealed file."""
        try:
            box = await self._vault.things_box(webinar_id)
            return await asyncio.to_thread(Tape, self._shelf.things(webinar_id), box, video)
        except (OSError, SealBroken, KeyDestroyed):
            log.warning("webinar %s has no video to play", webinar_id)
            return None

    async def recorded(self, webinar_id: str, keeper: Keeper) -> None:
        """Written down."""
        if isinstance(keeper, TapeWriter):
            async with self._work.unit() as unit:
                await recordings.end(unit, keeper.id, keeper.seconds, keeper.size)

    async def presence(self, webinar_id: str, publishers: list[Publisher], breaks: int) -> None:
        """Written down; in the log by number only."""
        log.info("webinar %s has %d sending", webinar_id, len(publishers))
        async with self._work.unit() as unit:
            try:
                room = await open_room(unit, self._vault, webinar_id)
            except Problem:
                return  # Erased meanwhile.
            for one in publishers:
                if (known := self._names.pop((webinar_id, one.seat), None)) is not None:
                    name, language = known
                    sort = "interpreter" if language else "crew"
                    with contextlib.suppress(Problem):  # Erased meanwhile, or the stage is full.
                        await presenters.enter(room, one.seat, name, sort, language or None)
            await presenters.connected(room, {one.seat: one for one in publishers})
            await _count(room, breaks)


async def _playing(session: AsyncSession, row: Webinar, stage: StageRow | None) -> Playing | None:
    """The video that is shown to all at the same time, and since when."""
    if stage is not None and stage.clip is not None and stage.clip_at is not None:
        clip = await session.get(Recording, stage.clip)
        return Playing(clip.id, place_of(stage.clip_at), clip.start, clip.end, over=True) if clip is not None else None
    if row.source != "simulive" or row.broadcast != "live" or row.live_since is None:
        return None
    video = await scheduled.playing(session, row)
    if video is None:
        return None
    return Playing(video.id, place_of(row.live_since) + scheduled.LEAD, video.start, video.end)


async def _removed(session: AsyncSession, webinar_id: str, person: str) -> bool:
    query = select(Presenter.removed).where(Presenter.webinar_id == webinar_id, Presenter.person == person)
    return bool((await session.execute(query)).scalar_one_or_none())


async def _count(room: Room, breaks: int) -> None:
    stage = await presenters.stage_of(room)
    stage.breaks = max(stage.breaks, breaks)


async def _publishing(session: AsyncSession, marks: set[str]) -> set[str]:
    """Of these staff sessions those that go on and may publish."""
    roles = await roles_of(session, marks)
    return {mark for mark, role in roles.items() if Permission.STAGE_PUBLISH in permissions_of(role)}
