"""One list of promises for every broker."""

from __future__ import annotations

import asyncio
import random
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio as redis

from app.live.broker import Broker, MemoryBroker
from app.live.broker_redis import RedisBroker
from app.live.redis_lines import ClusterLine
from tests.support.ports import find_free_port
from tests.support.processes import need
from tests.support.redis import RedisServer
from tests.support.until import until, wait_until

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


async def test_whoever_speaks_hears_it_first_and_once(make: Make) -> None:
    ear = Ear()
    broker = make(ear)
    await broker.listen("room")
    await broker.publish("room", b"said")
    assert ear.heard == [("room", b"said")]
    await broker.publish("other", b"unheard")
    await broker.publish("room", b"again")
    assert ear.heard == [("room", b"said"), ("room", b"again")]


async def test_a_bridge_that_was_broken_says_so_once_and_what_waited_still_arrives(redis_server: RedisServer) -> None:
    here, there = Ear(), Ear()
    brokers = [RedisBroker(redis_server.url, SECRET, ear) for ear in (here, there)]
    try:
        for broker in brokers:
            await broker.listen("room")
        assert not brokers[1].missed()
        redis_server.stop()
        await until(brokers[1].missed, what="the other notices")
        await brokers[0].publish("room", b"a word without a number")
        redis_server.start()
        await until(lambda: there.heard == [("room", b"a word without a number")], within=20, what="it arrives late, and once")
        await until(lambda: not brokers[1].missed(), what="the bridge is whole again")
        assert not brokers[1].missed()
        assert here.heard == [("room", b"a word without a number")]
    finally:
        for broker in brokers:
            await broker.close()


async def test_no_answer_of_redis_goes_to_somebody_else_whoever_gives_up_waiting(redis_url: str) -> None:
    """The storm of cancellations: each asks for its own key; the fault would be an answer that belongs to another (CVE-2023-28858)."""
    broker = RedisBroker(redis_url, SECRET, Ear())
    dice = random.Random(4)
    wrong: list[tuple[int, int]] = []
    cancelled = answered = 0

    async def ask(number: int) -> None:
        counted = await broker.count(f"room-{number}", number)
        if counted != number:
            wrong.append((number, counted))

    try:
        loop, number = asyncio.get_running_loop(), 0
        while cancelled < 10_000:
            tasks = [asyncio.create_task(ask(number + place)) for place in range(200)]
            number += 200
            for task in tasks:
                loop.call_later(dice.random() * 0.01, task.cancel)
            done = await asyncio.gather(*tasks, return_exceptions=True)
            cancelled += sum(isinstance(one, asyncio.CancelledError) for one in done)
            answered += sum(one is None for one in done)
        assert await broker.count("after", 7) == 7
    finally:
        await broker.close()
    assert wrong == []
    assert answered > 100, "the control: some did get an answer in the storm"


@pytest.fixture
def cluster_url(tmp_path: Path) -> Iterator[str]:
    """Three nodes that own a third of the slots each."""
    clustered = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port")
    nodes = [RedisServer(tmp_path / name, *clustered, str(find_free_port())) for name in "abc"]
    try:
        for node in nodes:
            node.folder.mkdir()
            node.start()
        subprocess.run(
            [
                need("redis-cli", "redis-tools"),
                "--cluster",
                "create",
                *(f"127.0.0.1:{node.port}" for node in nodes),
                "--cluster-yes",
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )
        whole = [node.ask for node in nodes]
        wait_until(
            lambda: all("cluster_state:ok" in ask("CLUSTER", "INFO") for ask in whole), within=30, what="the cluster is whole"
        )
        yield nodes[0].url.removesuffix("/0")
    finally:
        for node in nodes:
            node.stop()


async def test_a_cluster_carries_rooms_by_its_shards(cluster_url: str) -> None:
    here, there = Ear(), Ear()
    brokers = [RedisBroker(cluster_url, SECRET, ear) for ear in (here, there)]
    rooms = [f"room-{number}" for number in range(12)]
    try:
        for broker in brokers:
            for room in rooms:
                await broker.listen(room)
        said = [(room, f"{turn} in {room}".encode()) for turn in range(5) for room in rooms]
        for room, message in said:
            await brokers[0].publish(room, message)
        await until(lambda: len(there.heard) >= len(said), within=20, what="all rooms are heard over the cluster")
        assert here.heard == said
        for room in rooms:
            assert [message for heard, message in there.heard if heard == room] == [
                message for name, message in said if name == room
            ]
        line = brokers[1]._line
        assert isinstance(line, ClusterLine)
        assert len(line._ears) == 3, "the control: the rooms are on all three nodes"
        assert await brokers[0].count("room-1", 3) == 3
        assert await brokers[1].count("room-1", 4) == 7
        await brokers[1].leave("room-0")
        await brokers[0].publish("room-0", b"unheard")
        await brokers[0].publish("room-1", b"heard")
        await until(lambda: there.heard[-1] == ("room-1", b"heard"), what="the kept room is heard")
        assert ("room-0", b"unheard") not in there.heard
    finally:
        for broker in brokers:
            await broker.close()
