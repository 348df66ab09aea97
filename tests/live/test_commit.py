"""Group commit with the product's parts: keys made before the room is locked, and numbers without holes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.core.errors import Problem
from app.core.ids import new_id
from app.core.permissions import Permission, Role
from app.core.unit import Unit
from app.live.answers import Answers
from app.live.change import Change
from app.live.commands import Command, CommandTable, Context
from app.live.commit import Committer
from app.live.seat import Seat
from app.privacy.keystore import KeyStore
from app.protocol.commands.base import Done, Order
from app.protocol.commands.chat import ChatSay
from app.rooms.first_words import FirstWords
from app.rooms.models import Webinar
from app.rooms.room import open_room
from tests.rooms.test_polls import opened
from tests.support.product import Product


class Take(Order, frozen=True, tag="test.take"):
    """Takes a number, and then fails or not."""

    fails: bool = False


async def room(product: Product, **changes: object) -> Webinar:
    return await product.webinar(await product.account(), **changes)


def seat(webinar: Webinar, person: str = "") -> Seat:
    may = frozenset({Permission.CHAT_SAY})
    return Seat(webinar.id, person or new_id(), Role.PARTICIPANT, None, may, "audience")


def keyed(product: Product, webinar: Webinar) -> set[str]:
    """Whoever has a key of their own in this webinar."""
    return {person for person in product.parts.vault._store.carried(f"webinar:{webinar.id}") if person}


@asynccontextmanager
async def committing(product: Product, table: CommandTable, first: FirstWords | None) -> AsyncIterator[Committer]:
    prepare = first.prepare if first else None
    committer = Committer(product.work, table, Answers(product.work.clock), prepare=prepare)
    running = asyncio.create_task(committer.run())
    yield committer
    running.cancel()


async def greet(committer: Committer, seats: Sequence[Seat]) -> list[Any]:
    said = [ChatSay(id=1, ref=new_id(), text="Good morning") for _ in seats]
    return await asyncio.gather(
        *(committer.submit(one, words) for one, words in zip(seats, said, strict=True)), return_exceptions=True
    )


@pytest.fixture
def asked_of_the_store(product: Product, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each time the key store's file was opened: whether a group's transaction was open."""
    asked: list[bool] = []
    open_now = 0
    connect, unit = KeyStore._connect, product.work.unit

    @asynccontextmanager
    async def counted(*, quick: bool = False) -> AsyncIterator[Unit]:
        nonlocal open_now
        async with unit(quick=quick) as given:
            open_now += quick
            yield given
        open_now -= quick

    def noted(self: KeyStore) -> Any:
        asked.append(open_now > 0)
        return connect(self)

    monkeypatch.setattr(product.work, "unit", counted)
    monkeypatch.setattr(KeyStore, "_connect", noted)
    return asked


async def test_a_crowd_that_greets_at_once_gets_its_keys_together_and_before_the_room_is_locked(
    product: Product, asked_of_the_store: list[bool]
) -> None:
    webinar = await room(product)
    async with committing(product, product.parts.table, FirstWords(product.work, product.parts.vault)) as committer:
        seats = [seat(webinar) for _ in range(40)]
        answers = await greet(committer, seats)
    assert sorted(answer.seq for answer in answers) == list(range(1, 41))
    assert keyed(product, webinar) == {one.person for one in seats}
    # Once for the account, once for each group of waiting commands, of which there are two or three, and once by this test.
    assert len(asked_of_the_store) <= 6
    assert not any(asked_of_the_store)


async def test_without_it_everybody_waits_for_everybodys_key(product: Product, asked_of_the_store: list[bool]) -> None:
    """The control of the test above."""
    webinar = await room(product)
    async with committing(product, product.parts.table, None) as committer:
        await greet(committer, [seat(webinar) for _ in range(40)])
    assert sum(asked_of_the_store) >= 40


