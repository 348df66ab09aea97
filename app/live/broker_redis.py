"""The bridge between web processes over Redis publish/subscribe.

Nothing persists and nothing is in clear: messages are sealed under a key derived from the installation's secret, room names are
keyed hashes, counters expire. A lost connection comes back by itself; what was missed meanwhile is healed by the hub's poll.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import os
import time
from collections import deque
from collections.abc import Callable, Coroutine

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.exceptions import RedisError

from app.live.broker import Listener
from app.live.redis_lines import Line, open_line

log = structlog.get_logger(__name__)

COUNT_SECONDS = 15
RETRY_SECONDS = 0.5
LISTEN_SECONDS = 3.0
"""Who joins a room waits no longer for a bridge that hangs; the poll finds what it does not tell."""
OUTBOX_MAX = 10_000
BATCH_MAX = 500

_decode = msgspec.msgpack.Decoder(list[bytes]).decode


class RedisBroker:
    """One subscription per room and process."""

    def __init__(self, url: str, secret: str, listener: Listener) -> None:
        self._url = url
        self._key = hmac.digest(secret.encode(), b"lectern.broker", hashlib.sha256)
        self._cipher = AESGCM(self._key)
        self._listener = listener
        self._rooms: dict[bytes, str] = {}
        self._process = os.urandom(8)
        self._line: Line | None = None
        self._opening = asyncio.Lock()
        self._broken = False
        self._missed = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._outbox: deque[tuple[str, bytes]] = deque()

    async def publish(self, room: str, message: bytes) -> None:
        if self._channel(room) in self._rooms:
            # Here at once: what this process does must not wait for Redis to come back to it.
            await self._tell(room, message)
        # Nor must a Redis that hangs keep the answer to a command that is committed.
        if len(self._outbox) >= OUTBOX_MAX:
            self._outbox.popleft()
        self._outbox.append((room, message))
        self._run("sender", self._send)

    async def listen(self, room: str) -> None:
        channel = self._channel(room)
        self._rooms[channel] = room
        try:
            async with asyncio.timeout(LISTEN_SECONDS):
                await (await self._way()).subscribe([channel])
        except (RedisError, OSError) as error:
            self._lost(error)

    async def leave(self, room: str) -> None:
        channel = self._channel(room)
        self._rooms.pop(channel, None)
        with contextlib.suppress(RedisError, OSError):
            if self._line is not None:
                await self._line.unsubscribe(channel)

    async def count(self, room: str, here: int) -> int:
        now = int(time.time())
        if self._broken:
            return here
        try:
            line = await self._way()
            counts = await line.count(b"count:" + self._channel(room), self._process.hex(), f"{here}:{now}", COUNT_SECONDS)
        except (RedisError, OSError):
            return here
        pairs = (value.decode().split(":") for value in counts.values())
        return sum(int(count) for count, at in pairs if int(at) > now - COUNT_SECONDS)

    def missed(self) -> bool:
        missed, self._missed = self._missed, self._broken
        return missed

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._line is not None:
            await self._line.close()

    async def _way(self) -> Line:
        async with self._opening:
            if self._line is None:
                self._line = await open_line(self._url, self._heard, self._lost)
            return self._line

    def _lost(self, error: Exception) -> None:
        log.warning("broker.lost", error=type(error).__name__)
        self._broken = self._missed = True
        self._run("mender", self._mend)

    async def _mend(self) -> None:
        """Everything anew, until all rooms are heard again."""
        while self._broken:
            await asyncio.sleep(RETRY_SECONDS)
            try:
                async with self._opening:
                    old, self._line = self._line, None
                    if old is not None:
                        await old.close()
                line = await self._way()
                if self._rooms:
                    await line.subscribe(list(self._rooms))
                self._broken = False
                self._run("sender", self._send)
            except (RedisError, OSError) as error:
                log.warning("broker.unreachable", error=type(error).__name__)

    async def _send(self) -> None:
        while self._outbox and not self._broken:
            taken = [self._outbox.popleft() for _ in range(min(len(self._outbox), BATCH_MAX))]
            batch: dict[str, list[bytes]] = {}
            for room, message in taken:
                batch.setdefault(room, []).append(message)
            try:
                await (await self._way()).publish([self._sealed(room, messages) for room, messages in batch.items()])
            except (RedisError, OSError) as error:
                # The other hubs find changes by their poll of the numbers. What has no number waits here with the rest; whatever
                # comes twice does nothing the second time.
                self._outbox.extendleft(reversed(taken))
                self._lost(error)

    def _sealed(self, room: str, messages: list[bytes]) -> tuple[bytes, bytes]:
        nonce, channel = os.urandom(12), self._channel(room)
        return channel, nonce + self._cipher.encrypt(nonce, self._process + msgspec.msgpack.encode(messages), channel)

    async def _tell(self, room: str, message: bytes) -> None:
        try:
            await self._listener(room, message)
        except Exception:
            # One message that went wrong must not make this process deaf.
            log.exception("broker.listener")

    async def _heard(self, channel: bytes, data: bytes) -> None:
        room = self._rooms.get(channel)
        if room is None:
            return
        try:
            plain = self._cipher.decrypt(data[:12], data[12:], channel)
        except (InvalidTag, ValueError):
            log.warning("broker.not_ours")
            return
        if plain.startswith(self._process):
            # What we said ourselves was told when we said it.
            return
        for message in _decode(plain[len(self._process) :]):
            await self._tell(room, message)

    def _run(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """One task of a kind at a time."""
        known = self._tasks.get(name)
        if known is None or known.done():
            self._tasks[name] = asyncio.create_task(work(), name=f"broker-{name}")

    def _channel(self, room: str) -> bytes:
        return b"lectern:" + hmac.digest(self._key, room.encode(), hashlib.sha256)[:16].hex().encode()
