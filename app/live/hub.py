"""The rooms of this process: hands every change to its sockets, in the order of the room's sequence, encoded once per lane.

Room numbers have no holes. A change that does not follow the last one means that something was missed, here or on the way, and the
hub asks the database for what it lacks; so does a poll of the numbers every second, which finds what no broker told. Changes that
come close together travel as one frame: an idle room sends at once, a busy one every ``TICK`` seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import structlog

from app.core.clock import Clock
from app.core.errors import Problem
from app.live.broker import Broker
from app.live.change import Change, Kick, Seen, State, StateSource
from app.live.connection import Connection
from app.live.local_room import LANES, LocalRoom
from app.live.wire import text_frame
from app.protocol import frames
from app.protocol.codes import Close

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
BEAT_POLLS = 10
EVERYWHERE = "*"
"""The room name that every process listens to: kicks of staff sessions."""

_Message = Change | Kick
_decode = msgspec.msgpack.Decoder(_Message).decode


class Hub:
    """All rooms with sockets on this process."""

    def __init__(self, source: StateSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._rooms: dict[str, LocalRoom] = {}
        self._broker: Broker | None = None
        self._opening: dict[str, asyncio.Lock] = {}
        self._refreshing: set[asyncio.Future[None]] = set()

    def attach(self, broker: Broker) -> None:
        """Use ``broker``; its listener is :meth:`heard`."""
        self._broker = broker

    @property
    def sockets(self) -> int:
        """Open sockets on this process."""
        return sum(len(room.sockets(lane)) for room in self._rooms.values() for lane in LANES)

    @property
    def rooms(self) -> int:
        """Rooms this process keeps informed."""
        return len(self._rooms)

    async def announced(self, announcements: Sequence[object]) -> None:
        """Sink of the unit of work: publish what concerns rooms."""
        broker = self._need_broker()
        for event in announcements:
            if isinstance(event, Change | Kick):
                room = EVERYWHERE if isinstance(event, Kick) and event.session else event.webinar_id
                await broker.publish(room, msgspec.msgpack.encode(event))

    async def heard(self, _room: str, message: bytes) -> None:
        """Listener of the broker."""
        event = _decode(message)
        if isinstance(event, Kick):
            self._kick(event)
            return
        room = self._rooms.get(event.webinar_id)
        if room is None:
            return
        if event.epoch != room.epoch or not room.accept(event):
            await self._try_catch_up(room)

    async def join(self, connection: Connection, seen: Seen | None) -> None:
        """Welcome a socket and keep it informed from exactly there on."""
        seat = connection.seat
        room = await self._open(seat.webinar_id)
        state = await self._fitting_state(room, seat.lane, seen)
        you = frames.You(id=seat.person, role=seat.role, name=seat.name, lane=seat.lane)
        welcome = frames.Welcome(
            you=you,
            permissions=sorted(seat.permissions),
            epoch=state.epoch,
            seq=min(state.seq, room.seq),
            now=int(self._clock.now().timestamp() * 1000),
            state=frames.state_body(state.full, state.set, state.gone),
        )
        # No await between reading the room's number and joining, or a change could slip through between them.
        connection.write(msgspec.json.encode(welcome))
        room.add(connection)
        connection.write(room.tick_bytes())

    def leave(self, connection: Connection) -> None:
        """The socket is gone."""
        room = self._rooms.get(connection.seat.webinar_id)
        if room is not None:
            room.discard(connection)

    async def sync(self, connection: Connection, seen: Seen | None) -> None:
        """Send a socket what it lacks."""
        room = await self._open(connection.seat.webinar_id)
        state = await self._fitting_state(room, connection.seat.lane, seen)
        body = frames.state_body(state.full, state.set, state.gone)
        connection.write(msgspec.json.encode(frames.StateFrame(state.epoch, min(state.seq, room.seq), body)))

    async def run(self) -> None:
        """Poll, beat and tick until cancelled."""
        await self._need_broker().listen(EVERYWHERE)
        polls = 0
        while True:
            await asyncio.sleep(POLL_SECONDS)
            polls += 1
            try:
                await self._poll(beat=polls % BEAT_POLLS == 0)
            except Exception:
                log.exception("hub.poll")

    def close_all(self, code: int) -> None:
        """Tell every socket to come back elsewhere."""
        for room in self._rooms.values():
            for connection in room.everyone():
                connection.close(code, "restart")

    async def _open(self, webinar_id: str) -> LocalRoom:
        room = self._rooms.get(webinar_id)
        if room is not None and room.everyone():
            return room
        async with self._opening.setdefault(webinar_id, asyncio.Lock()):
            # Listen first, then read the number: what is committed in between is heard.
            await self._need_broker().listen(webinar_id)
            numbers = await self._source.seqs([webinar_id])
            if webinar_id not in numbers:
                raise Problem("webinar.unknown", "There is no webinar at this address.", status=404)
            room = self._rooms.get(webinar_id)
            if room is None:
                room = self._rooms[webinar_id] = LocalRoom(webinar_id, *numbers[webinar_id])
            elif numbers[webinar_id] != (room.epoch, room.seq):
                # Nobody was here, so nobody polled: what is kept may have been erased meanwhile.
                await self._catch_up(room)
        return room

    async def _fitting_state(self, room: LocalRoom, lane: str, seen: Seen | None) -> State:
        """A state that is not older than what the lane was already sent."""
        key = (lane, seen.epoch, seen.seq) if seen and seen.epoch == room.epoch else (lane, "", 0)
        while True:
            state = room.cached(key)
            if state is None:
                since = seen if key[1] else None
                state = await self._read(room, key, lane, since)
                if state.epoch != room.epoch:
                    # What is remembered belongs to the old epoch and must not be said again.
                    await self._catch_up(room)
                    continue
                state = room.with_memory(state, lane, since)
                room.cache(key, state)
            if state.seq >= room.sent(lane):
                return state

    async def _read(self, room: LocalRoom, key: tuple[str, str, int], lane: str, since: Seen | None) -> State:
        """Ask the database once for all who ask the same at the same time: a thousand joiners cost one query."""
        reading = room.reading.get(key)
        if reading is None:
            reading = room.reading[key] = asyncio.ensure_future(self._source.state(room.id, lane, None, since))
            reading.add_done_callback(lambda _done: room.reading.pop(key, None))
        return await asyncio.shield(reading)

    async def _try_catch_up(self, room: LocalRoom) -> None:
        """Catch up; the next poll tries again if the database does not answer. Whoever announced is not to blame."""
        try:
            await self._catch_up(room)
        except Exception:
            log.exception("hub.catch_up", room=room.id)

    async def _catch_up(self, room: LocalRoom) -> None:
        async with room.catching_up:
            since = Seen(room.epoch, room.seq)
            for lane in LANES:
                state = await self._source.state(room.id, lane, None, since)
                if state.epoch != room.epoch or state.full:
                    self._refresh(room, state)
                    return
                room.fill(lane, state)
            room.filled()

    def _refresh(self, room: LocalRoom, state: State) -> None:
        """Everything before must be forgotten: everybody takes a fresh copy."""
        room.restart(state.epoch, state.seq)
        for connection in room.everyone():
            refresh = asyncio.ensure_future(self.sync(connection, None))
            self._refreshing.add(refresh)
            refresh.add_done_callback(self._refreshing.discard)

    def _kick(self, kick: Kick) -> None:
        rooms = list(self._rooms.values()) if kick.session else [r for r in (self._rooms.get(kick.webinar_id),) if r]
        for room in rooms:
            if kick.everyone or kick.code == Close.ERASED:
                room.forget(kick.person)
            for connection in room.everyone():
                seat = connection.seat
                hit = (
                    kick.everyone
                    or (kick.person and seat.person == kick.person)
                    or (kick.session and seat.session == kick.session)
                )
                if hit:
                    connection.close(kick.code, Close(kick.code).name.lower())

    async def _poll(self, *, beat: bool) -> None:
        rooms = [room for room in self._rooms.values() if room.everyone()]
        for room in [room for room in self._rooms.values() if not room.everyone()]:
            if room.idle():
                del self._rooms[room.id]
                await self._need_broker().leave(room.id)
        if not rooms:
            return
        numbers = await self._source.seqs([room.id for room in rooms])
        for room in rooms:
            if room.id not in numbers:
                self._kick(Kick(webinar_id=room.id, code=Close.GONE, everyone=True))
                continue
            epoch, seq = numbers[room.id]
            if room.behind(epoch, seq):
                await self._try_catch_up(room)
            watching = await self._need_broker().count(room.id, len(room.sockets("audience")))
            self._tick(room, watching, beat)

    def _tick(self, room: LocalRoom, watching: int, beat: bool) -> None:
        changed, room.watching = room.watching != watching, watching
        for lane in LANES:
            # The lane's own number: what only the crew was told must not send the whole audience asking for it.
            payloads = [room.tick_bytes()] if changed else []
            payloads += [msgspec.json.encode(frames.Beat(room.epoch, room.sent(lane)))] if beat else []
            for payload in payloads:
                frame = text_frame(payload)
                for connection in list(room.sockets(lane)):
                    connection.write_frame(frame, payload)

    def _need_broker(self) -> Broker:
        if self._broker is None:
            raise RuntimeError("the hub has no broker yet")
        return self._broker
