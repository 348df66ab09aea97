"""The websocket protocol class for uvicorn: RFC 6455 by the ``websockets`` library, plus a door for ready frames.

The hub encodes a frame once and writes the same bytes to every socket's transport; the door is ``scope["extensions"]["lectern"]``.
Writes through it and writes of the connection's own ``send`` go to the same transport, so neither overtakes the other.
"""

from __future__ import annotations

import struct
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

DOOR = "lectern"


def text_frame(payload: bytes) -> bytes:
    """An unmasked final text frame (RFC 6455 §5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


class LiveProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol with the door; deflate is off, which halves cost and memory."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A peer that never answers our close frame is cut off after this many seconds.
        self.close_timeout = 3.0

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            # The task that runs the application starts later, so the scope can still be added to.
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[DOOR] = self

    def write_frame(self, frame: bytes) -> bool:
        """Write a ready frame; False when the connection is on its way out and nothing was written."""
        if self.close_sent or self.disconnected or self.transport.is_closing() or not self.handshake_complete:
            return False
        self.transport.write(frame)
        return True

    def waiting_bytes(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return self.transport.get_write_buffer_size()

    def cut(self) -> None:
        """Close without waiting for a peer that does not read."""
        self.transport.abort()
