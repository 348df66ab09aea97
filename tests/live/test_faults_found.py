"""The live layer in the product: retries without a row, floods over many sockets, roles that change, screens that forget."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import time
from collections.abc import Collection
from datetime import timedelta

import msgspec
import pytest
import websockets

from app.accounts import staff
from app.accounts.models import Staff
from app.accounts.staff import Current
from app.core.clock import Clock, SetClock
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.permissions import Role, permissions_of
from app.live.answers import KEPT_SECONDS, Answers
from app.live.change import Change, Kick
from app.live.connection import Connection
from app.live.limits import CALM_SECONDS, PRUNE_AT, Limits
from app.live.local_room import SOCKETS_MAX, TICK_MAX, TICK_MIN, LocalRoom, next_tick
from app.live.seat import Seat
from app.live.sweep import Roll
from app.privacy.erase import Target
from app.protocol.codes import Close
from app.rooms.models import Webinar
from tests.support.product import Guest, Product
from tests.support.until import until


async def room(product: Product, **changes: object) -> Webinar:
    return await product.webinar(await product.account(), **changes)


async def closed(guest: Guest) -> int:
    with pytest.raises(websockets.ConnectionClosed) as over:
        await guest.next("never")
    assert over.value.rcvd is not None
    return over.value.rcvd.code


async def test_a_retry_of_what_is_not_stored_says_nothing_twice_over_connections_either(product: Product) -> None:
    webinar = await room(product, chat_mode="unstored")
    person = new_id()
    async with product.join(webinar.id) as bob:
        async with product.join(webinar.id, person=person) as ann:
            first = await ann.ask("chat.say", text="Lost answer", ref="r1")
        async with product.join(webinar.id, person=person) as ann:
            again = await ann.ask("chat.say", text="Lost answer", ref="r1")
            other = await ann.ask("chat.say", text="Lost answer", ref="r2")
        await bob.until_seq(other["seq"])
        assert first["seq"] == again["seq"] != other["seq"]
        assert bob.texts() == ["Lost answer", "Lost answer"]


async def test_the_same_command_on_two_sockets_at_once_runs_once(product: Product) -> None:
    webinar = await room(product, chat_mode="unstored")
    person = new_id()
    async with product.join(webinar.id, person=person) as one, product.join(webinar.id, person=person) as two:
        answers = await asyncio.gather(*(guest.ask("chat.say", text="Hi", ref="r1") for guest in (one, two)))
    assert answers[0]["seq"] == answers[1]["seq"] == 1


async def test_many_sockets_of_one_person_share_one_allowance(product: Product) -> None:
    webinar = await room(product)
    person = new_id()
    sockets = [product.join(webinar.id, person=person) for _ in range(4)]
    guests = [await socket.__aenter__() for socket in sockets]
    async with product.join(webinar.id) as bob:
        answers = [await guests[n % 4].ask("chat.say", text=str(n)) for n in range(12)]
        assert sum(answer["type"] == "ok" for answer in answers) in (8, 9)
        # The control: another person has an allowance of their own.
        assert (await bob.ask("chat.say", text="hello"))["type"] == "ok"
    for socket in sockets:
        await socket.__aexit__(None, None, None)


async def test_who_goes_on_sending_is_read_slowly_and_others_are_not(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as flooder, product.join(webinar.id) as bob:
        for number in range(300):
            await flooder.socket.send(json.dumps({"id": number, "type": "chat.say", "ref": str(number), "text": "x"}))
        assert (await bob.ask("chat.say", text="hello"))["type"] == "ok"
        refused = [await flooder.next("error") for _ in range(6)]
        assert {frame["code"] for frame in refused} == {"rate.limited"}
        flooder.socket.transport.abort()


def test_whoever_is_quiet_is_not_remembered_and_whoever_goes_on_is_calmed() -> None:
    clock = SetClock(Clock().now())
    limits, seat = Limits(clock), Seat("w", "p", "participant", None, frozenset(), "audience")
    limits.take(seat)
    assert limits.calm(seat) == 0
    for _ in range(20):
        with contextlib.suppress(Problem):
            limits.take(seat)
    assert (limits.calm(seat), limits.floods(seat)) == (CALM_SECONDS, False)
    for _ in range(20):
        with contextlib.suppress(Problem):
            limits.take(seat)
    assert limits.floods(seat)
    clock.advance(timedelta(seconds=20))
    for number in range(PRUNE_AT):
        limits.take(msgspec.structs.replace(seat, person=str(number)))
    assert ("w", "p", "audience") not in limits._buckets


async def test_the_oldest_of_too_many_sockets_of_one_person_makes_way(product: Product) -> None:
    webinar = await room(product)
    person = new_id()
    sockets = [product.join(webinar.id, person=person) for _ in range(SOCKETS_MAX + 1)]
    guests = [await socket.__aenter__() for socket in sockets]
    assert await closed(guests[0]) == Close.MOVED
    assert (await guests[1].ask("chat.say", text="still here"))["type"] == "ok"
    for socket in sockets:
        await socket.__aexit__(None, None, None)


async def member(product: Product, account: str, role: Role) -> Current:
    person = await product.member(account, role, f"{role}@example.org")
    return Current(person, account, "Meadow", "", f"A {role}", "", role, permissions_of(role), "en", "session")


async def test_another_role_reaches_open_sockets_without_closing_them(product: Product) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    owner, petra = await member(product, account, Role.OWNER), await member(product, account, Role.PRESENTER)
    async with product.join(webinar.id, Role.PRESENTER, person=petra.staff_id) as socket:
        assert (await socket.ask("chat.mode", mode="off"))["code"] == "not.allowed"
        async with product.work.unit() as unit:
            await staff.set_role(unit, owner, petra.staff_id, Role.MODERATOR)
        welcome = await socket.next("welcome")
        assert (welcome["you"]["role"], "chat.moderate" in welcome["permissions"]) == ("moderator", True)
        assert welcome["state"] == {"full": False, "set": [], "gone": []}
        assert (await socket.ask("chat.mode", mode="off"))["type"] == "ok"
        async with product.work.unit() as unit:
            await staff.set_role(unit, owner, petra.staff_id, Role.AUDITOR)
        assert await closed(socket) == Close.REVOKED
    async with product.work.read() as session:
        assert (await session.get_one(Staff, petra.staff_id)).role == Role.AUDITOR


async def test_a_ticket_of_a_session_that_was_revoked_opens_nothing(product: Product) -> None:
    webinar = await room(product)
    async with product.work.unit() as unit:
        unit.announce(Kick(webinar_id="", code=Close.REVOKED, session="session-of-mo"))
    with pytest.raises(websockets.ConnectionClosed) as over:
        async with product.join(webinar.id, Role.MODERATOR, person="mo"):
            pass
    assert over.value.rcvd is not None
    assert over.value.rcvd.code == Close.REVOKED


async def test_what_an_erased_person_said_without_storing_leaves_the_screens(product: Product) -> None:
    account = await product.account()
    webinar = await product.webinar(account, chat_mode="unstored")
    person = new_id()
    async with product.join(webinar.id) as bob, product.join(webinar.id) as cleo:
        async with product.join(webinar.id, person=person) as ann:
            said = await ann.ask("chat.say", text="Forget me")
            await cleo.ask("chat.say", text="Keep me")
            await bob.until_seq(said["seq"] + 1)
            away = {"epoch": bob.epoch, "seq": bob.seq}
            assert bob.texts() == ["Forget me", "Keep me"]
            target = Target(kind="participant", account_id=account, webinar_id=webinar.id, persons=(person,))
            async with product.work.unit() as unit:
                erasure = await product.parts.pipeline.ask(unit, target, "owner")
            await product.parts.pipeline.run(erasure)
            assert await closed(ann) == Close.ERASED
        await bob.read_until(lambda: bob.texts() == ["Keep me"])
        async with product.join(webinar.id) as late, product.join(webinar.id, seen=away) as back:
            assert late.texts() == ["Keep me"]
            # Who was away meanwhile has the line in their copy, and hears that it must go.
            assert (await back.next("change"))["gone"] == [f"person/{person}"]


def test_answers_are_kept_for_a_while_and_not_longer() -> None:
    clock = SetClock(Clock().now())
    answers, seat = Answers(clock), Seat("w", "p", "participant", None, frozenset(), "audience")
    answers.keep(("w", "p", "chat.say:r"), None)
    assert answers.find(("w", "p", "chat.say:r")) == (None,)
    answers.forget("w", seat.person)
    assert answers.find(("w", "p", "chat.say:r")) is None
    answers.keep(("w", "p", "chat.say:r"), None)
    clock.advance(timedelta(seconds=KEPT_SECONDS + 1))
    assert answers.find(("w", "p", "chat.say:r")) is None


def test_changes_one_by_one_are_not_held_up_and_many_are_gathered() -> None:
    assert next_tick(TICK_MIN, 1, 0.03) == TICK_MIN
    ticks = [TICK_MIN]
    for _ in range(10):
        ticks.append(next_tick(ticks[-1], 40, 0.002))
    assert ticks == sorted(ticks)
    assert ticks[-1] == TICK_MAX
    for _ in range(10):
        ticks.append(next_tick(ticks[-1], 1, 0.002))
    assert ticks[-1] == TICK_MIN


async def test_what_one_commit_changed_is_told_at_once_even_when_telling_takes_longer_than_a_tick() -> None:
    """A room of thousands on a busy machine once told each change of a group in a frame of its own, and fell behind for good."""
    told: list[bytes] = []

    class Slow(Roll):
        def tell(self, frame: bytes, payload: bytes, without: Collection[Connection] = ()) -> None:
            told.append(payload)
            time.sleep(1.5 * TICK_MIN)

    async def plain(_message: object) -> None:
        """Nobody reads it."""

    crowd = LocalRoom("w", "e", 0, Slow)
    crowd.add(Connection(None, plain, Seat("w", "p", "participant", None, frozenset(), "audience")))
    for group in (1, 2, 3):
        for seq in range(50 * group - 49, 50 * group + 1):
            assert crowd.accept(Change("w", "e", seq, audience=(b'{"kind":"message","id":"%d"}' % seq,), views=False))
        await until(functools.partial(lambda seq: crowd.sent("audience") == seq, 50 * group), what="it was told")
    frames = [json.loads(payload) for payload in told]
    assert [(frame["prev"], frame["seq"], len(frame["set"])) for frame in frames] == [(0, 50, 50), (50, 100, 50), (100, 150, 50)]


async def test_what_is_on_its_way_is_not_missed() -> None:
    """A busy room's database is nearly always ahead of what was told, and asking it again and again made it later still."""
    busy = LocalRoom("w", "e", 0)

    def polled(known: int, told: int) -> bool:
        for seq in range(busy.seq + 1, told + 1):
            assert busy.accept(Change("w", "e", seq))
        return busy.behind("e", known)

    assert [polled(known, told) for known, told in ((10, 0), (20, 10), (30, 20))] == [False] * 3
    assert polled(30, 20), "the control: ten that the last poll knew never came"
    assert busy.behind("another", 30)
