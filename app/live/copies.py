"""What a socket or a room lacks, read from the database: once for all who ask the same at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.live.change import Own, Owns, Seen, State, StateSource
from app.live.local_room import LANES, Copy, LocalRoom, OwnQuestion, copy_of, with_own
from app.live.seat import Seat

__all__ = ["Copies", "Copy"]


class Copies:
    """Reads states for joiners and catches rooms up."""

    def __init__(self, source: StateSource, erasures: Callable[[], int] = lambda: 0) -> None:
        self._source = source
        self._erasures = erasures

    async def copy_for(self, room: LocalRoom, seat: Seat, seen: Seen | None) -> Copy:
        """What a seat lacks of its lane, shared with others, and of its own, asked only of who can have something."""
        while True:
            state, shared = await self._fitting_state(room, seat.lane, seen)
            if seat.person not in room.owners:
                return shared
            after = seen.seq if seen and not state.full else 0
            owns = await self._own(room, seat.person, after)
            if owns.epoch != room.epoch:
                await self.catch_up(room)
            elif state.seq >= room.sent(seat.lane) and owns.seq >= room.owners[seat.person]:
                return copy_of(with_own(state, owns.of.get(seat.person, Own()), room.own_memory(seat.person, after)))

    async def catch_up(self, room: LocalRoom) -> bool:
        """Tell the room what it missed; True when too much was missed, or the epoch is another: everybody takes a fresh copy."""
        async with room.catching_up:
            since = Seen(room.epoch, room.seq)
            states = {lane: await self._source.state(room.id, lane, None, since) for lane in LANES}
            owns = await self._source.own(room.id, None, since.seq)
            for state in states.values():
                if state.epoch != room.epoch or state.full:
                    room.restart(state.epoch, state.seq)
                    return True
            if owns.epoch == room.epoch:
                room.fill(states, owns)
            return False

    async def _fitting_state(self, room: LocalRoom, lane: str, seen: Seen | None) -> tuple[State, Copy]:
        """A state that is not older than what the lane was already sent."""
        key = (lane, seen.epoch, seen.seq) if seen and seen.epoch == room.epoch else (lane, "", 0)
        while True:
            room.keep_to(self._erasures())
            known = room.cached(key)
            if known is None:
                since = seen if key[1] else None
                state = await self._read(room, key, lane, since)
                if state.epoch != room.epoch:
                    # What is remembered belongs to the old epoch and must not be said again.
                    await self.catch_up(room)
                    continue
                state = room.with_memory(state, lane, since)
                known = state, copy_of(state)
                room.cache(key, *known)
            if known[0].seq >= room.sent(lane):
                return known

    async def _read(self, room: LocalRoom, key: tuple[str, str, int], lane: str, since: Seen | None) -> State:
        reading = room.reading.get(key)
        if reading is None:
            reading = room.reading[key] = asyncio.ensure_future(self._source.state(room.id, lane, None, since))
            reading.add_done_callback(lambda _done: room.reading.pop(key, None))
        return await asyncio.shield(reading)

    async def _own(self, room: LocalRoom, person: str, after: int) -> Owns:
        if room.question is None:
            question = OwnQuestion(set(), after)
            room.question = question, asyncio.ensure_future(self._ask_own(room, question))
        question, answer = room.question
        question.persons.add(person)
        question.after = min(question.after, after)
        return await asyncio.shield(answer)

    async def _ask_own(self, room: LocalRoom, question: OwnQuestion) -> Owns:
        async with room.asking:
            room.question = None
            return await self._source.own(room.id, question.persons, question.after)
