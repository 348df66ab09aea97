"""One socket, as the hub sees it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from app.live.seat import Seat
from app.live.wire import DOOR, LiveProtocol, text_frame
from app.protocol.codes import Close

BUFFER_MAX = 1024 * 1024
"""Bytes a slow socket may owe before it is closed with a code that says: come back."""


class Connection:
    """A socket with a seat. Frames are written to the transport; without the door, through plain ASGI send, same bytes."""

    def __init__(self, scope: Any, send: Any, seat: Seat) -> None:
        self.seat = seat
        self.closing = False
        self._send = send
        self._door: LiveProtocol | None = scope["extensions"].get(DOOR)
        self._owed: asyncio.Queue[bytes] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._closer: asyncio.Future[None] | None = None

    def write(self, payload: bytes) -> None:
        """Send one message to this socket alone."""
        self.write_frame(text_frame(payload), payload)

    def write_frame(self, frame: bytes, payload: bytes) -> None:
        """Send a message that was framed once for many."""
        if self.closing:
            return
        if self._door is None:
            self._write_plain(payload)
        elif self._door.waiting_bytes() > BUFFER_MAX:
            self.closing = True
            # It does not read, so a close frame would never arrive: cut, and the browser comes back by itself.
            self._door.cut()
        else:
            self._door.write_frame(frame)

    def close(self, code: int, reason: str = "") -> None:
        """Close with ``code``; what is written after is dropped."""
        if self.closing:
            return
        self.closing = True
        self._closer = asyncio.ensure_future(self._close(code, reason))

    def stop(self) -> None:
        """The socket is gone."""
        self.closing = True
        if self._writer is not None:
            self._writer.cancel()

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
            self.close(Close.SLOW, "slow")

    async def _write_owed(self, owed: asyncio.Queue[bytes]) -> None:
        while True:
            payload = await owed.get()
            await self._send({"type": "websocket.send", "text": payload.decode()})
