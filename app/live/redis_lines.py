"""How messages go through one Redis server, or through a cluster by sharded publish/subscribe.

Sharded channels live on the node that owns their slot, so a cluster carries the rooms side by side instead of saying everything to every
node. Which of the two it is, the server says when it is first reached.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

import redis.asyncio as redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisError

CONNECT_SECONDS = 2
ANSWER_SECONDS = 5
READ_SECONDS = 0.5
OPTIONS: dict[str, Any] = {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": ANSWER_SECONDS}

Heard = Callable[[bytes, bytes], Awaitable[None]]
Lost = Callable[[Exception], None]


class Line(Protocol):
    """A way through Redis. Everything may raise ``RedisError`` or ``OSError``."""

    async def publish(self, said: Sequence[tuple[bytes, bytes]]) -> None:
        """Channel and message, in order within a channel."""
        ...

    async def subscribe(self, channels: Iterable[bytes]) -> None:
        """Hear these too."""
        ...

    async def unsubscribe(self, channel: bytes) -> None:
        """Hear this no more."""
        ...

    async def count(self, key: bytes, field: str, value: str, seconds: int) -> dict[bytes, bytes]:
        """Set a field that expires with its key; all fields."""
        ...

    async def close(self) -> None:
        """Give back all connections."""
        ...


async def open_line(url: str, heard: Heard, lost: Lost) -> Line:
    """The line to the server at ``url``."""
    server = redis.from_url(url, **OPTIONS)
    try:
        cluster = (await server.info("cluster")).get("cluster_enabled") == 1
    except BaseException:
        await server.aclose()
        raise
    if not cluster:
        return ServerLine(server, heard, lost)
    await server.aclose()
    return ClusterLine(RedisCluster.from_url(url, **OPTIONS), heard, lost)


class Ear:
    """Reads one connection that is subscribed; says once when it is lost."""

    def __init__(self, server: Any, heard: Heard, lost: Lost) -> None:
        self.pubsub = server.pubsub()
        self.wanted: set[bytes] = set()
        self._heard = heard
        self._lost = lost
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Read from now on; after the first subscription."""
        if self._task is None:
            self._task = asyncio.create_task(self._read(), name="broker-ear")

    async def close(self) -> None:
        """Read no more."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(RedisError, OSError):
            await self.pubsub.aclose()

    async def _read(self) -> None:
        try:
            while True:
                message = await self.pubsub.get_message(timeout=READ_SECONDS)
                if message is None:
                    continue
                kind = message["type"]
                if kind in ("message", "smessage"):
                    await self._heard(message["channel"], message["data"])
                elif kind in ("unsubscribe", "sunsubscribe") and message["channel"] in self.wanted:
                    # The slot went to another node, and with it the channel.
                    self._lost(RedisError("the channel moved"))
                    return
        except (RedisError, OSError) as error:
            self._lost(error)


class ServerLine:
    """One server."""

    def __init__(self, server: Any, heard: Heard, lost: Lost) -> None:
        self._server = server
        self._ear = Ear(server, heard, lost)

    async def publish(self, said: Sequence[tuple[bytes, bytes]]) -> None:
        async with self._server.pipeline(transaction=False) as pipe:
            for channel, message in said:
                pipe.publish(channel, message)
            await pipe.execute()

    async def subscribe(self, channels: Iterable[bytes]) -> None:
        wanted = list(channels)
        self._ear.wanted.update(wanted)
        await self._ear.pubsub.subscribe(*wanted)
        self._ear.start()

    async def unsubscribe(self, channel: bytes) -> None:
        self._ear.wanted.discard(channel)
        await self._ear.pubsub.unsubscribe(channel)

    async def count(self, key: bytes, field: str, value: str, seconds: int) -> dict[bytes, bytes]:
        async with self._server.pipeline(transaction=False) as pipe:
            pipe.hset(key, field, value)
            pipe.expire(key, seconds)
            pipe.hgetall(key)
            return dict((await pipe.execute())[2])

    async def close(self) -> None:
        await self._ear.close()
        await self._server.aclose()


class ClusterLine:
    """Many nodes: a connection to hear by for each node that owns a channel of ours."""

    def __init__(self, cluster: Any, heard: Heard, lost: Lost) -> None:
        self._cluster = cluster
        self._heard = heard
        self._lost = lost
        self._ears: dict[str, tuple[Any, Ear]] = {}
        self._where: dict[bytes, Ear] = {}

    async def publish(self, said: Sequence[tuple[bytes, bytes]]) -> None:
        by_channel: dict[bytes, list[bytes]] = {}
        for channel, message in said:
            by_channel.setdefault(channel, []).append(message)
        await asyncio.gather(*(self._publish(channel, messages) for channel, messages in by_channel.items()))

    async def subscribe(self, channels: Iterable[bytes]) -> None:
        await self._cluster.initialize()
        for channel in channels:
            node = self._cluster.get_node_from_key(channel)
            if node.name not in self._ears:
                server = redis.Redis(host=node.host, port=node.port, **self._login())
                self._ears[node.name] = server, Ear(server, self._heard, self._lost)
            ear = self._where[channel] = self._ears[node.name][1]
            ear.wanted.add(channel)
            await ear.pubsub.ssubscribe(channel)
            ear.start()

    async def unsubscribe(self, channel: bytes) -> None:
        ear = self._where.pop(channel, None)
        if ear is not None:
            ear.wanted.discard(channel)
            await ear.pubsub.sunsubscribe(channel)

    async def count(self, key: bytes, field: str, value: str, seconds: int) -> dict[bytes, bytes]:
        await self._cluster.hset(key, field, value)
        await self._cluster.expire(key, seconds)
        return dict(await self._cluster.hgetall(key))

    async def close(self) -> None:
        for server, ear in self._ears.values():
            await ear.close()
            await server.aclose()
        await self._cluster.aclose()

    async def _publish(self, channel: bytes, messages: Sequence[bytes]) -> None:
        for message in messages:
            await self._cluster.execute_command("SPUBLISH", channel, message)

    def _login(self) -> dict[str, Any]:
        """Name, password and TLS, as the cluster's own connections have them."""
        given = self._cluster.connection_kwargs
        names = ("username", "password", "ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_keyfile")
        known = {name: given[name] for name in names if given.get(name) is not None}
        return {**OPTIONS, **known, "ssl": "SSL" in str(given.get("connection_class", ""))}
