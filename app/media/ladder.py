"""A second, smaller picture of the same program for who has a poor link: decoded, scaled and encoded by a process of its own.

Its segments have the numbers, beginnings and breaks of the large picture's, so a player changes from one to the other at any of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from app.media import fmp4, h264
from app.media.back import Back
from app.media.cutter import Cutter
from app.media.fmp4 import Sample
from app.media.ladder_worker import BITRATE, LARGEST, LENGTH, Message, Picture, Turn, packed, unpacked
from app.media.track import Track, new_run

log = logging.getLogger("lectern.media")

KIND = "video_small"
SCALE = 90000
BANDWIDTH = BITRATE + 200_000
"""Of picture and sound, in bits a second."""
COMMAND = (sys.executable, "-m", "app.media.ladder_worker")
ROOT = Path(__file__).resolve().parents[2]
BEHIND = 8_000_000
"""Bytes that may wait for the process; with more it is begun anew."""
ENDS_WITHIN = 2.0
PAUSE = 2.0
"""Seconds before it is begun again."""


class Places:
    """How many smaller pictures this machine makes at once."""

    def __init__(self, size: int | None = None) -> None:
        self.free = max(1, (os.cpu_count() or 2) // 2) if size is None else size

    def take(self) -> bool:
        """True when there was one."""
        if self.free <= 0:
            return False
        self.free -= 1
        return True

    def give(self) -> None:
        """Back."""
        self.free += 1


@dataclass(frozen=True, slots=True)
class Beginning:
    """Of a segment of the large picture: its place on the timeline in ticks, its hour, and the breaks up to it."""

    at: int
    when: datetime
    gap: bool
    breaks: int


class Small:
    """The track, its growing part, and the process that makes it."""

    def __init__(self) -> None:
        self._cutter = Cutter(Track(KIND, new_run(), 0), SCALE)
        self.feeding = False
        """Whether pictures are handed on: while nobody watches, the process only stands by."""
        self._child: asyncio.subprocess.Process | None = None
        self._sending = False
        self._beginnings: dict[int, Beginning] = {}
        self._turn: int | None = None
        self._held: Sample | None = None
        self._parameters: h264.Parameters | None = None
        self._task = asyncio.create_task(self._keep())

    @property
    def track(self) -> Track:
        """What can be fetched; another one after the process began anew."""
        return self._cutter.track

    def turn(self, picture: Track, at: int, when: datetime) -> None:
        """The large picture's newest segment begins here."""
        if not self.feeding or self._child is None:
            return
        newest = picture.segments[-1]
        self._beginnings[newest.number] = Beginning(at, when, newest.discontinuity, picture.breaks)
        self._sending = True
        self._send(Turn(newest.number))

    def put(self, sample: Sample) -> None:
        """A picture of the large track."""
        if self._sending:
            self._send(Picture(sample.time + sample.offset, sample.key, h264.annex_b(sample.data)))

    def keep_back(self, back: Back | None) -> None:
        """Late joiners may go back as far as this says."""
        self.track.back = back

    def close(self) -> None:
        """No more of it."""
        self._task.cancel()
        self._end()
        self.track.close()

    async def ended(self) -> None:
        """Wait, after :meth:`close`, until its process is gone."""
        await asyncio.gather(self._task, return_exceptions=True)

    def _send(self, message: Message) -> None:
        child = self._child
        if child is None or child.stdin is None or child.stdin.is_closing():
            return
        child.stdin.write(packed(message))
        if child.stdin.transport.get_write_buffer_size() > BEHIND:
            log.warning("the smaller picture is too slow for this machine; it begins anew")
            self._end()

    def _end(self) -> None:
        child, self._child, self._sending = self._child, None, False
        if child is not None:
            _hang_up(child)

    async def _keep(self) -> None:
        while True:
            # Nothing of our settings goes along: there are secrets among them.
            child = await asyncio.create_subprocess_exec(
                *COMMAND,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={"PYTHONPATH": str(ROOT), "PATH": ""},
            )
            self._child = child
            try:
                with contextlib.suppress(asyncio.IncompleteReadError, msgspec.MsgspecError, OSError):
                    await self._read(child.stdout)
            finally:
                self._child, self._sending = None, False
                await _ended(child)
            self._begin_anew()
            await asyncio.sleep(PAUSE)

    async def _read(self, source: asyncio.StreamReader | None) -> None:
        while source is not None:
            length = int.from_bytes(await source.readexactly(LENGTH))
            if length > LARGEST:
                return
            self._take(unpacked(await source.readexactly(length)))

    def _begin_anew(self) -> None:
        """What comes later does not follow on what was: another track."""
        back = self.track.back
        for segment in self.track.segments:
            if segment.kept is not None:
                segment.kept.drop()
        self.track.close()
        self._cutter = Cutter(Track(KIND, new_run(), 0), SCALE)
        self.track.back = back
        self._beginnings.clear()
        self._turn = self._held = self._parameters = None

    def _take(self, message: Message) -> None:
        if isinstance(message, Turn):
            self._turn = message.number
            return
        if self._turn is not None:
            self._open(self._turn, message)
            self._turn = None
        elif self._held is not None:
            self._close_held(message.at)
        self._held = Sample(h264.sample(message.data), max(message.at, self._held.time + 1 if self._held else 0), 0, message.key)

    def _open(self, number: int, first: Picture) -> None:
        """A segment, with the number it has in the large picture."""
        beginning = self._beginnings.pop(number, None)
        found = h264.parameters(first.data)
        if beginning is None or found is None or (self.track.segments and number != self.track.next_number):
            raise OSError  # What belongs together does not any more: begin anew.
        for old in [old for old in self._beginnings if old < number]:
            del self._beginnings[old]
        if self._held is not None:
            self._close_held(beginning.at)
        self._cutter.flush()
        if found != self._parameters:
            self._parameters = found
            self._cutter.init += 1
            self.track.inits[self._cutter.init] = fmp4.video_init(found, SCALE)
            self.track.codec, self.track.size = found.codec, (found.width, found.height)
        if not self.track.segments:
            self.track.breaks_before = self.track.breaks = beginning.breaks - beginning.gap
            self.track.next_number = number
        self.track.open_segment(self._cutter.init, beginning.when, discontinuity=beginning.gap)
        self._held = None

    def _close_held(self, until: int) -> None:
        held, self._held = self._held, None
        if held is None:
            return
        held.duration = max(1, until - held.time)
        self._cutter.put(held)


async def _ended(child: asyncio.subprocess.Process) -> None:
    """It ends when nobody speaks to it any more; if not, by force."""
    _hang_up(child)
    try:
        async with asyncio.timeout(ENDS_WITHIN):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


def _hang_up(child: asyncio.subprocess.Process) -> None:
    if child.stdin is not None and not child.stdin.is_closing():
        child.stdin.transport.abort()
