"""One room on one process: its sockets by lane, how far each lane was told, and what waits for the next frame."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable

import msgspec

from app.live.change import Change, Seen, State
from app.live.connection import Connection
from app.live.wire import text_frame
from app.protocol import frames

LANES = ("audience", "crew")
TICK = 0.025
MEMORY = 200
"""Not-stored entities kept for those who come back."""
CACHE = 64
IDLE_POLLS = 30
IDLE_POLLS_WITH_MEMORY = 600
"""Not-stored chat waits this many polls for somebody to come back; then it is forgotten, as promised."""


class _Pending:
    """What a lane still has to be told, newest version of each entity last."""

    def __init__(self) -> None:
        self.entities: list[bytes] = []
        self.gone: list[str] = []

    def add(self, entities: Iterable[bytes], gone: Iterable[str]) -> None:
        """A browser sets first and removes then, so what came back in the same frame must not be removed by it."""
        entities = list(entities)
        if self.gone and entities:
            back = {_name(entity) for entity in entities}
            self.gone = [name for name in self.gone if name not in back]
        self.entities.extend(entities)
        self.gone.extend(gone)


class _Named(msgspec.Struct):
    kind: str
    id: str


_read_name = msgspec.json.Decoder(_Named).decode


def _name(entity: bytes) -> str:
    named = _read_name(entity)
    return f"{named.kind}/{named.id}"


class _Remembered(msgspec.Struct):
    seq: int
    entity: bytes


class LocalRoom:
    """See the module."""

    def __init__(self, webinar_id: str, epoch: str, seq: int) -> None:
        self.id = webinar_id
        self.epoch = epoch
        self.seq = seq
        self.watching = 0
        self.catching_up = asyncio.Lock()
        self.reading: dict[tuple[str, str, int], asyncio.Future[State]] = {}
        """Questions to the database under way: who asks the same meanwhile shares the answer."""
        self._sockets: dict[str, set[Connection]] = {lane: set() for lane in LANES}
        self._sent = dict.fromkeys(LANES, seq)
        self._pending = {lane: _Pending() for lane in LANES}
        self._ahead: dict[int, Change] = {}
        self._memory: deque[_Remembered] = deque(maxlen=MEMORY)
        self._cache: OrderedDict[tuple[str, str, int], tuple[int, State]] = OrderedDict()
        self._flush_at: asyncio.TimerHandle | None = None
        self._flushed = 0.0
        self._fill_to = seq
        self._behind = 0
        self._idle = 0

    def sockets(self, lane: str) -> set[Connection]:
        """Sockets of one lane."""
        return self._sockets[lane]

    def everyone(self) -> list[Connection]:
        """All sockets; a copy, because closing one changes the sets."""
        return [connection for lane in LANES for connection in self._sockets[lane]]

    def add(self, connection: Connection) -> None:
        """Keep a socket informed."""
        self._idle = 0
        self._sockets[connection.seat.lane].add(connection)

    def discard(self, connection: Connection) -> None:
        """A socket is gone."""
        self._sockets[connection.seat.lane].discard(connection)

    def idle(self) -> bool:
        """True after some polls without sockets: the room can be forgotten; later if it holds what nobody else has."""
        self._idle += 1
        return self._idle > (IDLE_POLLS_WITH_MEMORY if self._memory else IDLE_POLLS)

    def forget(self, person: str | None = None) -> None:
        """Forget the not-stored entities, of ``person`` or of everybody, and every state made with them."""
        mark = b'"id":"%b"' % person.encode() if person else b""
        self._memory = deque((one for one in self._memory if mark not in one.entity), maxlen=MEMORY)
        self._cache.clear()

    def sent(self, lane: str) -> int:
        """Number up to which the lane was told."""
        return self._sent[lane]

    def tick_bytes(self) -> bytes:
        """The viewer count."""
        return msgspec.json.encode(frames.Tick(max(self.watching, len(self._sockets["audience"]))))

    def accept(self, change: Change) -> bool:
        """Take a change; False when something before it is missing."""
        if change.seq <= self.seq:
            return True
        if change.seq > self.seq + 1:
            self._ahead[change.seq] = change
            return False
        self._take(change)
        self._take_ahead()
        self._plan_flush()
        return True

    def fill(self, lane: str, state: State) -> None:
        """What a lane missed, from the database."""
        self._pending[lane].add(state.set, state.gone)
        self._fill_to = state.seq if lane == LANES[0] else min(self._fill_to, state.seq)

    def filled(self) -> None:
        """All lanes were filled: go on from there."""
        for seq in sorted(self._ahead):
            if seq <= self._fill_to and self._ahead[seq].ephemeral:
                self._queue(self._ahead[seq])
        self.seq = max(self.seq, self._fill_to)
        self._ahead = {seq: change for seq, change in self._ahead.items() if seq > self.seq}
        self._take_ahead()
        self._behind = 0
        self._plan_flush()

    def restart(self, epoch: str, seq: int) -> None:
        """A new epoch: what was said before is forgotten here too."""
        self.epoch, self.seq = epoch, seq
        self._sent = dict.fromkeys(LANES, seq)
        self._pending = {lane: _Pending() for lane in LANES}
        self._ahead.clear()
        self._memory.clear()
        self._cache.clear()

    def behind(self, epoch: str, seq: int) -> bool:
        """True when the database has been ahead for two polls: one may only be a message still on its way."""
        if epoch != self.epoch:
            return True
        ahead = seq > self.seq
        self._behind = self._behind + 1 if ahead else 0
        return self._behind > 1

    def cached(self, key: tuple[str, str, int]) -> State | None:
        """A state made since the room's last change."""
        known = self._cache.get(key)
        return known[1] if known and known[0] == self.seq else None

    def cache(self, key: tuple[str, str, int], state: State) -> None:
        """Share a state among all who ask the same until the room changes."""
        if state.seq == self.seq:
            self._cache[key] = (self.seq, state)
            while len(self._cache) > CACHE:
                self._cache.popitem(last=False)

    def with_memory(self, state: State, lane: str, since: Seen | None) -> State:
        """``state`` with the not-stored entities that belong to it."""
        after = since.seq if since and not state.full else 0
        kept = [one.entity for one in self._memory if one.seq > after]
        return msgspec.structs.replace(state, set=state.set + kept) if kept else state

    def _take(self, change: Change) -> None:
        self.seq = change.seq
        self._queue(change)

    def _take_ahead(self) -> None:
        while (change := self._ahead.pop(self.seq + 1, None)) is not None:
            self._take(change)

    def _queue(self, change: Change) -> None:
        if change.ephemeral:
            self._remember(change)
        for lane, entities, gone in (
            ("audience", change.audience, change.gone_audience),
            ("crew", change.crew, change.gone_crew),
        ):
            self._pending[lane].add(entities, gone)

    def _remember(self, change: Change) -> None:
        self._memory.extend(_Remembered(change.seq, entity) for entity in change.crew)
        for name in change.gone_crew:
            mark = b'"id":"%b"' % name.rpartition("/")[2].encode()
            self._memory = deque((one for one in self._memory if mark not in one.entity), maxlen=MEMORY)

    def _plan_flush(self) -> None:
        if self._flush_at is not None:
            return
        loop = asyncio.get_running_loop()
        wait = self._flushed + TICK - loop.time()
        if wait <= 0:
            self._flush()
        else:
            self._flush_at = loop.call_later(wait, self._flush)

    def _flush(self) -> None:
        self._flush_at = None
        self._flushed = asyncio.get_running_loop().time()
        for lane in LANES:
            pending = self._pending[lane]
            if not pending.entities and not pending.gone:
                continue
            self._pending[lane] = _Pending()
            payload = frames.change(self._sent[lane], self.seq, pending.entities, pending.gone)
            self._sent[lane] = self.seq
            frame = text_frame(payload)
            for connection in list(self._sockets[lane]):
                connection.write_frame(frame, payload)
