"""One list of promises for every broker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import redis.asyncio as redis

from app.live.broker import Broker, MemoryBroker
from app.live.broker_redis import RedisBroker
from tests.support.redis import RedisServer
from tests.support.until import until

SECRET = "s" * 40


class Ear:
    """Keeps what a broker told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []

    async def __call__(self, room: str, message: bytes) -> None:
        self.heard.append((room, message))


Make = Callable[[Ear], Broker]


@pytest.fixture(params=["memory", "redis"])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    """Makes brokers of one kind, each as a process of its own would have it."""
    made: list[Broker] = []
    url: Any = request.getfixturevalue("redis_url") if request.param == "redis" else None

    def build(ear: Ear) -> Broker:
        made.append(RedisBroker(url, SECRET, ear) if url else MemoryBroker(ear))
        return made[-1]

    yield build
    for broker in made:
        await broker.close()


async def test_a_room_hears_everything_in_order(make: Make) -> None:
    ear = Ear()
    broker = make(ear)
    await broker.listen("room")
    expected = [("room", str(n).encode()) for n in range(50)]
    for room, message in expected:
        await broker.publish(room, message)
    await until(lambda: len(ear.heard) >= 50, what="50 messages heard")
    assert ear.heard == expected


async def test_leaving_stops_one_room_and_not_the_other(make: Make) -> None:
    ear = Ear()
    broker = make(ear)
    await broker.listen("left")
    await broker.listen("kept")
    await broker.leave("left")
    await broker.publish("left", b"unheard")
    await broker.publish("kept", b"heard")
    await until(lambda: ear.heard, what="the kept room heard")
    assert ear.heard == [("kept", b"heard")]


async def test_one_process_counts_itself(make: Make) -> None:
    assert await make(Ear()).count("room", 3) == 3


async def test_every_process_hears_and_counts_add_up(redis_url: str) -> None:
    ears = [Ear(), Ear()]
    brokers = [RedisBroker(redis_url, SECRET, ear) for ear in ears]
    try:
        for broker in brokers:
            await broker.listen("room")
        await brokers[0].publish("room", b"one")
        await until(lambda: all(ear.heard for ear in ears), what="both heard")
        assert await brokers[0].count("room", 3) == 3
        assert await brokers[1].count("room", 4) == 7
        assert await brokers[1].count("another", 1) == 1
    finally:
        for broker in brokers:
            await broker.close()


async def test_nothing_readable_is_in_redis(redis_url: str) -> None:
    ear = Ear()
    broker = RedisBroker(redis_url, SECRET, ear)
    client = redis.from_url(redis_url)
    watching = client.pubsub(ignore_subscribe_messages=True)
    seen: list[dict[str, Any]] = []
    try:
        await watching.psubscribe("*")
        await broker.listen("webinar-name")
        await broker.count("webinar-name", 1)
        await broker.publish("webinar-name", b"a private word")

        async def tapped() -> bool:
            message = await watching.get_message(timeout=0.1)
            if message:
                seen.append(message)
            return bool(seen and ear.heard)

        await until(tapped, what="the message passed Redis")
        keys = await client.keys("*")
        everything = repr((seen, keys))
        assert keys
        assert ear.heard == [("webinar-name", b"a private word")]
        assert "private" not in everything
        assert "webinar-name" not in everything
    finally:
        await watching.aclose()  # type: ignore[no-untyped-call]
        await client.aclose()
        await broker.close()


async def test_hearing_resumes_after_redis_was_gone(redis_server: RedisServer) -> None:
    here, there = Ear(), Ear()
    brokers = [RedisBroker(redis_server.url, SECRET, ear) for ear in (here, there)]
    try:
        for broker in brokers:
            await broker.listen("room")
        redis_server.stop()
        await brokers[0].publish("room", b"meanwhile")
        await until(lambda: ("room", b"meanwhile") in here.heard, what="told at home at least")
        assert not there.heard
        redis_server.start()

        async def heard_again() -> bool:
            await brokers[0].publish("room", b"again")
            return ("room", b"again") in there.heard

        await until(heard_again, within=20, what="the other hears again")
    finally:
        for broker in brokers:
            await broker.close()
