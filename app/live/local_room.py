"""One room on one process: its sockets by lane, how far each lane was told, and what waits for the next frame."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from app.live.change import Change, CrewMember, Own, Owns, Persons, Seen, State
from app.live.connection import Connection
from app.live.presence import CrewHere
from app.live.recent import KEPT, Lanes, Recent, name_of
from app.live.sweep import NOBODY, Roll
from app.live.wire import text_frame
from app.protocol import frames
from app.protocol.codes import Close

WATCHING = ("audience", "view")
LANES = (*WATCHING, "crew")
TICK_MIN, TICK_MAX = 0.010, 0.050
"""Seconds between two frames of a busy room; an idle one sends at once."""
SOCKETS_MAX = 10
"""Of one person in one room and process."""
CROWD = 500
"""Viewers for each poll that the telling of their count may wait."""
FORGOTTEN = 1000
MEMORY = 400
"""Not-stored entities kept for those who come back; what both lanes see counts twice."""
CACHE = 64
IDLE_POLLS = 30
IDLE_POLLS_WITH_MEMORY = 600
"""Not-stored chat waits this many polls for somebody to come back; then it is forgotten, as promised."""


class _Told(msgspec.Struct):
    """One change, or what was caught up with: for each lane, and for persons."""

    lanes: Mapping[str, tuple[Collection[bytes], Collection[str]]]
    persons: Persons


class _Pending:
    """What goes into one frame, newest version of each entity last."""

    def __init__(self) -> None:
        self.entities: list[bytes] = []
        self.gone: list[str] = []

    def add(self, entities: Collection[bytes], gone: Collection[str]) -> None:
        """A browser sets first and removes then, so what came back in the same frame must not be removed by it."""
        if self.gone and entities:
            back = {name_of(entity) for entity in entities}
            self.gone = [name for name in self.gone if name not in back]
        self.entities.extend(entities)
        self.gone.extend(gone)


class _Remembered(msgspec.Struct):
    """A not-stored entity of a lane, or (``person``) of one person."""

    seq: int
    lane: str
    person: str
    entity: bytes


class Copy(msgspec.Struct, frozen=True):
    """A state as it goes out, its bytes shared by all who lack the same."""

    epoch: str
    seq: int
    full: bool
    body: msgspec.Raw


class _Cached(msgspec.Struct):
    """A state, its bytes, and the number at which it was read from the database."""

    state: State
    copy: Copy | None
    read_at: int


class OwnQuestion(msgspec.Struct):
    """Whose own parts are asked for together."""

    persons: set[str]
    after: int


class LocalRoom:
    """See the module."""

    def __init__(self, webinar_id: str, epoch: str, seq: int, roll: Callable[[], Roll] = Roll) -> None:
        self.id = webinar_id
        self.epoch = epoch
        self.seq = seq
        self.watching = 0
        self._counted = self._uncounted = 0
        self.catching_up = asyncio.Lock()
        self.reading: dict[tuple[str, str, int], asyncio.Future[State]] = {}
        """Questions to the database under way: who asks the same meanwhile shares the answer."""
        self.question: tuple[OwnQuestion, asyncio.Future[Owns]] | None = None
        """The next question for own parts; who comes while one is under way joins it."""
        self.asking = asyncio.Lock()
        self.owners: dict[str, int] = {}
        """Who has something of their own, with the number of its last change as far as known here."""
        self._rolls = {lane: roll() for lane in LANES}
        self._of_person: dict[str, int] = {}
        self._forgotten: deque[tuple[int, str]] = deque(maxlen=FORGOTTEN)
        self._sent = dict.fromkeys(LANES, seq)
        self._waiting: list[_Told] = []
        self._ahead: dict[int, Change] = {}
        self._memory: deque[_Remembered] = deque(maxlen=MEMORY)
        self._cache: OrderedDict[tuple[str, str, int], _Cached] = OrderedDict()
        self._recent = Recent()
        self._erasures = 0
        self._flush_at: asyncio.Handle | None = None
        self._flushed = 0.0
        self._tick = TICK_MIN
        self._expected = seq
        self._idle = 0
        self.crew = CrewHere()
        self.crew_said: tuple[CrewMember, ...] = ()

    def sockets(self, lane: str) -> Collection[Connection]:
        """Sockets of one lane, oldest first."""
        return self._rolls[lane].connections

    @property
    def empty(self) -> bool:
        """Nobody is here."""
        return not any(self.sockets(lane) for lane in LANES)

    def everyone(self) -> list[Connection]:
        """All sockets; a copy, because closing one changes the sets."""
        return [connection for lane in LANES for connection in self.sockets(lane)]

    def add(self, connection: Connection) -> None:
        """Keep a socket informed. Of one person the oldest makes way when there are too many."""
        self._idle = 0
        person = connection.seat.person
        self._rolls[connection.seat.lane].add(connection)
        open_ones = self._of_person[person] = self._of_person.get(person, 0) + 1
        if open_ones > SOCKETS_MAX:
            oldest = next(one for lane in LANES for one in self.sockets(lane) if one.seat.person == person)
            self.discard(oldest)
            oldest.close(Close.MOVED, "opened elsewhere")

    def discard(self, connection: Connection) -> None:
        """A socket is gone."""
        person = connection.seat.person
        for lane in LANES:
            if connection in self.sockets(lane):
                self._rolls[lane].discard(connection)
                self._of_person[person] -= 1
                if not self._of_person[person]:
                    del self._of_person[person]

    def idle(self) -> bool:
        """True after some polls without sockets: the room can be forgotten; later if it holds what nobody else has."""
        self._idle += 1
        return self._idle > (IDLE_POLLS_WITH_MEMORY if self._memory else IDLE_POLLS)

    def forget(self, person: str | None = None) -> None:
        """Forget the not-stored entities, of ``person`` or of everybody, and every state made with them; of a person also on
        the screens, now or when they come back."""
        mark = b'"id":"%b"' % person.encode() if person else b""
        kept = (one for one in self._memory if mark not in one.entity and not (person and one.person == person))
        self._memory = deque(kept, maxlen=MEMORY)
        self._cache.clear()
        self._recent.clear()
        if person:
            # Screens may hold not-stored lines that nothing here remembers any more: they know who said them.
            gone = (f"person/{person}",)
            self._waiting.append(_Told(dict.fromkeys(LANES, ((), gone)), {}))
            self._forgotten.append((self.seq, gone[0]))
            self._plan_flush()

    def keep_to(self, erasures: int) -> None:
        """Hand out no copy made before the last destruction of a key, whichever process did it and whoever was told."""
        if erasures != self._erasures:
            self._erasures = erasures
            self._cache.clear()
            self._recent.clear()

    def forgotten_since(self, seq: int) -> list[str]:
        """Who must leave a copy of number ``seq``, as names for its ``gone``."""
        return list(dict.fromkeys(name for at, name in self._forgotten if at >= seq))

    def send_all(self, payload: bytes, lanes: Iterable[str] = LANES) -> None:
        """A frame without a number, for everybody."""
        frame = text_frame(payload)
        for lane in lanes:
            self._rolls[lane].tell(frame, payload)

    def sent(self, lane: str) -> int:
        """Number up to which the lane was told."""
        return self._sent[lane]

    def tick_bytes(self, *, crew: bool = False, reactions: Mapping[str, int] | None = None) -> bytes:
        """The viewer count, with reactions of the last second, or who of the crew is here."""
        watching = max(self.watching, self.audience)
        here = self.crew.people if crew else None
        return msgspec.json.encode(frames.Tick(watching, dict(reactions or {}), here))

    @property
    def audience(self) -> int:
        """How many sockets watch here."""
        return sum(len(self.sockets(lane)) for lane in WATCHING)

    def count_is_due(self) -> bool:
        """Whether to tell a count that has changed: at the next poll, later where many watch, for telling thousands costs a tenth of a
        second and one more or less says little there."""
        if self.watching == self._counted:
            return False
        self._uncounted += 1
        if self._uncounted <= self.audience // CROWD:
            return False
        self._counted, self._uncounted = self.watching, 0
        return True

    def viewers(self) -> list[str]:
        """Who watches here, once for each socket."""
        return [one.seat.person for lane in WATCHING for one in self.sockets(lane)]

    def crew_with_us(self) -> tuple[CrewMember, ...]:
        """Who of the crew is on this process."""
        seats = {one.seat.person: one.seat for one in self.sockets("crew")}
        return tuple(CrewMember(seat.person, seat.name or "", seat.role) for seat in seats.values())

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

    def fill(self, states: Mapping[str, State], owns: Owns) -> None:
        """What the lanes and persons missed, from the database; it goes on from there."""
        fill_to = min([owns.seq, *(state.seq for state in states.values())])
        lanes = {lane: (state.set, state.gone) for lane, state in states.items()}
        self._tell(_Told(lanes, {person: (tuple(own.set), tuple(own.gone)) for person, own in owns.of.items()}), owns.seq)
        for seq in sorted(self._ahead):
            if seq <= fill_to and self._ahead[seq].ephemeral:
                self._queue(self._ahead[seq], _lanes_of(self._ahead[seq]))
        # Not-stored changes among what was missed are in no row, so no copy can be brought over them.
        self._recent.clear()
        self.seq = max(self.seq, fill_to)
        self._ahead = {seq: change for seq, change in self._ahead.items() if seq > self.seq}
        self._take_ahead()
        self._plan_flush()

    def restart(self, epoch: str, seq: int) -> None:
        """Everybody takes a fresh copy. In a new epoch what was said before is forgotten here too."""
        if epoch != self.epoch:
            self._memory.clear()
        self.epoch, self.seq, self._expected = epoch, seq, seq
        self._sent = dict.fromkeys(LANES, seq)
        self._waiting = []
        self._ahead.clear()
        self._cache.clear()
        self._recent.clear()

    def behind(self, epoch: str, seq: int) -> bool:
        """True when what the database had at the last poll has not come: what it has now may be on its way."""
        if epoch != self.epoch:
            return True
        due, self._expected = self._expected, seq
        return self.seq < due

    def cached(self, key: tuple[str, str, int]) -> tuple[State, Copy] | None:
        """A state as the room is now, and its bytes; None when it must be read."""
        lane, epoch, seq = key
        known = self._cache.get(key)
        if known is None and epoch:
            known = _Cached(State(epoch, seq, [], [], False), None, seq)
        if known is None or self.seq - known.read_at > KEPT:
            return None
        if known.copy is None or known.state.seq != self.seq:
            state = self._recent.up_to_date(known.state, lane, self.seq)
            if state is None:
                return None
            known = self._keep(key, _Cached(state, copy_of(state), known.read_at))
        return known.state, known.copy or copy_of(known.state)

    def cache(self, key: tuple[str, str, int], state: State, copy: Copy) -> None:
        """Share a state that was read with all who ask the same."""
        if state.seq == self.seq:
            self._keep(key, _Cached(state, copy, state.seq))

    def _keep(self, key: tuple[str, str, int], cached: _Cached) -> _Cached:
        self._cache[key] = cached
        while len(self._cache) > CACHE:
            self._cache.popitem(last=False)
        return cached

    def with_memory(self, state: State, lane: str, since: Seen | None) -> State:
        """``state`` with the not-stored entities that belong to it."""
        after = since.seq if since and not state.full else 0
        kept = [one.entity for one in self._memory if one.seq > after and one.lane == lane]
        return msgspec.structs.replace(state, set=state.set + kept) if kept else state

    def own_memory(self, person: str, after: int) -> list[bytes]:
        """Not-stored entities of one person alone."""
        return [one.entity for one in self._memory if one.person == person and one.seq > after]

    def _take(self, change: Change) -> None:
        lanes = _lanes_of(change)
        self._recent.add(self.seq, change.seq, lanes)
        self.seq = change.seq
        self._queue(change, lanes)

    def _take_ahead(self) -> None:
        while (change := self._ahead.pop(self.seq + 1, None)) is not None:
            self._take(change)

    def _queue(self, change: Change, lanes: Lanes) -> None:
        if change.ephemeral:
            self._remember(change)
        self._tell(_Told(lanes, change.persons), change.seq)

    def _tell(self, told: _Told, seq: int) -> None:
        self._waiting.append(told)
        for person in told.persons:
            self.owners[person] = max(seq, self.owners.get(person, 0))

    def _remember(self, change: Change) -> None:
        seq = change.seq
        self._memory.extend(_Remembered(seq, "audience", "", entity) for entity in change.audience)
        self._memory.extend(_Remembered(seq, "crew", "", entity) for entity in change.crew)
        for person, (entities, _) in change.persons.items():
            self._memory.extend(_Remembered(seq, "", person, entity) for entity in entities)
        for name in {*change.gone_audience, *change.gone_crew}:
            mark = b'"id":"%b"' % name.rpartition("/")[2].encode()
            self._memory = deque((one for one in self._memory if mark not in one.entity), maxlen=MEMORY)

    def _plan_flush(self) -> None:
        if self._flush_at is not None:
            return
        loop = asyncio.get_running_loop()
        wait = self._flushed + self._tick - loop.time()
        # Never here and now: what else the same commit changed goes into the same frame, above all when to tell everybody takes longer
        # than a tick. A room that told each change by itself then would tell a thousandth of what it could.
        self._flush_at = loop.call_later(wait, self._flush) if wait > 0 else loop.call_soon(self._flush)

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._flush_at = None
        waiting, self._waiting = self._waiting, []
        self._tell_lanes(waiting)
        self._flushed = loop.time()
        self._tick = next_tick(self._tick, len(waiting), self._flushed - began)

    def _tell_lanes(self, waiting: list[_Told]) -> None:
        persons = {person for told in waiting for person in told.persons}
        for lane in LANES:
            if not self.sockets(lane):
                self._sent[lane] = self.seq
                continue
            shared = _frame_of(waiting, lane, None)
            prev = self._sent[lane]
            payload = frame = b""
            if shared.entities or shared.gone:
                payload = frames.change(prev, self.seq, shared.entities, shared.gone)
                frame = text_frame(payload)
                self._sent[lane] = self.seq
            own = {one for one in self.sockets(lane) if one.seat.person in persons} if persons else NOBODY
            for connection in own:
                theirs = _frame_of(waiting, lane, connection.seat.person)
                connection.write(frames.change(prev, self.seq, theirs.entities, theirs.gone))
            if frame:
                self._rolls[lane].tell(frame, payload, own)


def next_tick(tick: float, changes: int, took: float) -> float:
    """How long to gather before the next frame. Changes that come one by one are not held up; when many come, frames are
    gathered until telling everybody takes about a fifth of the time."""
    if changes > 2:
        return min(TICK_MAX, max(tick * 1.5, 5 * took))
    return max(TICK_MIN, tick / 2)


def _lanes_of(change: Change) -> Lanes:
    audience = (change.audience, change.gone_audience)
    return {"audience": audience, "view": audience if change.views else ((), ()), "crew": (change.crew, change.gone_crew)}


def copy_of(state: State) -> Copy:
    """The bytes of a state."""
    return Copy(state.epoch, state.seq, state.full, frames.state_body(state.full, state.set, state.gone))


def with_own(state: State, own: Own, remembered: list[bytes]) -> State:
    """``state`` with what is one person's alone; where both speak of a thing, the person's own word counts."""
    pending = _Pending()
    pending.add(state.set, state.gone)
    pending.add([*own.set, *remembered], own.gone)
    return msgspec.structs.replace(state, set=pending.entities, gone=pending.gone)


def _frame_of(waiting: list[_Told], lane: str, person: str | None) -> _Pending:
    """What a lane gets, in the order of the changes; with ``person`` what they alone get among it."""
    pending = _Pending()
    for told in waiting:
        if (theirs := told.lanes.get(lane)) is not None:
            pending.add(*theirs)
        if person in told.persons:
            pending.add(*told.persons[person])
    return pending
