"""Makes uploaded videos ready: one at a time in each process, each read by a process that is locked in (:mod:`app.media.convert`).

The job does not wait for it, as mails and erasures come after it: it looks again until the row says how it went. Whoever works at a video
says so every second; when that stops, because the process was killed, the next worker removes what was made and begins again.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import msgspec
import structlog
from sqlalchemy import select

from app.core.ids import new_id, new_secret
from app.core.jobs import Handler, JobLater
from app.core.unit import Work
from app.media import videos
from app.media.convert import ASK, BEGIN, DONE, HEAD, HEADER, PIECE, PROGRESS, REFUSED, SEGMENT, WANTED
from app.media.models_recordings import Recording
from app.media.models_videos import Video
from app.media.tape import TapeWriter
from app.media.video_parts import VideoParts, remove
from app.privacy.files import Shelf
from app.privacy.keystore import KeyDestroyed
from app.privacy.vault import SealBroken, Vault
from app.settings import Settings

log = structlog.get_logger(__name__)

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "app.media.convert")
LOOK = 2.0
"""Seconds between looks of the job."""
BEAT = 1.0
STALE = timedelta(seconds=20)
"""After this long without a word whoever worked at a video is gone."""
PATIENCE = 3.0
"""Seconds that the end of the process waits for a conversion to end in good order."""
KINDS = {b"v": "video", b"a": "audio"}
BIGGEST = 64 * 1024 * 1024
"""Bytes of a message from the process; more is none of ours."""
LIMITS = (signal.SIGXCPU,)
"""Signals that end a process whose time is used up."""
SLOWEST = 2.0
"""Times its processor time that a conversion may take on a busy machine."""


class Converting:
    """The jobs of videos."""

    def __init__(self, settings: Settings, work: Work, vault: Vault) -> None:
        self._settings = settings
        self._work = work
        self._vault = vault
        self._shelf = Shelf(settings.data_dir)
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="convert")
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def handlers(self) -> dict[str, Handler]:
        """By kind of job."""
        return {videos.CONVERT: self.convert, videos.SWEEP: self.sweep}

    async def close(self) -> None:
        """End what is under way; another start begins it again."""
        self._stopping = True
        if self._task is not None:
            # Cut off within a transaction, it would leave PostgreSQL's connection with half a message in it.
            await asyncio.wait({self._task}, timeout=PATIENCE)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._threads.shutdown(wait=False)

    async def convert(self, payload: bytes) -> None:
        """Job handler of :data:`videos.CONVERT`: begins, and looks again until it is over."""
        if self._task is not None and not self._task.done():
            raise JobLater(LOOK)
        row = await self._claimed(msgspec.json.decode(payload, type=videos.ConvertJob).video)
        if row is not None:
            self._task = asyncio.create_task(self._run(row))
            raise JobLater(LOOK)

    async def sweep(self, _payload: bytes) -> None:
        """Job handler of :data:`videos.SWEEP`: uploads nobody goes on with are removed."""
        async with self._work.unit() as unit:
            query = select(Video).where(Video.state == "receiving", Video.beat_at < unit.now - videos.KEPT)
            for row in (await unit.session.execute(query)).scalars():
                await videos.drop(unit, self._shelf, row)

    async def _claimed(self, video_id: str) -> Video | None:
        """The row, marked as worked at; None when there is nothing to do. Another worker at it is waited for."""
        async with self._work.unit() as unit:
            row = await unit.session.get(Video, video_id)
            if row is None or row.state not in ("waiting", "working"):
                return None
            if unit.now - row.beat_at < STALE:
                raise JobLater(LOOK)
            before = Left(row.webinar_id, row.recording_id or "")
            row.state, row.beat_at, row.percent, row.recording_id = "working", unit.now, 0, new_id()
        await asyncio.to_thread(before.remove, self._shelf)
        return row

    async def _run(self, row: Video) -> None:
        """One video from beginning to end; says in its row how it went."""
        try:
            problem = await self._made(row)
        except (OSError, SealBroken, KeyDestroyed):
            log.exception("video.trouble", video=row.id)
            problem = "video.stopped"
        except Stopped:
            return
        except Exception:
            log.exception("video.fault", video=row.id)
            problem = "video.stopped"
        if problem:
            await self._failed(row, problem)

    async def _made(self, row: Video) -> str:
        """Make it; gives the code of what is wrong, or nothing."""
        folder, box = self._shelf.things(row.webinar_id), await self._vault.things_box(row.webinar_id)
        parts, tape = VideoParts(folder, box, row.id, row.size), TapeWriter(folder, box, row.recording_id or "")
        try:
            problem = await self._read(row, parts, tape)
            if not problem:
                await asyncio.to_thread(tape.close)
                await self._kept(row, tape)
            return problem
        except GivenUp:
            await self._gone(row)
            return ""
        finally:
            parts.close()
            tape.drop()

    async def _read(self, row: Video, parts: VideoParts, tape: TapeWriter) -> str:
        """Have the locked-in process read it, within its time. Raises :class:`GivenUp`."""
        seconds = self._settings.upload_minutes * 60
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                # Nothing of our settings goes along: there are secrets among them.
                environ, nowhere = {"PYTHONPATH": str(ROOT), "PATH": ""}, asyncio.subprocess.DEVNULL
                child = await asyncio.create_subprocess_exec(
                    *COMMAND, stdin=theirs.fileno(), stdout=nowhere, stderr=nowhere, env=environ
                )
            talk = Talk(ours, parts, tape, seconds)
            talking = asyncio.get_running_loop().run_in_executor(self._threads, talk.run)
            try:
                async with asyncio.timeout(seconds * SLOWEST):
                    while not talking.done():
                        await asyncio.wait({talking}, timeout=BEAT)
                        await self._beat(row, talk.percent)
                        if self._stopping:
                            raise Stopped
                problem = talking.result()
            except TimeoutError:
                problem = "video.heavy"
            finally:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                code = await child.wait()
                await asyncio.wait({talking})
        return "video.heavy" if problem == "video.stopped" and -code in LIMITS else problem

    async def _beat(self, row: Video, percent: int) -> None:
        """Say that it goes on. Raises :class:`GivenUp` when nobody wants it any more."""
        async with self._work.unit() as unit:
            known = await unit.session.get(Video, row.id)
            if known is None:
                raise GivenUp
            known.beat_at, known.percent = unit.now, percent

    async def _kept(self, row: Video, tape: TapeWriter) -> None:
        """It is a recording now."""
        async with self._work.unit() as unit:
            known = await unit.session.get(Video, row.id)
            if known is not None:
                await unit.session.delete(known)
                made = Recording(
                    id=tape.id, webinar_id=row.webinar_id, token=new_secret(), title=row.title, made_at=unit.now, ended_at=unit.now,
                    seconds=tape.seconds, size=tape.size, start=0.0, chapters=[],
                )  # fmt: skip
                unit.session.add(made)
        if known is None:
            await self._gone(row)
        else:
            await asyncio.to_thread(remove, self._shelf.things(row.webinar_id), row.id)

    async def _failed(self, row: Video, problem: str) -> None:
        await self._gone(row)
        async with self._work.unit() as unit:
            known = await unit.session.get(Video, row.id)
            if known is not None:
                known.state, known.problem, known.recording_id = "failed", problem, None

    async def _gone(self, row: Video) -> None:
        """Remove its files, and the folder where that was all."""
        await asyncio.to_thread(videos.forget_files, self._shelf, row)
        for folder in (self._shelf.things(row.webinar_id), self._shelf.webinar(row.webinar_id)):
            with contextlib.suppress(OSError):
                await asyncio.to_thread(folder.rmdir)


class Stopped(Exception):
    """This process ends; another goes on."""


class GivenUp(Exception):
    """Its row is gone: somebody gave it up, or the webinar was erased."""


class Left(msgspec.Struct, frozen=True):
    """What somebody who was killed left behind."""

    webinar_id: str
    recording_id: str

    def remove(self, shelf: Shelf) -> None:
        """Remove it. Blocks."""
        if self.recording_id:
            for name in (self.recording_id, f"{self.recording_id}-list"):
                (shelf.things(self.webinar_id) / name).unlink(missing_ok=True)


class Talk:
    """Gives the process what it asks for, and keeps what it makes. Runs in a thread."""

    def __init__(self, sock: socket.socket, parts: VideoParts, tape: TapeWriter, seconds: int) -> None:
        self._socket = sock
        self._parts = parts
        self._tape = tape
        self._seconds = seconds
        self.percent = 0

    def run(self) -> str:
        """Until it is done; gives the code of what is wrong, or nothing."""
        try:
            self._socket.sendall(BEGIN.pack(self._parts.size, self._seconds))
            while True:
                kind, length = HEAD.unpack(self._take(HEAD.size))
                if length > BIGGEST:
                    return "video.stopped"
                data = self._take(length)
                if kind == DONE:
                    return ""
                if kind == REFUSED:
                    code = data.decode("ascii", "replace")
                    return code if code in videos.PROBLEMS else "video.stopped"
                self._answer(kind, data)
        except (EOFError, BrokenPipeError, ConnectionError, struct.error, KeyError, OverflowError):
            return "video.stopped"

    def _answer(self, kind: bytes, data: bytes) -> None:
        if kind == ASK:
            start, length = WANTED.unpack(data)
            self._socket.sendall(self._parts.read(start, min(length, self._parts.size - start)))
        elif kind == HEADER:
            self._tape.header(KINDS[data[:1]], data[1:])
        elif kind == SEGMENT:
            track, start, seconds = PIECE.unpack(data[: PIECE.size])
            self._tape.segment(KINDS[track], data[PIECE.size :], start, seconds)
        elif kind == PROGRESS:
            self.percent = max(0, min(99, int(struct.unpack(">d", data)[0] * 100)))

    def _take(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            more = self._socket.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return bytes(data)
