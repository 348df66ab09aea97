"""Who sends in a webinar and which of them the audience sees; follows the webinar's broadcast state."""

from __future__ import annotations

import asyncio
import logging

from app.media.directory import Broadcast, Directory, Publisher
from app.media.packager import Program
from app.media.rtc.network import Network
from app.media.session import PublishSession
from app.media.transcode import Pool

log = logging.getLogger("lectern.media")

LOOK_EVERY = 0.1
ASK_EVERY = 5
"""Looks between questions for the broadcast state, so about half a second."""
IDLE_LOOKS = 600
"""Looks without a sender after which a stage is taken down: a minute, for presenters who come back."""


class Stage:
    """One webinar that somebody sends to, or sent to a moment ago."""

    def __init__(self, webinar_id: str, directory: Directory) -> None:
        self.webinar_id = webinar_id
        self.directory = directory
        self.sessions: dict[str, PublishSession] = {}
        self.onstage: PublishSession | None = None
        self.program = Program()
        self.state = Broadcast.IDLE
        self.empty_looks = 0
        self._changed = False

    def join(self, session: PublishSession) -> None:
        """A new sender; one on the same seat gives way."""
        for other in [other for other in self.sessions.values() if other.seat == session.seat]:
            other.end()
        self.sessions[session.id] = session
        session.on_connected = lambda: self._connected(session)
        session.on_closed = lambda: self._left(session)

    def _connected(self, session: PublishSession) -> None:
        self._changed = True
        if self.onstage is None or self.onstage.closed or self.onstage.seat == session.seat:
            self._put_on(session)

    def _left(self, session: PublishSession) -> None:
        self.sessions.pop(session.id, None)
        self._changed = True
        if self.onstage is session:
            self.onstage = None
            waiting = next((other for other in self.sessions.values() if other.connected), None)
            if waiting is not None:
                self._put_on(waiting)

    def _put_on(self, session: PublishSession) -> None:
        if self.onstage is session:
            return
        if self.onstage is not None and self.program in self.onstage.listeners:
            self.onstage.listeners.remove(self.program)
        self.onstage = session
        self.program.new_source(has_video=session.has_video)
        session.listeners.append(self.program)
        session.ask_for_key()

    def publishers(self) -> list[Publisher]:
        """Who sends now."""
        connected = [session for session in self.sessions.values() if session.connected]
        return [Publisher(s.seat, s.video, s.has_audio, s is self.onstage) for s in connected]

    async def look(self, count: int) -> None:
        """One look: sound goes on, the state is followed, changes are told."""
        if self.onstage is not None:
            self.program.tick()
        if count % 10 == 0:
            for session in list(self.sessions.values()):
                session.look()
        if count % ASK_EVERY == 0:
            self.follow(await self.directory.broadcast(self.webinar_id))
        if self._changed:
            self._changed = False
            await self.directory.presence(self.webinar_id, self.publishers())
        self.empty_looks = 0 if self.sessions else self.empty_looks + 1

    def follow(self, state: Broadcast) -> None:
        """Take over a new broadcast state."""
        if state == self.state:
            return
        previous, self.state = self.state, state
        if state == Broadcast.LIVE:
            self.program.go_live()
            if self.onstage is not None:
                self.onstage.ask_for_key()
        elif state == Broadcast.ENDED:
            for session in list(self.sessions.values()):
                session.end()
            self.program.close()
        elif previous == Broadcast.LIVE:
            self.program.go_dark()

    async def close(self) -> None:
        """Drop all."""
        for session in list(self.sessions.values()):
            await session.close()
        self.program.close()


class Studio:
    """All stages of this media process."""

    def __init__(self, directory: Directory, network: Network, pool: Pool) -> None:
        self.directory = directory
        self.network = network
        self.pool = pool
        self.stages: dict[str, Stage] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look after the stages."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End everything."""
        if self._task is not None:
            self._task.cancel()
        for stage in list(self.stages.values()):
            await stage.close()
        self.pool.close()

    async def stage(self, webinar_id: str) -> Stage:
        """The webinar's stage, built when needed, in the state the webinar is in."""
        stage = self.stages.get(webinar_id)
        if stage is None or stage.state == Broadcast.ENDED:
            state = await self.directory.broadcast(webinar_id)
            stage = self.stages.get(webinar_id)
            if stage is None or stage.state == Broadcast.ENDED:
                stage = self.stages[webinar_id] = Stage(webinar_id, self.directory)
                stage.follow(state)
        return stage

    async def _run(self) -> None:
        count = 0
        while True:
            await asyncio.sleep(LOOK_EVERY)
            count += 1
            for stage in list(self.stages.values()):
                try:
                    await stage.look(count)
                except Exception:
                    log.exception("a look at a stage failed")
                if stage.empty_looks > IDLE_LOOKS or (stage.state == Broadcast.ENDED and not stage.sessions):
                    await self._drop(stage)

    async def _drop(self, stage: Stage) -> None:
        await stage.close()
        if self.stages.get(stage.webinar_id) is stage:
            del self.stages[stage.webinar_id]
