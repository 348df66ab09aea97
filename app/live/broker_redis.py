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

import redis.asyncio as redis
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.exceptions import RedisError

from app.live.broker import Listener

log = structlog.get_logger(__name__)

COUNT_SECONDS = 15
RETRY_SECONDS = 0.5


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

    async def publish(self, room: str, message: bytes) -> None:
        nonce = os.urandom(12)
        channel = self._channel(room)
        try:
            await self._redis.publish(channel, nonce + self._cipher.encrypt(nonce, message, channel))
        except (RedisError, OSError) as error:
            # Committed already: every hub, this one included, finds it by its poll of the sequence numbers.
            log.warning("broker.unreachable", error=type(error).__name__)
            await self._listener(room, message)

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
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]
        await self._redis.aclose()

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
        await self._listener(room, plain)

    async def _subscribe_again(self) -> None:
        with contextlib.suppress(RedisError, OSError):
            if self._rooms:
                await self._pubsub.subscribe(*self._rooms)

    def _channel(self, room: str) -> bytes:
        return b"lectern:" + hmac.digest(self._key, room.encode(), hashlib.sha256)[:16].hex().encode()
