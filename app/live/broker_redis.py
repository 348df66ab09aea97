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

import redis.asyncio as redis
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.exceptions import RedisError

from app.live.broker import Listener

log = structlog.get_logger(__name__)

COUNT_SECONDS = 15
RETRY_SECONDS = 0.5
OUTBOX_MAX = 10_000
BATCH_MAX = 500


class RedisBroker:
    """One subscription per room and process."""

    def __init__(self, url: str, secret: str, listener: Listener) -> None:
        self._redis = redis.from_url(url, socket_connect_timeout=2, socket_timeout=5)
        self._pubsub = self._redis.pubsub(ignore_subscribe_messages=True)
        self._key = hmac.digest(secret.encode(), b"lectern.broker", hashlib.sha256)
        self._cipher = AESGCM(self._key)
        self._listener = listener
        self._rooms: dict[bytes, str] = {}
        self._process = os.urandom(8).hex()
        self._reader: asyncio.Task[None] | None = None
        self._sender: asyncio.Task[None] | None = None
        self._outbox: deque[tuple[str, bytes]] = deque()

    async def publish(self, room: str, message: bytes) -> None:
        # Not here: a Redis that hangs must not keep the answer to a command that is committed.
        if len(self._outbox) >= OUTBOX_MAX:
            self._outbox.popleft()
        self._outbox.append((room, message))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send(), name="broker-sender")

    async def listen(self, room: str) -> None:
        channel = self._channel(room)
        self._rooms[channel] = room
        try:
            await self._pubsub.subscribe(channel)
        except (RedisError, OSError) as error:
            log.warning("broker.unreachable", error=type(error).__name__)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read(), name="broker-reader")

    async def leave(self, room: str) -> None:
        channel = self._channel(room)
        self._rooms.pop(channel, None)
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.unsubscribe(channel)

    async def count(self, room: str, here: int) -> int:
        key = b"count:" + self._channel(room)
        now = int(time.time())
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.hset(key, self._process, f"{here}:{now}")
                pipe.expire(key, COUNT_SECONDS)
                pipe.hgetall(key)
                _, _, counts = await pipe.execute()
        except (RedisError, OSError):
            return here
        pairs = (value.decode().split(":") for value in counts.values())
        return sum(int(count) for count, at in pairs if int(at) > now - COUNT_SECONDS)

    async def close(self) -> None:
        for task in (self._reader, self._sender):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]
        await self._redis.aclose()

    async def _send(self) -> None:
        while self._outbox:
            batch = [self._outbox.popleft() for _ in range(min(len(self._outbox), BATCH_MAX))]
            try:
                async with self._redis.pipeline(transaction=False) as pipe:
                    for room, message in batch:
                        nonce, channel = os.urandom(12), self._channel(room)
                        pipe.publish(channel, nonce + self._cipher.encrypt(nonce, message, channel))
                    await pipe.execute()
            except (RedisError, OSError) as error:
                # Committed already: the other hubs find it by their poll of the sequence numbers.
                log.warning("broker.unreachable", error=type(error).__name__)
                for room, message in batch:
                    await self._tell(room, message)

    async def _tell(self, room: str, message: bytes) -> None:
        try:
            await self._listener(room, message)
        except Exception:
            # One message that went wrong must not make this process deaf.
            log.exception("broker.listener")

    async def _read(self) -> None:
        while True:
            try:
                if not self._rooms:
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                message = await self._pubsub.get_message(timeout=RETRY_SECONDS)
                if message is not None:
                    await self._heard(message["channel"], message["data"])
            except (RedisError, OSError) as error:
                log.warning("broker.lost", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                await self._subscribe_again()

    async def _heard(self, channel: bytes, data: bytes) -> None:
        room = self._rooms.get(channel)
        if room is None:
            return
        try:
            plain = self._cipher.decrypt(data[:12], data[12:], channel)
        except (InvalidTag, ValueError):
            log.warning("broker.not_ours")
            return
        await self._tell(room, plain)

    async def _subscribe_again(self) -> None:
        with contextlib.suppress(RedisError, OSError):
            if self._rooms:
                await self._pubsub.subscribe(*self._rooms)

    def _channel(self, room: str) -> bytes:
        return b"lectern:" + hmac.digest(self._key, room.encode(), hashlib.sha256)[:16].hex().encode()
