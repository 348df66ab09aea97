"""Who sends in a webinar, who of them is on stage, and what the audience gets; follows what the crew decided."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial

from app.media import card
from app.media.back import BackRoom
from app.media.compose import MOST, Composer
from app.media.directing import Director
from app.media.directory import Broadcast, Directory, Plan, Playing, Publisher
from app.media.ladder import Places
from app.media.packager import Feed, Program
from app.media.playing import Player
from app.media.recorder import Keeper, Recorder
from app.media.rtc.network import Network
from app.media.session import PublishSession
from app.media.spare import Spares, given_way
from app.media.transcode import Pool

log = logging.getLogger("lectern.media")

LOOK_EVERY = 0.1
ASK_EVERY = 3
"""Looks between questions for what the crew decided: a click is followed within a third of a second."""
LINES_EVERY = 10
"""Looks between questions for new captions."""
IDLE_LOOKS = 600
"""Looks without a sender after which a stage is taken down, unless it is live: a minute, for presenters who come back."""


class Stage:
    """One webinar that somebody sends to, or sent to a moment ago."""

    def __init__(self, webinar_id: str, directory: Directory, plan: Plan, room: BackRoom, places: Places) -> None:
        self.webinar_id = webinar_id
        self._room, self._rewind = room, 0
        self._places, self._has_place, self._refused = places, False, False
        self.directory = directory
        self.sessions: dict[str, PublishSession] = {}
        self.director = Director()
        self.plan = plan
        self.state = Broadcast.IDLE
        self.empty_looks = 0
        self.program = Program(self._card, breaks=plan.breaks)
        self.program.ask = self._ask
        self.spares = Spares(self._arrange)
        """Which of a seat's sessions is used."""
        self._feeds: dict[str, tuple[PublishSession, Feed]] = {}
        self._carded: tuple[str, bytes] = ("", b"")
        self._recorder: Recorder | None = None
        self._ended: Keeper | None = None
        self._player: Player | None = None
        self._unplayable: Playing | None = None
        self._placed: set[str] = set()
        """Seats with a place when last looked at; who has none any more was erased."""
        self._composer: tuple[Composer, Feed] | None = None
        self._seen: tuple[str, ...] = ()
        """Who the audience sees, the most important first."""
        self._written = 0
        """Room number of the newest line of captions in the stream."""
        self._told: tuple[list[Publisher], int] | None = None

    def join(self, session: PublishSession) -> None:
        """A new sender; one on the same seat, by the same way in, gives way when this one has taken over."""
        for other in list(self.sessions.values()):
            if (other.seat, other.backup) == (session.seat, session.backup) and not other.connected:
                other.end()
        self.sessions[session.id] = session
        session.on_connected = self._arrange
        session.on_closed = lambda: self._left(session)

    @property
    def onstage(self) -> PublishSession | None:
        """Whose picture the audience sees, or will with the next key frame."""
        session, _ = self._feeds.get(self._seen[0], (None, None)) if self._seen else (None, None)
        return session

    def on_stage(self, seat: str) -> bool:
        """Whether this seat is on stage. One the crew has not placed is, before it is live and while nobody else is."""
        if self.state == Broadcast.ENDED:
            return False
        placed = self.plan.seats.get(seat)
        if placed is not None:
            return placed.on_stage
        return self.state in (Broadcast.IDLE, Broadcast.PREVIEW) or not any(who != seat for who, _ in self._on_stage())

    def _language(self, seat: str) -> str:
        placed = self.plan.seats.get(seat)
        return placed.language if placed is not None and placed.language in self.plan.languages else ""

    def _on_stage(self) -> list[tuple[str, tuple[PublishSession, Feed]]]:
        return [(who, pair) for who, pair in self._feeds.items() if not pair[1].language]

    def _left(self, session: PublishSession) -> None:
        self.sessions.pop(session.id, None)
        self._arrange()

    def _arrange(self) -> None:
        """Give everybody on stage a feed, and take it from everybody else."""
        self.spares.arrange(self.sessions.values())
        here = self.spares.used
        for other in given_way(self.sessions.values(), here.values()):
            other.end()
        for who, (session, feed) in list(self._feeds.items()):
            stays = feed.language == self._language(who) and (feed.language or self.on_stage(who))
            if who in here and stays:
                self._feeds[who] = (here[who], feed)
            else:
                if feed in session.listeners:
                    session.listeners.remove(feed)
                del self._feeds[who]
                self.program.leave(feed)
        for who, session in here.items():
            language = self._language(who)
            if who not in self._feeds and (language or self.on_stage(who)):
                feed = self.program.feed(who, language)
                session.listeners.append(feed)
                self._feeds[who] = (session, feed)
        for who, (_, feed) in self._feeds.items():
            placed = self.plan.seats.get(who)
            feed.muted = placed is not None and placed.muted
        self._direct()

    def _direct(self) -> None:
        shared = {placed.screen for placed in self.plan.seats.values() if placed.screen}
        here = {who: feed for who, (session, feed) in self._on_stage() if session.has_video}
        # A screen says nothing itself; it is seen for as long as whoever shares it would be, unless somebody was chosen.
        people = [who for who in here if who not in shared or who == self.director.chosen] or list(here)
        seen = {who: 0 if here[who].muted else self.program.loudness(here[who]) for who in people}
        who = self.director.look(time.monotonic(), seen)
        placed = self.plan.seats.get(who or "")
        if self.director.chosen is None and placed is not None and placed.screen in here:
            who = placed.screen
        self._seen = (who,) if who is not None else ()
        feed = self._feeds[who][1] if who is not None else None
        playing = self._player is not None and self._player.shows and (self._player.playing.over or self.plan.chosen not in here)
        if playing and self._player is not None:
            feed, self._seen = self._player.feed, ()
        if not playing and self.plan.layout != "single" and len(here) > 1 and who is not None and self.state != Broadcast.ENDED:
            # Screens first, then whoever would be seen alone, then the others in the order they came.
            rest = sorted(here, key=lambda one: (one not in shared, one != who, one != self.director.seen))
            self._seen = tuple(rest[: 2 if self.plan.layout in ("side", "corner") else MOST])
            feed = self._compose()
        elif self._composer is not None and self.program.shown is not self._composer[1]:
            # Not before the picture has gone to somebody's own.
            self._composer[0].close()
            self._composer = None
        if feed is not self.program.wanted:
            self.program.cut(feed)

    def _compose(self) -> Feed:
        if self._composer is None:
            feed = self.program.feed("layout")
            sink = lambda frame: self.program.picture(feed, frame, self.program.now())  # noqa: E731
            self._composer = (Composer(sink, self._want_key), feed)
        composer, feed = self._composer
        composer.arrange(self.plan.layout, self._seen)
        for who, (_, one) in self._feeds.items():
            one.tap = partial(composer.put, who) if who in self._seen else None
        return feed

    def _uncompose(self) -> None:
        if self._composer is not None:
            self._composer[0].close()
            self._composer = None

    def _want_key(self, who: str) -> None:
        session, _ = self._feeds.get(who, (None, None))
        if session is not None:
            session.ask_for_key()

    def _ask(self, feed: Feed) -> None:
        if self._composer is not None and feed is self._composer[1]:
            self._composer[0].ask_for_key()
            return
        session, _ = self._feeds.get(feed.who, (None, None))
        if session is not None:
            session.ask_for_key()

    def _card(self) -> bytes:
        if self._carded[0] != self.plan.title or not self._carded[1]:
            self._carded = (self.plan.title, card.key_frame(self.plan.title))
        return self._carded[1]

    def publishers(self) -> list[Publisher]:
        """Who sends now."""
        return [
            Publisher(s.seat, s.video, s.has_audio, s.seat in self._seen, s.seat in dict(self._on_stage()), s.backup)
            for s in self.spares.used.values()
        ]

    async def look(self, count: int) -> None:
        """One look: picture and sound go on, what was decided is followed, changes are told."""
        if count % ASK_EVERY == 0:
            self.follow(await self.directory.plan(self.webinar_id))
        await self._record()
        if count % LINES_EVERY == 0 and self.state != Broadcast.ENDED:
            await self._write()
        await self._play()
        self._arrange()
        self.program.tick()
        if count % 10 == 0:
            for session in list(self.sessions.values()):
                session.look()
        told = (publishers := self.publishers(), self.program.breaks)
        if self._told != told:
            await self.directory.presence(self.webinar_id, publishers, self.program.breaks)
            self._told = told
        self.empty_looks = 0 if self.sessions or self.state == Broadcast.LIVE else self.empty_looks + 1

    async def _write(self) -> None:
        """Lines of captions go into the stream; those said before it began only say in which languages there are some."""
        for line in await self.directory.lines(self.webinar_id, self._written):
            self._written = line.seq
            self.program.titles.say(line.lang, line.text, line.at)

    async def _play(self) -> None:
        """A video is shown exactly while the plan says so, to everybody where it is by now."""
        wanted = self.plan.playing if self.state in (Broadcast.PREVIEW, Broadcast.LIVE) else None
        if self._player is not None and self._player.playing != wanted:
            player, self._player = self._player, None
            await player.stop()
        if wanted is not None and self._player is None:
            if self._unplayable == wanted:
                return
            tape = await self.directory.tape(self.webinar_id, wanted.video)
            self._unplayable = wanted if tape is None else None
            if tape is not None:
                self._player = Player(self.program, tape, wanted)

    async def _record(self) -> None:
        """Recording is on exactly while the crew wants it and the audience sees something."""
        wanted = self.plan.recording and self.state == Broadcast.LIVE
        if wanted and self._recorder is None:
            keeper = await self.directory.record(self.webinar_id)
            if keeper is not None:
                self._recorder = Recorder(self.program, keeper)
        elif not wanted and self._recorder is not None:
            self._stop_recording()
        await self._record_ended()

    async def _record_ended(self) -> None:
        if self._ended is not None:
            keeper, self._ended = self._ended, None
            await self.directory.recorded(self.webinar_id, keeper)

    def _stop_recording(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.stop()
            self._ended = recorder.keeper

    def follow(self, plan: Plan) -> None:
        """Take over what the crew decided."""
        self.plan = plan
        self.director.chosen = plan.chosen
        for session in list(self.sessions.values()):
            if plan.gone or session.seat in plan.removed or session.seat in self._placed - plan.seats.keys():
                session.end()
        self._placed = set(plan.seats)
        self.program.speak(plan.languages)
        self._keep_back()
        state, previous = plan.state, self.state
        self.state = state
        if previous == Broadcast.ENDED and state != previous:
            self._begin_again()
        self._offer_small(on=plan.ladder and not plan.gone and state != Broadcast.ENDED)
        self._arrange()
        if not plan.recording or state != Broadcast.LIVE:
            self._stop_recording()
        if state == previous:
            return
        if state == Broadcast.LIVE:
            self.program.go_live()
            if self.onstage is not None:
                self.onstage.ask_for_key()
        elif state == Broadcast.ENDED:
            # The crew may stay among themselves; nobody else sees or hears them any more.
            self._uncompose()
            self.program.close()
        elif previous == Broadcast.LIVE:
            self.program.go_dark()

    def _offer_small(self, *, on: bool) -> None:
        """A smaller picture, where this machine has a place for it."""
        if on and not self._has_place:
            self._has_place = self._places.take()
            if not self._has_place and not self._refused:
                log.warning("webinar %s gets no smaller picture: all places are taken", self.webinar_id)
            self._refused = not self._has_place
        elif not on and self._has_place:
            self._has_place = False
            self._places.give()
        self.program.offer_small(on=self._has_place)
        if self.program.small is not None:
            self.program.small.feeding = self.state in (Broadcast.LIVE, Broadcast.PAUSED)

    def _keep_back(self) -> None:
        if self.plan.rewind != self._rewind:
            self._rewind = self.plan.rewind
            self.program.keep_back(self._room.open(60.0 * self._rewind) if self._rewind else None)

    def _begin_again(self) -> None:
        """Opened again after its end: nothing of what was is shown."""
        for session, feed in self._feeds.values():
            session.listeners.remove(feed)
        self._feeds.clear()
        self._seen = ()
        self._uncompose()
        self.program = Program(self._card, breaks=self.plan.breaks)
        self.program.ask = self._ask
        self._rewind = self._written = 0
        self._keep_back()

    async def close(self) -> None:
        """Drop all."""
        for session in list(self.sessions.values()):
            await session.close()
        if self._player is not None:
            await self._player.stop()
        self._stop_recording()
        await self._record_ended()
        self._uncompose()
        small = self.program.small
        self._offer_small(on=False)
        self.program.close()
        if small is not None:
            await small.ended()


class Studio:
    """All stages of this media process."""

    def __init__(self, directory: Directory, network: Network, pool: Pool, room: BackRoom) -> None:
        self.directory = directory
        self.room = room
        self.network = network
        self.pool = pool
        self.places = Places()
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
        if stage is None:
            plan = await self.directory.plan(webinar_id, anew=True)
            stage = self.stages.get(webinar_id)
            if stage is None:
                stage = self.stages[webinar_id] = Stage(webinar_id, self.directory, plan, self.room, self.places)
                stage.follow(plan)
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
