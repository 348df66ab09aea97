"""Redis goes away and comes back: people go on, everybody catches up, and what has no number (a revoked sign-in, a role, a ban) is healed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import websockets

from app.accounts import staff
from app.accounts.models import StaffSession
from app.core.ids import new_id
from app.core.permissions import Role
from app.protocol.codes import Close
from tests.live.test_faults_found import member
from tests.support.product import Guest, Product, product_on
from tests.support.redis import RedisServer
from tests.support.server import Serve
from tests.support.until import until

Pair = tuple[Product, Product]


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    return (
        f"sqlite+aiosqlite:///{tmp_path}/shared.db" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
    )


@pytest.fixture
async def pair(tmp_path: Path, redis_server: RedisServer, database_url: str, serve_app: Serve) -> AsyncIterator[Pair]:
    """Two web processes on one database; they end before it does."""
    shared = {"database_url": database_url, "broker_url": redis_server.url, "secret": "s" * 40, "keys_dir": tmp_path / "keys"}
    async with (
        product_on(tmp_path / "one", serve_app, **shared) as one,
        product_on(tmp_path / "other", serve_app, **shared) as other,
    ):
        yield one, other


async def test_people_go_on_without_redis_and_all_have_caught_up_soon_after(pair: Pair, redis_server: RedisServer) -> None:
    one, other = pair
    account = await one.account()
    webinar = await one.webinar(account)
    who = await member(one, account, Role.MODERATOR)
    session = await signed_in(one, who.staff_id)
    async with (
        one.join(webinar.id, Role.MODERATOR, person=who.staff_id, session=session) as ann,
        other.join(webinar.id) as bob,
        one.join(webinar.id) as cleo,
    ):
        first = await ann.ask("chat.say", text="before")
        await bob.until_seq(first["seq"])
        redis_server.stop()
        for number in range(10):
            assert (await ann.ask("chat.say", text=f"without {number}"))["type"] == "ok"
        last = await bob.ask("chat.say", text="from the other side")
        assert last["type"] == "ok"
        await cleo.until_seq(last["seq"])
        redis_server.start()
        after = await ann.ask("chat.say", text="after")
        async with asyncio.timeout(5):
            await asyncio.gather(*(guest.until_seq(after["seq"]) for guest in (ann, bob, cleo)))
        assert ann.texts() == bob.texts() == cleo.texts()
        assert len(bob.texts()) == 13


async def closed(guest: Guest) -> int:
    with pytest.raises(websockets.ConnectionClosed) as over:
        await guest.next("never")
    assert over.value.rcvd is not None
    return over.value.rcvd.code


async def signed_in(product: Product, person: str) -> str:
    """A session in the database; returns the mark that binds sockets to it."""
    mark = new_id()
    async with product.work.unit() as unit:
        unit.session.add(StaffSession(id=mark, staff_id=person, mark=mark, made_at=unit.now, used_at=unit.now))
    return mark


async def test_a_role_and_a_revoked_sign_in_reach_the_other_side_although_redis_was_away(
    pair: Pair, redis_server: RedisServer
) -> None:
    one, other = pair
    account = await one.account()
    webinar = await one.webinar(account)
    owner, petra, max_ = [await member(one, account, role) for role in (Role.OWNER, Role.PRESENTER, Role.INTERPRETER)]
    sessions = [await signed_in(one, who.staff_id) for who in (petra, max_)]
    async with (
        other.join(webinar.id, Role.PRESENTER, person=petra.staff_id, session=sessions[0]) as presenter,
        other.join(webinar.id, Role.INTERPRETER, person=max_.staff_id, session=sessions[1]) as interpreter,
        other.join(webinar.id) as bob,
    ):
        redis_server.stop()
        await until(other.parts.broker.missed, what="the other side notices")
        async with one.work.unit() as unit:
            await staff.set_role(unit, owner, petra.staff_id, Role.MODERATOR)
            await staff.sign_out_everywhere(unit, max_.staff_id)
        redis_server.start()
        assert (await presenter.next("welcome"))["you"]["role"] == Role.MODERATOR
        assert await closed(interpreter) == Close.REVOKED
        # The control: nobody else was sent away.
        assert (await bob.ask("chat.say", text="still here"))["type"] == "ok"