async def test_who_was_erased_stays_so_while_others_of_the_crowd_speak(product: Product) -> None:
    webinar = await room(product)
    gone, others = seat(webinar), [seat(webinar) for _ in range(3)]
    await product.parts.vault.box(webinar.id, gone.person)
    await product.parts.vault.destroy(webinar.id, gone.person)
    erased, *answers = await greet(product.parts.committer, [gone, *others])
    assert isinstance(erased, Problem)
    assert erased.code == "person.erased"
    assert sorted(answer.seq for answer in answers) == [1, 2, 3]
    assert keyed(product, webinar) == {gone.person, *(one.person for one in others)}
    assert product.parts.vault._store.destroyed(f"webinar:{webinar.id}", gone.person)


async def test_a_room_whose_keys_are_all_gone_refuses_as_before_and_holds_no_other_room(product: Product) -> None:
    webinar, other = await room(product), await room(product)
    await product.parts.vault.destroy(webinar.id)
    refused, answer = await greet(product.parts.committer, [seat(webinar), seat(other)])
    assert isinstance(refused, Problem)
    assert answer.seq == 1
    assert keyed(product, webinar) == set()


async def test_what_is_not_kept_by_name_makes_no_key(product: Product) -> None:
    unstored, closed, polled = await room(product, chat_mode="unstored"), await room(product), await room(product)
    async with product.join(unstored.id) as ann, product.join(closed.id, Role.MODERATOR) as mo:
        assert (await ann.ask("chat.say", text="Hi"))["type"] == "ok"
        await mo.ask("chat.mode", mode="off")
    refused = (await greet(product.parts.committer, [seat(closed)]))[0]
    async with product.join(polled.id) as ann, product.join(polled.id, Role.MODERATOR) as mo:
        poll = await opened(mo, anonymous=True)
        assert (await ann.ask("poll.vote", poll=poll, answers={"1": "2"}))["type"] == "ok"
        named = await opened(mo, anonymous=False)
        voted = await ann.ask("poll.vote", poll=named, answers={"1": "2"}, name="Ann")
    assert (refused.code, voted["type"]) == ("chat.closed", "ok")
    assert [keyed(product, one) for one in (unstored, closed)] == [set(), set()]
    # The control: who answers by name has one.
    assert keyed(product, polled) == {ann.person}


async def test_a_number_taken_by_a_refused_command_leaves_no_hole(product: Product) -> None:
    webinar = await room(product)

    async def take(context: Context, command: Take) -> Done:
        opened_room = await open_room(context.unit, product.parts.vault, webinar.id)
        seq = opened_room.next_seq()
        if command.fails:
            raise Problem("test.refused", "No.")
        opened_room.tell(seq)
        return Done(seq)

    told: list[int] = []

    async def hear(announcements: Sequence[object]) -> None:
        told.extend(event.seq for event in announcements if isinstance(event, Change))

    product.work.add_sink(hear)
    async with committing(product, CommandTable([Command(Take, Permission.CHAT_SAY, take)]), None) as committer:
        orders = [Take(id=n, ref=new_id(), fails=n in (1, 4)) for n in range(6)]
        answers = await asyncio.gather(*(committer.submit(seat(webinar), o) for o in orders), return_exceptions=True)
    assert [getattr(answer, "seq", None) for answer in answers] == [1, None, 2, 3, None, 4]
    assert told == [1, 2, 3, 4]
    assert (await product.row(webinar.id)).seq == 4


async def test_who_gives_up_waiting_takes_the_answer_from_nobody_else(product: Product) -> None:
    webinar = await room(product)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def held(_asked: object) -> None:
        begun.set()
        await go_on.wait()

    committer = Committer(product.work, product.parts.table, Answers(product.work.clock), prepare=held)
    running = asyncio.create_task(committer.run())
    one, words = seat(webinar), ChatSay(id=1, ref=new_id(), text="Good morning")
    first, second = (asyncio.create_task(committer.submit(one, words)) for _ in range(2))
    await begun.wait()
    first.cancel()
    go_on.set()
    assert (await second).seq == 1  # type: ignore[union-attr]
    with pytest.raises(asyncio.CancelledError):
        await first
    again = await committer.submit(one, words)
    assert again.seq == 1, "answered from memory"  # type: ignore[union-attr]
    running.cancel()
