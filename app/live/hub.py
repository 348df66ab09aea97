"""The rooms of this process: hands every change to its sockets, in the order of the room's sequence, encoded once per lane.

Room numbers have no holes. A change that does not follow the last one means that something was missed, here or on the way, and the
hub asks the database for what it lacks; so does a poll of the numbers every second, which finds what no broker told.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections import OrderedDict
from collections.abc import Callable, Sequence

import msgspec
import structlog

from app.core.clock import Clock
from app.core.errors import Problem
from app.core.ids import new_id
from app.live.answers import Again, Answers
from app.live.broker import Broker
from app.live.change import Change, Kick, SeatChange, SeatReview, Seen, Signal, StateSource
from app.live.connection import Connection
from app.live.copies import Copies, Copy
from app.live.local_room import LANES, LocalRoom
from app.live.seat import Seat
from app.live.sweep import Roll, fastest
from app.protocol import frames
from app.protocol.codes import Close

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
BEAT_POLLS = 10
COUNT_SECONDS = 2.0
REVOKED_KEPT = 10_000
EVERYWHERE = "*"
"""The room name that every process listens to: what is not about one room."""

_Message = Change | Kick | SeatChange | Signal
_MESSAGES = (Change, Kick, SeatChange, Signal)
_decode = msgspec.msgpack.Decoder(list[_Message]).decode


class Hub:
    """All rooms with sockets on this process."""

    def __init__(
        self,
        source: StateSource,
        clock: Clock,
        answers: Answers | None = None,
        review: SeatReview | None = None,
        erasures: Callable[[], int] = lambda: 0,
    ) -> None:
        self._source = source
        self._copies = Copies(source, erasures)
        self._clock = clock
        self._answers = answers or Answers(clock)
        self._review = review
        self._roll = functools.partial(Roll, fastest())
        self._rooms: dict[str, LocalRoom] = {}
        self._broker: Broker | None = None
        self._opening: dict[str, asyncio.Lock] = {}
        self._background: set[asyncio.Future[None]] = set()
        self._revoked: OrderedDict[str, None] = OrderedDict()
        self._counting: asyncio.Future[None] | None = None
        self._process = new_id()
        self._said: tuple[bytes, list[_Message]] = (b"", [])

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

    def present(self) -> dict[str, list[str]]:
        """Who is in the audience of each room of this process, once for each socket."""
        return {room.id: room.viewers() for room in self._rooms.values()}

    async def announced(self, announcements: Sequence[object]) -> None:
        """Sink of the unit of work: publish what concerns rooms or every process."""
        broker = self._need_broker()
        # What one commit says to a room goes in one message.
        for room, about in itertools.groupby((one for one in announcements if isinstance(one, _MESSAGES)), _whither):
            events = list(about)
            message = msgspec.msgpack.encode(events)
            self._said = (message, events)
            await broker.publish(room, message)

    async def heard(self, _room: str, message: bytes) -> None:
        """Listener of the broker."""
        said, events = self._said
        # What this process said comes back to it as the very same bytes, and need not be read again.
        for event in events if message is said else _decode(message):
            if isinstance(event, Change):
                await self._changed(event)
            elif isinstance(event, Kick):
                self._kick(event)
            elif isinstance(event, Signal):
                self._signal(event)
            else:
                self._reseat(event)

    async def join(self, connection: Connection, seen: Seen | None) -> None:
        """Welcome a socket and keep it informed from exactly there on."""
        seat = connection.seat
        room = await self._open(seat.webinar_id)
        copy = await self._copies.copy_for(room, seat, seen)
        if seat.session in self._revoked:
            # Between the ticket and now. The session never comes back, so the ticket is worth nothing.
            connection.close(Close.REVOKED, "revoked")
            return
        # No await between reading the room's number and joining, or a change could slip through between them.
        first = [msgspec.json.encode(self._welcome(room, seat, copy))]
        if seen and not copy.full and (gone := room.forgotten_since(seen.seq)):
            at = min(copy.seq, room.seq)
            first.append(frames.change(at, at, [], gone))
        room.add(connection)
        connection.write(*first, room.tick_bytes(crew=seat.lane == "crew"))

    def leave(self, connection: Connection) -> None:
        """The socket is gone."""
        room = self._rooms.get(connection.seat.webinar_id)
        if room is not None:
            room.discard(connection)

    async def sync(self, connection: Connection, seen: Seen | None) -> None:
        """Send a socket what it lacks."""
        room = await self._open(connection.seat.webinar_id)
        copy = await self._copies.copy_for(room, connection.seat, seen)
        connection.write(msgspec.json.encode(frames.StateFrame(copy.epoch, min(copy.seq, room.seq), copy.body)))

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

    def _welcome(self, room: LocalRoom, seat: Seat, copy: Copy) -> frames.Welcome:
        return frames.Welcome(
            you=frames.You(id=seat.person, role=seat.role, name=seat.name, lane=seat.lane),
            permissions=sorted(seat.permissions),
            epoch=copy.epoch,
            seq=min(copy.seq, room.seq),
            now=int(self._clock.now().timestamp() * 1000),
            state=copy.body,
        )

    async def _open(self, webinar_id: str) -> LocalRoom:
        room = self._rooms.get(webinar_id)
        if room is not None and not room.empty:
            return room
        async with self._opening.setdefault(webinar_id, asyncio.Lock()):
            # Listen first, then read the number: what is committed in between is heard.
            await self._need_broker().listen(webinar_id)
            numbers = await self._source.seqs([webinar_id])
            if webinar_id not in numbers:
                raise Problem("webinar.unknown", "There is no webinar at this address.", status=404)
            room = self._rooms.get(webinar_id)
            if room is None:
                owners = await self._source.owners(webinar_id)
                room = self._rooms[webinar_id] = LocalRoom(webinar_id, *numbers[webinar_id], self._roll)
                room.owners = dict.fromkeys(owners, 0)
            elif numbers[webinar_id] != (room.epoch, room.seq):
                # Nobody was here, so nobody polled: what is kept may have been erased meanwhile.
                await self._catch_up(room)
        return room

    async def _changed(self, change: Change) -> None:
        if change.ref is not None:
            person, mark = change.ref
            self._answers.keep((change.webinar_id, person, mark), Again(change.seq))
        room = self._rooms.get(change.webinar_id)
        if room is not None and (change.epoch != room.epoch or not room.accept(change)):
            await self._catch_up(room)

    async def _catch_up(self, room: LocalRoom) -> None:
        """Catch up; the next poll tries again if the database does not answer. Whoever announced is not to blame."""
        try:
            afresh = await self._copies.catch_up(room)
        except Exception:
            log.exception("hub.catch_up", room=room.id)
            return
        if afresh:
            for connection in room.everyone():
                refresh = asyncio.ensure_future(self.sync(connection, None))
                self._background.add(refresh)
                refresh.add_done_callback(self._background.discard)

    def _kick(self, kick: Kick) -> None:
        if kick.session:
            self._revoked[kick.session] = None
            while len(self._revoked) > REVOKED_KEPT:
                self._revoked.popitem(last=False)
        if kick.everyone or kick.code == Close.ERASED:
            self._answers.forget(kick.webinar_id, None if kick.everyone else kick.person)
        rooms = list(self._rooms.values()) if kick.session else [r for r in (self._rooms.get(kick.webinar_id),) if r]
        for room in rooms:
            for connection in room.everyone():
                if _hit(kick, connection.seat):
                    connection.close(kick.code, Close(kick.code).name.lower())
            if kick.everyone or kick.code == Close.ERASED:
                room.forget(None if kick.everyone else kick.person)

    def _reseat(self, change: SeatChange) -> None:
        """Open sockets go on with another role; who is no longer of the crew leaves."""
        for room in self._rooms.values():
            if change.webinar_id not in ("", room.id):
                continue
            for connection in [one for one in room.sockets("crew") if one.seat.person == change.person]:
                if not change.permissions:
                    connection.close(Close.REVOKED, "revoked")
                    continue
                seat = msgspec.structs.replace(connection.seat, role=change.role, permissions=frozenset(change.permissions))
                connection.seat = seat
                same = Copy(room.epoch, room.sent("crew"), False, frames.state_body(False, [], []))
                connection.write(msgspec.json.encode(self._welcome(room, seat, same)))

    async def _poll(self, *, beat: bool) -> None:
        await self._say_crew(beat=beat)
        if self._need_broker().missed():
            await self._review_seats()
        await self._drop_idle()
        rooms = [room for room in self._rooms.values() if not room.empty]
        if not rooms:
            return
        numbers = await self._source.seqs([room.id for room in rooms])
        for room in rooms:
            if room.id not in numbers:
                self._kick(Kick(webinar_id=room.id, code=Close.GONE, everyone=True))
            elif room.behind(*numbers[room.id]):
                await self._catch_up(room)
            if beat:
                for lane in LANES:
                    # The lane's own number: what only the crew was told must not send the whole audience asking for it.
                    room.send_all(msgspec.json.encode(frames.Beat(room.epoch, room.sent(lane))), [lane])
        if self._counting is None or self._counting.done():
            # Beside the poll: a bridge that hangs must not keep rooms from catching up.
            self._counting = asyncio.ensure_future(self._count(rooms))

    def _signal(self, signal: Signal) -> None:
        room = self._rooms.get(signal.webinar_id)
        if room is None:
            return
        if signal.reactions:
            room.send_all(room.tick_bytes(reactions=signal.reactions))
        if signal.process and room.crew.hear(signal.process, signal.crew, self._clock.monotonic()):
            room.send_all(room.tick_bytes(crew=True), ("crew",))

    async def _say_crew(self, *, beat: bool) -> None:
        """Tell every process who of the crew is with us: at once when it changes, else with the beat."""
        for room in list(self._rooms.values()):
            here = room.crew_with_us()
            if here != room.crew_said or (beat and here):
                room.crew_said = here
                await self.announced([Signal(room.id, process=self._process, crew=here)])
            if room.crew.listen(self._clock.monotonic()):
                room.send_all(room.tick_bytes(crew=True), ("crew",))

    async def _review_seats(self) -> None:
        """The bridge was broken: rooms catch up by their numbers, but a word about a person has none."""
        if self._review is None:
            return
        seats = {connection.seat for room in self._rooms.values() for connection in room.everyone()}
        for event in await self._review(list(seats)):
            if isinstance(event, Kick):
                self._kick(event)
            else:
                self._reseat(event)

    async def _drop_idle(self) -> None:
        for room in [room for room in self._rooms.values() if room.empty]:
            if room.idle():
                del self._rooms[room.id]
                self._opening.pop(room.id, None)
                await self._need_broker().leave(room.id)

    async def _count(self, rooms: Sequence[LocalRoom]) -> None:
        for room in rooms:
            here = room.audience
            try:
                async with asyncio.timeout(COUNT_SECONDS):
                    watching = await self._need_broker().count(room.id, here)
            except TimeoutError:
                watching = here
            room.watching = watching
            if room.count_is_due():
                room.send_all(room.tick_bytes())

    def _need_broker(self) -> Broker:
        if self._broker is None:
            raise RuntimeError("the hub has no broker yet")
        return self._broker


def _whither(event: _Message) -> str:
    return EVERYWHERE if not event.webinar_id or (isinstance(event, Kick) and event.session) else event.webinar_id


def _hit(kick: Kick, seat: Seat) -> bool:
    return bool(kick.everyone or (kick.person and seat.person == kick.person) or (kick.session and seat.session == kick.session))
