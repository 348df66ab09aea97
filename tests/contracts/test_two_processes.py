"""Two web processes on one database and one Redis are one room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import websockets

from app.core.permissions import Role
from app.live.change import Kick
from app.privacy.erase.ask import By, erase_persons
from app.protocol.codes import Close
from tests.support.product import Product, product_on
from tests.support.server import Serve

Pair = tuple[Product, Product]


@pytest.fixture
async def pair(tmp_path: Path, postgres_url: str, redis_url: str, serve_app: Serve) -> AsyncIterator[Pair]:
    """The same installation twice. The stores are made before the servers, so that they are there until those have ended."""
    shared = {"database_url": postgres_url, "broker_url": redis_url, "secret": "s" * 40, "keys_dir": tmp_path / "keys"}
    async with (
        product_on(tmp_path / "one", serve_app, **shared) as one,
        product_on(tmp_path / "other", serve_app, **shared) as other,
    ):
        yield one, other


async def test_what_is_said_on_one_is_read_on_the_other(pair: Pair) -> None:
    one, other = pair
    webinar = await one.webinar(await one.account())
    async with one.join(webinar.id) as ann, other.join(webinar.id) as bob:
        said = await ann.ask("chat.say", text="from one")
        await bob.until_seq(said["seq"])
        answered = await bob.ask("chat.say", text="from the other")
        await ann.until_seq(answered["seq"])
        await bob.until_seq(answered["seq"])
        assert ann.texts() == bob.texts() == ["from one", "from the other"]


async def test_a_revoked_sign_in_is_closed_on_the_other(pair: Pair) -> None:
    one, other = pair
    webinar = await one.webinar(await one.account())
    async with other.join(webinar.id, Role.MODERATOR, person="mo") as mo, other.join(webinar.id) as bob:
        async with one.work.unit() as unit:
            unit.announce(Kick(webinar.id, Close.REVOKED, session="session-of-mo"))
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await mo.next("never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == Close.REVOKED
        # The control: nobody else of that process was sent away.
        assert (await bob.ask("chat.say", text="still here"))["type"] == "ok"


async def test_a_person_erased_on_one_is_out_unreadable_and_off_screens_on_the_other(pair: Pair) -> None:
    one, other = pair
    account = await one.account()
    webinar = await one.webinar(account)
    async with other.join(webinar.id) as ann, other.join(webinar.id) as bob:
        await ann.ask("chat.say", text="mine", name="Ann")
        said = await bob.ask("chat.say", text="his", name="Bob")
        await bob.until_seq(said["seq"])
        async with one.work.unit() as unit:
            await erase_persons(unit, one.parts.pipeline, By(account, "me", "owner"), webinar.id, [ann.person])
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await ann.next("never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == Close.ERASED
        assert await other.parts.vault.boxes_of(webinar.id, [ann.person]) == {}
        while bob.texts() != ["his"]:
            await bob.read()
        async with other.join(webinar.id, seen={"epoch": webinar.epoch, "seq": 0}) as back:
            assert back.texts() == ["his"]
