"""The newest changes of a room, so that who comes in or comes back while the room is busy needs no question to the database.

A copy that was read is brought up to date by what was heard since. Only the newest version of each thing is in it: what was removed
meanwhile leaves its tombstone and nothing else. After :data:`KEPT` changes it is read anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping

import msgspec

from app.live.change import State

KEPT = 200

Lanes = Mapping[str, tuple[Collection[bytes], Collection[str]]]


class _Named(msgspec.Struct):
    kind: str
    id: str


_read_name = msgspec.json.Decoder(_Named).decode


def name_of(entity: bytes) -> str:
    """``kind/id``."""
    named = _read_name(entity)
    return f"{named.kind}/{named.id}"


class _Step(msgspec.Struct, frozen=True):
    """From one room number to another."""

    before: int
    seq: int
    lanes: Lanes


class Recent:
    """See the module."""

    def __init__(self) -> None:
        self._steps: deque[_Step] = deque(maxlen=KEPT)

    def add(self, before: int, seq: int, lanes: Lanes) -> None:
        """What brought the room from ``before`` to ``seq``."""
        self._steps.append(_Step(before, seq, lanes))

    def clear(self) -> None:
        """Nothing of it may be said again."""
        self._steps.clear()

    def up_to_date(self, state: State, lane: str, seq: int) -> State | None:
        """``state`` as it is at ``seq``; None when not all that happened since is known here."""
        if state.seq == seq:
            return state
        steps = [step for step in self._steps if step.seq > state.seq]
        if not steps or steps[0].before > state.seq or steps[-1].seq != seq:
            return None
        entities = {name_of(entity): entity for entity in state.set}
        gone = dict.fromkeys(state.gone)
        for step in steps:
            changed, names = step.lanes.get(lane, ((), ()))
            for entity in changed:
                name = name_of(entity)
                entities.pop(name, None)
                gone.pop(name, None)
                entities[name] = entity
            for name in names:
                entities.pop(name, None)
                gone[name] = None
        return State(state.epoch, seq, list(entities.values()), [] if state.full else list(gone), state.full)
