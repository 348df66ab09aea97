"""Counts of several processes together, in Redis: keyed hashes that expire with their window, and nothing else.

A Redis that is away or slow never keeps anybody waiting: this process counts for itself until it is back.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any

import redis.asyncio as redis
import structlog
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisError

from app.core.clock import Clock
from app.core.limits import MemoryCounters

log = structlog.get_logger(__name__)

PATIENCE = 0.5
"""Seconds Redis may take to answer."""
PAUSE = 5.0
"""Seconds it is left alone after it did not."""
_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('PTTL', KEYS[1])}
"""
"""One script, so that no key is ever without its end."""


class RedisCounters:
    """Implements :class:`app.core.limits.Counters` for all processes of an installation."""

    def __init__(self, url: str, secret: str, clock: Clock) -> None:
        self._url = url
        self._secret = hmac.digest(secret.encode(), b"lectern.limits", hashlib.sha256)
        self._clock = clock
        self._here = MemoryCounters(clock)
        self._server: Any = None
        self._opening = asyncio.Lock()
        self._away_until = 0.0

    async def count(self, name: str, subject: str, seconds: float) -> tuple[int, float]:
        answer = await self._ask("eval", _COUNT, 1, self._key(name, subject), round(seconds * 1000))
        # Counted here too: when Redis goes away, nobody starts again from nothing.
        here = await self._here.count(name, subject, seconds)
        return (int(answer[0]), max(0.0, int(answer[1]) / 1000)) if answer is not None else here

    async def forget(self, name: str, subject: str) -> None:
        await self._here.forget(name, subject)
        await self._ask("delete", self._key(name, subject))

    async def close(self) -> None:
        if self._server is not None:
            await self._server.aclose()

    def _key(self, name: str, subject: str) -> str:
        """Another one every day, and no way back to the subject without the installation's secret."""
        said = f"{self._clock.now().date()}|{name}|{subject}"
        return "limit:" + hmac.digest(self._secret, said.encode(), hashlib.sha256)[:16].hex()

    async def _ask(self, command: str, *words: Any) -> Any:
        if self._clock.monotonic() < self._away_until:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                return await getattr(await self._way(), command)(*words)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = self._clock.monotonic() + PAUSE
            log.warning("limits.alone", error=type(error).__name__)
            return None

    async def _way(self) -> Any:
        async with self._opening:
            if self._server is None:
                server: Any = redis.from_url(self._url)
                try:
                    cluster = (await server.info("cluster")).get("cluster_enabled") == 1
                except BaseException:
                    await server.aclose()
                    raise
                if cluster:
                    await server.aclose()
                    server = RedisCluster.from_url(self._url)
                self._server = server
            return self._server
