"""Who of the crew is in a room, over all processes: each says who is with it, and is forgotten when it falls silent."""

from __future__ import annotations

from collections.abc import Iterable

from app.live.change import CrewMember

SILENT_SECONDS = 25.0
"""Processes say it at least every ten seconds."""


class CrewHere:
    """Of one room, as this process knows it."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[float, tuple[CrewMember, ...]]] = {}
        self._known: list[CrewMember] = []

    @property
    def people(self) -> list[CrewMember]:
        """Everybody, once, by name."""
        return self._known

    def hear(self, process: str, people: Iterable[CrewMember], now: float) -> bool:
        """A process says who is with it; True when that changes the whole."""
        self._said[process] = (now, tuple(people))
        return self._changed(now)

    def listen(self, now: float) -> bool:
        """Forget processes that fell silent; True when that changes the whole."""
        return self._changed(now)

    def _changed(self, now: float) -> bool:
        self._said = {process: said for process, said in self._said.items() if said[1] and now - said[0] < SILENT_SECONDS}
        everybody = {one.id: one for _, people in self._said.values() for one in people}
        known = sorted(everybody.values(), key=lambda one: (one.name, one.id))
        changed, self._known = known != self._known, known
        return changed
