"""Redundant ingest: which of a seat's sessions is used, and the change from one to another without a gap.

A seat has a main and a backup way in, and for a moment a new session beside the old one of the same way, when a sender comes back. One of
them is used; the others wait. Whoever listens is handed over with a key frame of the next, so players and decoders notice nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from app.media.rtc.assembly import Frame
from app.media.session import Listener, PublishSession

STABLE = 5.0
"""Seconds the main way in has to send without a gap before it is used again."""


def choose(sessions: Iterable[PublishSession], used: PublishSession | None, now: float) -> PublishSession | None:
    """The session of one seat to be used now; ``used`` is so far. Of each way in the newest counts that sends; None: nobody is connected."""
    ways: dict[bool, PublishSession] = {}
    for session in sessions:
        if session.connected and not session.closed:
            before = ways.get(session.backup)
            if before is None or session.lively(now) or not before.lively(now):
                ways[session.backup] = session
    main, backup = ways.get(False), ways.get(True)
    if main is None or backup is None:
        return main or backup
    if used is not None and used.backup:
        return main if main.steady(now) >= STABLE or not backup.lively(now) else backup
    return backup if backup.lively(now) and not main.lively(now) else main


def given_way(sessions: Iterable[PublishSession], used: Iterable[PublishSession]) -> list[PublishSession]:
    """Sessions whose sender has come back by the same way in, and that nobody needs any more."""
    needed, newest = {session.id for session in used}, dict[tuple[str, bool], PublishSession]()
    old = []
    for session in sessions:
        if session.connected and not session.closed:
            before = newest.get((session.seat, session.backup))
            if before is not None and before.id not in needed:
                old.append(before)
            newest[session.seat, session.backup] = session
    return old


class Spares:
    """The session used for each seat."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.used: dict[str, PublishSession] = {}
        self._changed = changed
        self._coming: dict[str, Handover] = {}

    def arrange(self, sessions: Iterable[PublishSession]) -> None:
        """Look who is there, and begin what has to change."""
        now = time.monotonic()
        by_seat: dict[str, list[PublishSession]] = {}
        for session in sessions:
            by_seat.setdefault(session.seat, []).append(session)
        for seat in {*by_seat, *self.used}:
            self._arrange(seat, choose(by_seat.get(seat, ()), self.used.get(seat), now))

    def _arrange(self, seat: str, wanted: PublishSession | None) -> None:
        used, coming = self.used.get(seat), self._coming.get(seat)
        if coming is not None and coming.to is not wanted:
            self._coming.pop(seat).stop()
            coming = None
        if wanted is None:
            self.used.pop(seat, None)
        elif used is None:
            self.used[seat] = wanted
        elif wanted is not used and coming is None:
            self._coming[seat] = Handover(used, wanted, self._done)
            wanted.ask_for_key()

    def _done(self, handover: Handover) -> None:
        seat = handover.to.seat
        self._coming.pop(seat, None)
        self.used[seat] = handover.to
        self._changed()


class Handover:
    """Waits on the next session for its key frame, or its first sound when it has no picture; then all who listen go over to it."""

    def __init__(self, old: PublishSession, to: PublishSession, done: Callable[[Handover], None]) -> None:
        self.old = old
        self.to = to
        self._done = done
        to.listeners.append(self)

    def picture(self, frame: Frame, wall: float) -> None:
        """From the next session."""
        if frame.key:
            for listener in self._go():
                listener.picture(frame, wall)

    def sound(self, frame: Frame, wall: float) -> None:
        """From the next session."""
        if not self.to.has_video:
            for listener in self._go():
                listener.sound(frame, wall)

    def follows(self, session: PublishSession) -> None:
        """Handed over itself, which does not happen: what waits on a session that is left is stopped first."""

    def stop(self) -> None:
        """It is not wanted any more."""
        if self in self.to.listeners:
            self.to.listeners.remove(self)

    def _go(self) -> list[Listener]:
        self.stop()
        moved = [listener for listener in self.old.listeners if not isinstance(listener, Handover)]
        self.old.listeners.clear()
        self.to.listeners += moved
        for listener in moved:
            listener.follows(self.to)
        self._done(self)
        return moved
