"""Counts for throttles: of one process in memory, of several in Redis, by the same rules; nobody can be read from them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from app.core.api_router import PER_MINUTE
from app.core.clock import Clock, SetClock
from app.core.errors import Problem
from app.core.limits import Counters, MemoryCounters, Throttle
from app.core.limits_redis import RedisCounters
from app.core.permissions import Role
from tests.api.stand import key_of
from tests.support.product import product_on
from tests.support.redis import RedisServer
from tests.support.server import Serve

WHO = "203.0.113.77"


@pytest.fixture(params=["memory", "redis"])
async def counters(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Counters]:
    made = MemoryCounters(Clock()) if request.param == "memory" else RedisCounters(redis_url, "s" * 40, Clock())
    yield made
    await made.close()


async def test_so_many_tries_and_no_more_each_for_themselves(counters: Counters) -> None:
    throttle, other = Throttle(counters, "sign-in", 3, 900), Throttle(counters, "sign-up", 3, 900)
    for _ in range(3):
        await throttle.check(WHO)
    with pytest.raises(Problem) as refused:
        await throttle.check(WHO)
    assert refused.value.status == 429
    assert 0 < (refused.value.retry_after or 0) <= 900
    await throttle.check("198.51.100.1")
    await other.check(WHO)
    await throttle.forget(WHO)
    await throttle.check(WHO)


async def test_processes_count_together_and_what_they_keep_expires_and_names_nobody(redis_server: RedisServer) -> None:
    clock = SetClock(datetime(2027, 1, 15, tzinfo=UTC))
    one, two, stranger = (RedisCounters(redis_server.url, secret * 40, clock) for secret in "aab")
    for number, each in enumerate((one, two, one, two), 1):
        assert (await each.count("sign-in", WHO, 900))[0] == number
    assert (await stranger.count("sign-in", WHO, 900))[0] == 1, "another installation on the same server"
    keys = redis_server.ask("KEYS", "*").split()
    assert len(keys) == 2
    assert all(WHO not in key and key.startswith("limit:") for key in keys)
    assert {redis_server.ask("TYPE", key) for key in keys} == {"string"}
    assert all(0 < int(redis_server.ask("TTL", key)) <= 900 for key in keys)
    redis_server.stop()
    assert (await one.count("sign-in", WHO, 900))[0] == 3, "alone it goes on from what it counted itself"
    redis_server.start()
    clock.advance(timedelta(minutes=1))
    assert (await one.count("sign-in", WHO, 900))[0] == 1, "Redis is asked again; it kept nothing over its restart"
    for each in (one, two, stranger):
        await each.close()


async def test_passwords_are_guessed_no_faster_on_two_processes_and_a_key_has_one_limit(
    tmp_path: Path, postgres_url: str, redis_url: str, serve_app: Serve
) -> None:
    shared = {"database_url": postgres_url, "broker_url": redis_url, "secret": "s" * 40, "keys_dir": tmp_path / "keys"}
    async with (
        product_on(tmp_path / "one", serve_app, **shared) as one,
        product_on(tmp_path / "other", serve_app, **shared) as other,
        one.client() as here,
        other.client() as there,
    ):
        account = await one.account()
        await one.member(account, Role.OWNER, "olivia@example.org")
        wrong = {"email": "olivia@example.org", "password": "not the one"}
        tried = [(await (here, there)[number % 2].post("/sign-in", data=wrong)).status_code for number in range(11)]
        assert tried == [401] * 10 + [429]
        headers = {"Authorization": f"Bearer {await key_of(one, account)}"}
        async with httpx2.AsyncClient(headers=headers) as api:
            left = [(await api.get(f"{place.url}/api/v1/key")).headers["ratelimit"].split(";")[1] for place in (one, other, one)]
        assert left == [f"r={PER_MINUTE - number}" for number in (1, 2, 3)]
