"""``/live/{webinar}``: one socket from handshake to close.

Plain ASGI: thousands of sockets wait in here, so each layer around it would be paid thousands of times.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from starlette.types import Receive, Send

from app.core.clock import Clock
from app.core.errors import Problem
from app.core.ids import is_id
from app.live.commands import CommandTable
from app.live.commit import Committer
from app.live.connection import Connection, door_of
from app.live.hub import Hub
from app.live.limits import Limits
from app.live.seat import Refusal, Seat
from app.protocol import frames
from app.protocol.codes import Close

Admit = Callable[[str, str], Awaitable[Seat | Refusal]]
Translate = Callable[[str, str, Mapping[str, object]], str]

PREFIX = "/live/"
FLOOD_AWAY_SECONDS = 10
REFUSALS = {
    "ticket.expired": Close.TICKET_EXPIRED,
    "ticket.invalid": Close.TICKET_EXPIRED,
    "webinar.unknown": Close.GONE,
    "banned": Close.BANNED,
    "erased": Close.ERASED,
}

_hello = msgspec.json.Decoder(frames.Hello).decode


class LiveEndpoint:
    """The endpoint with all it needs."""

    def __init__(
        self,
        *,
        origin: str,
        hub: Hub,
        table: CommandTable,
        committer: Committer,
        admit: Admit,
        translate: Translate,
        clock: Clock,
    ) -> None:
        self._origin = origin.encode()
        self._hub = hub
        self._table = table
        self._committer = committer
        self._admit = admit
        self._translate = translate
        self._limits = Limits(clock)

    def serves(self, scope: Mapping[str, Any]) -> bool:
        """True for a socket that is meant for here."""
        return scope["type"] == "websocket" and str(scope["path"]).startswith(PREFIX)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        webinar_id = scope["path"][len(PREFIX) :]
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        door = door_of(scope)
        del scope
        await receive()
        if origins != [self._origin] or not is_id(webinar_id):
            # Before the handshake, so a foreign page learns nothing and costs nothing (CSWSH).
            await _close(send, Close.PROTOCOL, "")
            return
        await send({"type": "websocket.accept"})
        connection = await self._enter(door, receive, send, webinar_id)
        if connection is None:
            return
        try:
            await self._serve(connection, receive)
        finally:
            self._hub.leave(connection)
            connection.stop()

    async def _enter(self, door: Any, receive: Receive, send: Send, webinar_id: str) -> Connection | None:
        try:
            async with asyncio.timeout(frames.HELLO_SECONDS):
                message = await receive()
            if message["type"] == "websocket.disconnect":
                return None
            hello = _hello(message.get("text") or "")
        except TimeoutError:
            await _close(send, Close.HELLO_LATE, "hello too late")
            return None
        except msgspec.MsgspecError:
            await _close(send, Close.PROTOCOL, "hello expected")
            return None
        seat = await self._admit(webinar_id, hello.ticket)
        if isinstance(seat, Refusal):
            await _close(send, REFUSALS.get(seat.code, Close.PROTOCOL), seat.code)
            return None
        connection = Connection(door, send, seat)
        try:
            await self._hub.join(connection, hello.seen)
        except Problem as problem:
            await _close(send, Close.GONE, problem.code)
            return None
        return connection

    async def _serve(self, connection: Connection, receive: Receive) -> None:
        while not connection.closing:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None or len(text) > frames.COMMAND_BYTES:
                connection.close(Close.PROTOCOL, "text frames of at most 16 KB")
                return
            await self._command(connection, text)

    async def _command(self, connection: Connection, text: str) -> None:
        seat = connection.seat
        try:
            self._limits.take(seat)
            command = self._table.decode(text)
            if isinstance(command, frames.Sync):
                await self._hub.sync(connection, command.seen)
                return
            answer = await self._committer.submit(seat, command)
            connection.write(frames.ok(command.id, answer))
        except Problem as problem:
            said = self._translate(seat.lang, problem.text, problem.params)
            error = frames.Error(id=self._table.number(text), code=problem.code, text=said, retry_after=problem.retry_after)
            connection.write(msgspec.json.encode(error))
            if self._limits.floods(seat):
                connection.close(Close.SLOW, f"retry_after={FLOOD_AWAY_SECONDS}")
            elif wait := self._limits.calm(seat):
                # Who goes on sending although refused is not read meanwhile, and TCP slows them down.
                await asyncio.sleep(wait)


async def _close(send: Send, code: int, reason: str) -> None:
    await send({"type": "websocket.close", "code": code, "reason": reason})
