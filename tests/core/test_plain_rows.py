"""Rows without an object, and the write lock of SQLite taken without a hop to a thread."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core.ids import new_id
from app.core.permissions import Permission, Role
from app.live.seat import Seat
from app.rooms import chat
from app.rooms.models import Message, Webinar
from app.rooms.room import open_room
from tests.support.product import Product


async def room(product: Product) -> tuple[Webinar, Seat]:
    webinar = await product.webinar(await product.account())
    return webinar, Seat(webinar.id, new_id(), Role.PARTICIPANT, None, frozenset({Permission.CHAT_SAY}), "audience")


async def kept(product: Product) -> list[tuple[int, bool]]:
    async with product.work.read() as session:
        return [(row.seq, row.edited) for row in (await session.execute(select(Message).order_by(Message.seq))).scalars()]


async def test_what_was_said_can_be_changed_in_the_same_transaction(product: Product) -> None:
    webinar, seat = await room(product)
    async with product.work.unit(quick=True) as unit:
        opened = await open_room(unit, product.parts.vault, webinar.id)
        await chat.say(opened, seat, chat.Words("Good mornin", ref="first"))
        await unit.session.flush()
        said = (await unit.session.execute(select(Message))).scalar_one()
        await chat.edit(opened, seat, said.id, "Good morning")
        await chat.say(opened, seat, chat.Words("How are you?"))
        assert await chat.say(opened, seat, chat.Words("Good mornin", ref="first")) == 1
    assert await kept(product) == [(2, True), (3, False)]


async def say(product: Product, seat: Seat, words: chat.Words, *, careful: bool = True, fails: bool = False) -> int:
    async with product.work.unit(quick=True) as unit:
        unit.careful = careful
        seq = await chat.say(await open_room(unit, product.parts.vault, seat.webinar_id), seat, words)
        if fails:
            raise ZeroDivisionError
    return seq


async def test_they_go_with_the_transaction_that_fails(product: Product) -> None:
    webinar, seat = await room(product)
    with pytest.raises(ZeroDivisionError):
        await say(product, seat, chat.Words("Good morning"), fails=True)
    assert await kept(product) == []
    assert (await product.row(webinar.id)).seq == 0


async def test_a_constraint_that_one_of_them_breaks_fails_the_commit(product: Product) -> None:
    _, seat = await room(product)
    await say(product, seat, chat.Words("Good morning", ref="once"))
    with pytest.raises(IntegrityError):
        # Without a look for an earlier try of the same, as a group of commands first runs.
        await say(product, seat, chat.Words("Good morning", ref="once"), careful=False)
    assert await say(product, seat, chat.Words("Good morning", ref="once")) == 1
    assert await kept(product) == [(1, False)]


async def test_who_finds_the_lock_taken_waits_for_it_and_holds_nobody_up(product: Product) -> None:
    _, seat = await room(product)
    other = sqlite3.connect(product.parts.settings.data_dir / "lectern.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    saying = asyncio.create_task(say(product, seat, chat.Words("Good morning")))
    # Were it to wait in the event loop, nothing of this would go on before SQLite gives up after ten seconds, and it would fail.
    for _ in range(20):
        assert await kept(product) == []
    assert not saying.done()
    other.execute("COMMIT")
    other.close()
    async with asyncio.timeout(30):
        assert await saying == 1
    assert await kept(product) == [(1, False)]
