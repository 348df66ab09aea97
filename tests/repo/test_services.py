"""The services that other tests stand on are themselves real and fresh."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

import asyncpg
import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.support.redis import RedisServer
from tests.support.server import Serve
from tests.support.smtp import Mailbox
from tests.support.until import until


@pytest.mark.parametrize("turn", [1, 2])
async def test_redis_is_empty_at_the_start_of_each_test(redis_url: str, turn: int) -> None:
    async with Redis.from_url(redis_url) as redis:
        assert await redis.dbsize() == 0
        await redis.set("left-behind", turn)
        assert await redis.config_get("save") == {"save": ""}


async def test_a_redis_of_ones_own_can_be_stopped_and_started(redis_server: RedisServer) -> None:
    async with Redis.from_url(redis_server.url) as redis:
        await redis.set("here", "1")
    redis_server.stop()
    redis_server.start()
    async with Redis.from_url(redis_server.url) as redis:
        assert await redis.get("here") is None


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_has_a_fresh_postgres_database(postgres_url: str, turn: int) -> None:
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    assert await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'") == 0
    await connection.execute("create table left_behind (turn int)")
    await connection.close()


async def test_mail_is_kept_by_who_received_it(smtp_server: Mailbox) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ada@example.org", "bob@example.org", "Grüße"
    mail.set_content("Hello")
    with smtplib.SMTP("127.0.0.1", smtp_server.port) as client:
        client.send_message(mail)
    received = await smtp_server.arrives("bob@example.org")
    assert received["Subject"] == "Grüße"
    assert smtp_server.to("ada@example.org") == []


async def test_an_application_is_served_by_a_real_server(serve_app: Serve) -> None:
    from httpx2 import AsyncClient

    served = await serve_app(Starlette(routes=[Route("/", lambda request: PlainTextResponse(request.url.scheme))]))
    async with AsyncClient() as client:
        answer = await client.get(served.url)
    assert (answer.status_code, answer.text) == (200, "http")


async def test_until_fails_at_its_deadline_and_says_what_it_saw() -> None:
    with pytest.raises(AssertionError, match="the moon is blue; last seen: 0"):
        await until(lambda: 0, within=0.05, what="the moon is blue")
