"""``/live/{webinar}``: one socket from handshake to close."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.core.clock import Clock
from app.core.errors import Problem
from app.core.ids import is_id
from app.live.commands import Bucket, CommandTable, bucket_of
from app.live.commit import Committer
from app.live.connection import Connection
from app.live.hub import Hub
from app.live.seat import Refusal, Seat
from app.protocol import frames
from app.protocol.codes import Close

Admit = Callable[[str, str], Awaitable[Seat | Refusal]]
Translate = Callable[[str, str, Mapping[str, object]], str]

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
        self._origin = origin
        self._hub = hub
        self._table = table
        self._committer = committer
        self._admit = admit
        self._translate = translate
        self._clock = clock

    async def __call__(self, socket: WebSocket) -> None:
        """Serve one socket."""
        webinar_id = socket.path_params["webinar"]
        if socket.headers.get("origin") != self._origin or not is_id(webinar_id):
            # Before the handshake, so a foreign page learns nothing and costs nothing (CSWSH).
            await socket.close(Close.PROTOCOL)
            return
        await socket.accept()
        try:
            connection = await self._enter(socket, webinar_id)
        except WebSocketDisconnect:
            return
        if connection is None:
            return
        try:
            await self._serve(socket, connection)
        except WebSocketDisconnect:
            pass
        finally:
            self._hub.leave(connection)
            connection.stop()

    async def _enter(self, socket: WebSocket, webinar_id: str) -> Connection | None:
        try:
            text = await asyncio.wait_for(socket.receive_text(), frames.HELLO_SECONDS)
            hello = _hello(text)
        except TimeoutError:
            await socket.close(Close.HELLO_LATE, "hello too late")
            return None
        except (msgspec.MsgspecError, KeyError):
            await socket.close(Close.PROTOCOL, "hello expected")
            return None
        seat = await self._admit(webinar_id, hello.ticket)
        if isinstance(seat, Refusal):
            await socket.close(REFUSALS.get(seat.code, Close.PROTOCOL), seat.code)
            return None
        connection = Connection(socket.scope, socket.send, seat)
        try:
            await self._hub.join(connection, hello.seen)
        except Problem as problem:
            await socket.close(Close.GONE, problem.code)
            return None
        return connection

    async def _serve(self, socket: WebSocket, connection: Connection) -> None:
        bucket = bucket_of(connection.seat, self._clock)
        while not connection.closing:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None or len(text) > frames.COMMAND_BYTES:
                connection.close(Close.PROTOCOL, "text frames of at most 16 KB")
                return
            await self._command(connection, bucket, text)

    async def _command(self, connection: Connection, bucket: Bucket, text: str) -> None:
        try:
            bucket.take()
            command = self._table.decode(text)
            if isinstance(command, frames.Sync):
                await self._hub.sync(connection, command.seen)
                return
            answer = await self._committer.submit(connection.seat, command)
            connection.write(frames.ok(command.id, answer))
        except Problem as problem:
            said = self._translate(connection.seat.lang, problem.text, problem.params)
            error = frames.Error(id=self._table.number(text), code=problem.code, text=said, retry_after=problem.retry_after)
            connection.write(msgspec.json.encode(error))
