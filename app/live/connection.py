"""One socket, as the hub sees it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from starlette.types import Send

from app.live.seat import Seat
from app.live.wire import DOOR, LiveProtocol, text_frame
from app.protocol.codes import Close

BUFFER_MAX = 1024 * 1024
"""Bytes a slow socket may owe before it is closed with a code that says: come back."""
BEHIND_SECONDS = 10.0
"""Seconds it may be behind at all."""
DRAIN_SECONDS = 10.0
"""Seconds it then has to read what it was sent and the farewell behind it."""


class Connection:
    """A socket with a seat. Frames are written to the transport; without the door, through plain ASGI send, same bytes."""

    __slots__ = ("_closer", "_owed", "_send", "_writer", "closing", "door", "seat")

    def __init__(self, door: LiveProtocol | None, send: Send, seat: Seat) -> None:
        self.seat = seat
        self.closing = False
        self.door = door
        self._send = send
        self._owed: asyncio.Queue[bytes] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._closer: asyncio.Future[None] | None = None

    def write(self, *payloads: bytes) -> None:
        """Send messages to this socket alone, all in one go."""
        if self.door is not None:
            self.write_frame(b"".join(map(text_frame, payloads)), b"")
        elif not self.closing:
            for payload in payloads:
                self._write_plain(payload)

    def write_frame(self, frame: bytes, payload: bytes) -> None:
        """Send a message that was framed once for many."""
        if self.closing:
            return
        door = self.door
        if door is None:
            self._write_plain(payload)
        elif not door.blocked:
            door.write(frame)
        elif self._too_slow(door):
            self.closing = True
            door.close(Close.SLOW, "too slow", DRAIN_SECONDS)
        else:
            door.write_frame(frame)

    def close(self, code: int, reason: str = "") -> None:
        """Close with ``code``; what is written after is dropped."""
        if self.closing:
            return
        self.closing = True
        if self.door is not None:
            self.door.close(code, reason)
        else:
            self._closer = asyncio.ensure_future(self._close(code, reason))

    def stop(self) -> None:
        """The socket is gone."""
        self.closing = True
        if self._writer is not None:
            self._writer.cancel()

    def _too_slow(self, door: LiveProtocol) -> bool:
        behind = door.paused_since and asyncio.get_running_loop().time() - door.paused_since > BEHIND_SECONDS
        return bool(behind) or door.waiting_bytes() > BUFFER_MAX

    async def _close(self, code: int, reason: str) -> None:
        with contextlib.suppress(RuntimeError, OSError):
            await self._send({"type": "websocket.close", "code": code, "reason": reason})

    def _write_plain(self, payload: bytes) -> None:
        if self._owed is None:
            self._owed = asyncio.Queue(1000)
            self._writer = asyncio.create_task(self._write_owed(self._owed))
        try:
            self._owed.put_nowait(payload)
        except asyncio.QueueFull:
            self.close(Close.SLOW, "too slow")

    async def _write_owed(self, owed: asyncio.Queue[bytes]) -> None:
        with contextlib.suppress(OSError):
            while True:
                payload = await owed.get()
                await self._send({"type": "websocket.send", "text": payload.decode()})


def door_of(scope: Any) -> LiveProtocol | None:
    """The way to write ready frames, where the server is ours."""
    door = scope.get("extensions", {}).get(DOOR)
    return door if isinstance(door, LiveProtocol) else None
