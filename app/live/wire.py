"""The websocket protocol class for uvicorn: RFC 6455, lean, with a door for ready frames.

The hub encodes a frame once and writes the same bytes to every socket's transport; the door is ``scope["extensions"]["lectern"]``.
Writes through it and writes of the connection's own ``send`` go to the same transport, so neither overtakes the other. No
extension is negotiated: deflate per socket doubles cost and memory, and would mix secrets with what others wrote.

An idle socket costs this object, one task that waits in ``receive``, and its transport: no timer, no queue, no headers kept.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, cast

from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl

from app.live.heart import Heart
from app.live.rfc6455 import Broken, Finished, Message, Parser, Ping, close_frame, frame, text_frame
from app.live.upgrade import Refused, Upgrade, accepted, read_upgrade, refusal
from app.protocol.codes import Close

__all__ = ["DOOR", "Gone", "LiveProtocol", "text_frame"]

DOOR = "lectern"
HEART = "lectern.heart"
CLOSE_SECONDS = 3.0
"""A peer that never answers our close frame is cut off after this; its unread bytes have as long to drain."""
MESSAGES_AT_ONCE = 500
"""Messages that may wait for the application: what came in one piece before reading was paused. A piece of six-byte messages would
otherwise hold fifty times its size."""
RETURNS_A_SECOND = 500
"""How many are asked to come back in each second after a restart."""
PONG, PING, BINARY = 0xA, 0x9, 0x2
NEW, OPEN, CLOSING, GONE = range(4)

log = logging.getLogger(__name__)


class Gone(OSError):
    """The peer is not there any more: what ASGI wants ``send`` to raise."""


class Roll(Protocol):
    """The sockets that get the same, as one of them sees it (:mod:`app.live.sweep`)."""

    def unsettle(self, place: int) -> None:
        """Ask whoever is at ``place`` before the next frame."""
        ...


class LiveProtocol(asyncio.Protocol):
    """One socket. uvicorn makes it when an upgrade was asked for, and hands it the request's head first."""

    __slots__ = (
        "_answered",
        "_app",
        "_app_state",
        "_close_timer",
        "_config",
        "_heart",
        "_held",
        "_messages",
        "_parser",
        "_server_state",
        "_upgrade",
        "_waiter",
        "_writable",
        "blocked",
        "buffered",
        "fd",
        "paused_since",
        "place",
        "pour",
        "roll",
        "slot",
        "state",
        "transport",
    )

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        self._config = config
        self._server_state = server_state
        self._app_state = app_state
        self._app: Any = config.loaded_app
        self._heart: Heart | None = None
        self._parser: Parser | None = Parser(config.ws_max_size)
        self._messages: deque[dict[str, Any]] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._upgrade: Upgrade | None = None
        self._close_timer: asyncio.TimerHandle | None = None
        self._answered = True
        self._held = False
        self.state = NEW
        self.slot = 0
        self.transport: asyncio.Transport = None  # type: ignore[assignment]
        self.roll: Roll | None = None
        """Where it is told when this must not simply be written to; it is at ``place`` there."""
        self.place = 0
        self.pour: Callable[[bytes], None] = _nowhere
        """The transport's own ``write``, for a roll that knows already."""
        self.fd = -1
        """For writing past the transport, while it holds nothing (:mod:`app.live.sweep`); -1 when that must not be, as over TLS."""
        self.buffered: Callable[[], int] = _nothing
        self.blocked = True
        """True when a ready frame must not simply be written: not open, on its way out, or behind with reading."""
        self.paused_since = 0.0
        """When the peer fell behind; 0 when it has not."""

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.pour = self.transport.write
        self.buffered = self.transport.get_write_buffer_size
        self._server_state.connections.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._server_state.connections.discard(self)
        self._finish(1006 if self.state is not CLOSING else 1005)
        # Before the transport closes the file descriptor, whose number may then belong to somebody else.
        self.state, self.blocked, self.fd = GONE, True, -1
        self.pour, self.buffered = _nowhere, _nothing
        self._unsettle()
        if self._heart is not None:
            self._heart.discard(self)
        if self._close_timer is not None:
            self._close_timer.cancel()
            self._close_timer = None
        self.resume_writing()

    def eof_received(self) -> None:
        self.fd = -1
        self._unsettle()

    def pause_writing(self) -> None:
        self.blocked = True
        self._unsettle()
        self.paused_since = asyncio.get_running_loop().time()

    def resume_writing(self) -> None:
        self.paused_since = 0.0
        self.blocked = self.state is not OPEN
        if self._writable is not None:
            waiter, self._writable = self._writable, None
            if not waiter.done():
                waiter.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._upgrade is None and self.state is NEW:
            self._begin(data)
            return
        self._answered = True
        if self._parser is None:
            return
        try:
            for event in self._parser.feed(data):
                self._heard(event)
        except Broken as broken:
            self._fail(broken.code, broken.reason)

    # What uvicorn asks.

    def shutdown(self) -> None:
        """The process goes away: everybody is asked to come back, spread over some seconds."""
        if self.state is NEW:
            self._refuse(500)
            return
        spread = len(self._server_state.connections) / RETURNS_A_SECOND
        self.close(Close.RESTART, f"retry_after={random.uniform(0, spread):.1f}")

    # What the heart asks.

    def beat(self) -> None:
        """Ping; a peer that said nothing at all since the last ping is given up."""
        if self.state is not OPEN:
            return
        if not self._answered:
            self.close(Close.SLOW, "no answer to a ping")
            self.transport.abort()
            return
        self._answered = False
        self.write(frame(PING, b""))

    # The door.

    def write(self, data: bytes) -> None:
        """Write behind all that was written before."""
        self.pour(data)
        self._unsettle()

    def write_frame(self, ready: bytes) -> bool:
        """Write a ready frame; False when the connection is on its way out and nothing was written."""
        if self.state is not OPEN or self.transport.is_closing():
            return False
        self.write(ready)
        return True

    def waiting_bytes(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return self.buffered()

    def close(self, code: int, reason: str = "", within: float = CLOSE_SECONDS) -> None:
        """Say farewell behind what is still to be read; cut after ``within`` seconds."""
        if self.state is not OPEN:
            return
        self.write(close_frame(code, reason))
        self._finish(code, reason)
        self.state, self.blocked = CLOSING, True
        self._read_on()
        self._close_timer = asyncio.get_running_loop().call_later(within, self.transport.abort)

    # ASGI.

    async def run(self, scope: dict[str, Any]) -> None:
        """The application on this socket."""
        try:
            await self._app(scope, self.receive, self.send)
        except Gone:
            pass
        except Exception:
            log.exception("live.application")
            if self.state is NEW:
                self._refuse(500)
            self.close(1011, "fault of the server")
        else:
            if self.state is NEW:
                self._refuse(500)
            self.close(1000)

    async def receive(self) -> dict[str, Any]:
        """The next message."""
        while not self._messages:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        message = self._messages.popleft()
        if not self._messages:
            self._messages = None
            if self._held:
                self._read_on()
        return message

    async def send(self, message: dict[str, Any]) -> None:
        """Accept, send or close. Raises :class:`Gone`."""
        kind = message["type"]
        if self.state is GONE:
            raise Gone
        if self.state is NEW:
            self._answer(message)
        elif kind == "websocket.close":
            self.close(message.get("code") or 1000, message.get("reason") or "")
        elif kind == "websocket.send" and self.state is OPEN:
            text = message.get("text")
            self.write(text_frame(text.encode()) if text is not None else frame(BINARY, message["bytes"]))
            if self.paused_since:
                self._writable = self._writable or asyncio.get_running_loop().create_future()
                await asyncio.shield(self._writable)
        elif kind != "websocket.send":
            raise RuntimeError(f"unexpected ASGI message {kind}")

    # Inside.

    def _unsettle(self) -> None:
        if self.roll is not None:
            self.roll.unsettle(self.place)

    def _begin(self, head: bytes) -> None:
        try:
            upgrade = self._upgrade = read_upgrade(head)
        except Refused as refused:
            self._refuse(refused.status)
            return
        scope = self._scope(upgrade)
        self._put({"type": "websocket.connect"})
        task = asyncio.get_running_loop().create_task(self.run(scope))
        self._server_state.tasks.add(task)
        task.add_done_callback(self._server_state.tasks.discard)

    def _scope(self, upgrade: Upgrade) -> dict[str, Any]:
        path, root = upgrade.path, self._config.root_path
        return {
            "type": "websocket",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(self.transport) else "ws",
            "server": get_local_addr(self.transport),
            "client": get_remote_addr(self.transport),
            "root_path": root,
            "path": root + path,
            "raw_path": (root + path).encode("utf-8", "surrogateescape"),
            "query_string": upgrade.query,
            "headers": upgrade.headers,
            "subprotocols": upgrade.subprotocols,
            "state": self._app_state.copy(),
            "extensions": {DOOR: self},
        }

    def _answer(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.accept":
            upgrade, self._upgrade = self._upgrade, _ANSWERED
            if upgrade is not None:
                self.write(accepted(upgrade, message.get("headers", ()), message.get("subprotocol")))
                # Several kilobytes that nobody reads again, for as long as the socket lives.
                upgrade.headers.clear()
                self.state = OPEN
                self._open_door()
                self.blocked = bool(self.paused_since)
                self._beat_from_now()
        elif message["type"] == "websocket.close":
            self._refuse(403)
        else:
            raise RuntimeError(f"unexpected ASGI message {message['type']}")

    def _open_door(self) -> None:
        connected = self.transport.get_extra_info("socket")
        if connected is not None and not is_ssl(self.transport):
            self.fd = connected.fileno()

    def _beat_from_now(self) -> None:
        interval = self._config.ws_ping_interval
        if interval:
            heart: Heart | None = self._app_state.get(HEART)
            if heart is None:
                heart = self._app_state[HEART] = Heart(interval)
            self._heart = heart
            heart.add(self)

    def _refuse(self, status: int) -> None:
        self.write(refusal(status))
        self._finish(1006)
        self.state = CLOSING
        self.transport.close()

    def _heard(self, event: Message | Ping | Finished) -> None:
        if isinstance(event, Finished):
            self._farewell(event)
        elif self.state is not OPEN:
            return
        elif isinstance(event, Ping):
            # Behind with reading and asking for more to read: it gets no more than it can hold.
            if not self.paused_since:
                self.write(frame(PONG, event.payload))
        else:
            kind = {"text": event.text} if event.data is None else {"bytes": event.data}
            waited_for = self._waiter is not None and not self._waiter.done()
            self._put({"type": "websocket.receive", **kind})
            if not waited_for and not self._held:
                # The application is at work on another one: no more until it asks again.
                self._held = True
                self.transport.pause_reading()
            if self._messages is not None and len(self._messages) > MESSAGES_AT_ONCE:
                raise Broken(1008, "too many messages at once")

    def _farewell(self, event: Finished) -> None:
        if self.state is OPEN:
            self.write(close_frame(event.code, event.reason))
            self._finish(event.code, event.reason)
        self.state, self.blocked, self._parser = CLOSING, True, None
        self._unsettle()
        self.transport.close()

    def _fail(self, code: int, reason: str) -> None:
        """Name the broken rule, then hear no more. Reading goes on for a moment: closing a TCP connection with unread bytes
        resets it, and the peer would never see why."""
        self._parser = None
        self.close(code, reason)
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _finish(self, code: int, reason: str = "") -> None:
        """The application hears once that it is over."""
        if self.state in (NEW, OPEN):
            self._put({"type": "websocket.disconnect", "code": code, "reason": reason})

    def _put(self, message: dict[str, Any]) -> None:
        if self._messages is None:
            self._messages = deque()
        self._messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _read_on(self) -> None:
        self._held = False
        if self.state is not GONE and not self.transport.is_closing():
            self.transport.resume_reading()


_ANSWERED = Upgrade(b"", [], b"")


def _nothing() -> int:
    """What a lost connection still has to write."""
    return 0


def _nowhere(_data: bytes) -> None:
    """Where a lost connection's frames go."""
