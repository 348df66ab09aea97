"""Coming back: exactly what was missed, in order, bounded, and never what was taken away meanwhile."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest
import websockets
from sqlalchemy import event

from app.core.ids import new_id
from app.core.permissions import Role
from app.live.change import Kick
from app.privacy.backup import RESTORED
from app.protocol.codes import Close
from app.rooms import broadcast
from app.rooms.chat import forget
from app.rooms.chat_view import RECENT
from app.rooms.epochs import after_restore
from app.rooms.models import Message, Webinar
from app.rooms.room import open_room
from tests.support.product import Guest, Product, product_on
from tests.support.server import Serve, listen
from tests.support.until import until


async def room(product: Product, **changes: object) -> Webinar:
    return await product.webinar(await product.account(), **changes)


def seen_by(guest: Guest) -> dict[str, Any]:
    return {"epoch": guest.epoch, "seq": guest.seq}


async def fill(product: Product, webinar: Webinar, number: int) -> None:
    """As an hour of a busy chat, told to nobody."""
    async with product.work.unit() as unit:
        opened = await open_room(unit, product.parts.vault, webinar.id)
        box = await opened.box_of("somebody")
        for turn in range(number):
            message = new_id()
            unit.session.add(
                Message(
                    id=message, webinar_id=webinar.id, seq=opened.next_seq(), lane="audience", person="somebody", role="participant",
                    name=box.seal("Ada", f"message.name|{message}"), text=box.seal(f"{turn}", f"message.text|{message}"),
                    ref=message, reply_to=None, state="visible", edited=False, at=unit.now,
                )
            )  # fmt: skip


async def test_who_was_away_for_an_hour_gets_a_bounded_copy_and_not_a_flood(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann:
        away = seen_by(ann)
    await fill(product, webinar, 3 * RECENT)
    async with product.join(webinar.id, seen=away) as ann:
        assert ann.welcome["state"]["full"] is True
        assert len(ann.texts()) == RECENT
        assert set(ann.texts()) == {str(turn) for turn in range(2 * RECENT, 3 * RECENT)}
        assert len(json.dumps(ann.welcome)) < 200_000
        answer = await ann.ask("chat.say", text="here again")
        assert answer["seq"] == ann.welcome["seq"] + 1
    # The control: who missed little gets just that.
    async with product.join(webinar.id, seen={"epoch": ann.epoch, "seq": answer["seq"] - 1}) as back:
        assert (back.welcome["state"]["full"], back.texts()) == (False, ["here again"])


async def test_an_open_room_that_missed_an_hour_is_bounded_too(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann:
        await fill(product, webinar, 3 * RECENT)
        state = await ann.next("state")
        assert state["state"]["full"] is True
        assert len(ann.texts()) == RECENT


async def test_whoever_comes_back_again_and_again_has_the_same_copy_as_whoever_stayed(product: Product) -> None:
    webinar = await room(product)
    dice = random.Random(11)
    async with product.join(webinar.id, Role.MODERATOR) as mo, product.join(webinar.id) as stays:
        comes: Guest | None = None
        for turn in range(12):
            seen = seen_by(comes) if comes else None
            async with product.join(webinar.id, seen=seen, person="0" * 20) as guest:
                if comes is not None and not guest.welcome["state"]["full"]:
                    guest.entities = comes.entities | guest.entities
                    guest._upsert([], guest.welcome["state"]["gone"])
                comes = guest
                for _ in range(dice.randrange(3)):
                    await comes.until_seq((await mo.ask("chat.say", text=f"heard {turn}"))["seq"])
            said = await mo.ask("chat.say", text=f"missed {turn}")
            await mo.until_seq(said["seq"])
            messages = [
                key.split("/")[1] for key, one in mo.entities.items() if one["kind"] == "message" and not one.get("removed")
            ]
            what = dice.choice(["chat.remove", "chat.hide", "nothing"])
            if what != "nothing":
                await mo.ask(what, message=dice.choice(messages), **({"hidden": True} if what == "chat.hide" else {}))
        last = await mo.ask("chat.say", text="the end")
        await stays.until_seq(last["seq"])
        assert comes is not None
        async with product.join(webinar.id, seen=seen_by(comes), person="0" * 20) as back:
            back.entities = comes.entities | back.entities
            back._upsert([], back.welcome["state"]["gone"])
            assert back.texts() == stays.texts()
            assert len(back.texts()) > 10


async def test_what_was_removed_is_never_said_again(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id) as bob:
        await bob.until_seq((await ann.ask("chat.say", text="Canary"))["seq"])
        away = seen_by(bob)
    async with product.work.unit() as unit:
        opened = await open_room(unit, product.parts.vault, webinar.id)
        message = (await unit.session.execute(Message.__table__.select())).first()
        assert message is not None
        await forget(opened, await unit.session.get_one(Message, message.id))
    for seen in (None, away, {"epoch": away["epoch"], "seq": 0}):
        async with product.join(webinar.id, seen=seen) as back:
            assert "Canary" not in json.dumps(back.welcome)


@pytest.mark.parametrize("seq", [10**6, 0])
async def test_a_number_that_cannot_be_is_answered_with_a_whole_copy_or_all_changes(product: Product, seq: int) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann:
        await ann.ask("chat.say", text="one")
        epoch = ann.epoch
    async with product.join(webinar.id, seen={"epoch": epoch, "seq": seq}) as back:
        assert back.texts() == ["one"]
        assert back.welcome["state"]["full"] is (seq > 1)


async def test_a_browser_that_missed_a_frame_asks_and_is_told(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann:
        before = seen_by(ann)
        await ann.ask("chat.say", text="one")
        await ann.socket.send(json.dumps({"id": 99, "type": "sync", "seen": before}))
        state = await ann.next("state")
        assert [entity["text"] for entity in state["state"]["set"]] == ["one"]


async def test_what_is_not_stored_is_recovered_from_memory_in_order(product: Product) -> None:
    webinar = await room(product, chat_mode="unstored")
    async with product.join(webinar.id, Role.MODERATOR) as mo, product.join(webinar.id) as bob:
        first = await mo.ask("chat.say", text="0")
        await bob.until_seq(first["seq"])
        away = seen_by(bob)
        last = [await mo.ask("chat.say", text=str(number)) for number in range(1, 5)][-1]
        async with product.join(webinar.id, seen=away) as back, product.join(webinar.id) as late:
            assert back.texts() == ["1", "2", "3", "4"]
            assert late.texts() == ["0", "1", "2", "3", "4"]
            assert back.seq == last["seq"]


async def test_beats_carry_the_number_of_the_lane(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    webinar = await room(product)
    monkeypatch.setattr("app.live.hub.BEAT_POLLS", 1)
    async with product.join(webinar.id, Role.MODERATOR) as mo, product.join(webinar.id) as ann:
        public = await mo.ask("chat.say", text="for all")
        crew = await mo.ask("chat.say", text="for us", crew=True)
        await ann.until_seq(public["seq"])
        while (beat := await mo.next("beat"))["seq"] < crew["seq"]:
            pass
        # Silence cannot hide a loss, and what only the crew was told sends nobody of the audience asking.
        assert (beat["seq"], (await ann.next("beat"))["seq"]) == (crew["seq"], public["seq"])


async def test_commands_that_come_together_share_a_transaction_and_stand_or_fall_each_for_itself(product: Product) -> None:
    webinar = await room(product)
    commits: list[int] = []
    product.parts.committer._committed = commits.append
    people = [product.join(webinar.id, Role.MODERATOR) for _ in range(12)]
    guests = [await one.__aenter__() for one in people]
    answers = await asyncio.gather(
        *(guest.ask("chat.say", text="" if number % 4 == 0 else f"{number}") for number, guest in enumerate(guests))
    )
    assert [answer["type"] for answer in answers] == ["error" if number % 4 == 0 else "ok" for number in range(12)]
    assert sorted(answer["seq"] for answer in answers if answer["type"] == "ok") == list(range(1, 10))
    assert sum(commits) == 9
    for one in people:
        await one.__aexit__(None, None, None)


async def test_a_retry_that_another_process_already_wrote_is_found_by_the_unique_constraint(product: Product) -> None:
    """The group runs without looking; the database says that it was written before, and it runs again with care."""
    webinar = await room(product)
    person = new_id()
    async with product.join(webinar.id, person=person) as ann, product.join(webinar.id) as bob:
        first = await ann.ask("chat.say", text="once", ref="r1")
        # As if this process had never heard of it.
        product.parts.committer._answers._kept.clear()
        again, other = await asyncio.gather(ann.ask("chat.say", text="once", ref="r1"), bob.ask("chat.say", text="another"))
        assert (again["type"], again["seq"]) == ("ok", first["seq"])
        assert (other["type"], other["seq"]) == ("ok", first["seq"] + 1)


async def test_a_new_epoch_makes_every_screen_new(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann:
        await ann.ask("chat.say", text="old")
        async with product.work.unit() as unit:
            opened = await open_room(unit, product.parts.vault, webinar.id)
            opened.row.epoch = new_id()
            broadcast.announce(opened)
        state = await ann.next("state")
        assert (state["state"]["full"], state["epoch"]) == (True, (await product.row(webinar.id)).epoch)


async def test_after_a_restore_everybody_takes_a_whole_copy(product: Product) -> None:
    """Numbers given out after the backup are given out again for other things; without a new epoch a browser would believe it has them."""
    webinar = await room(product)
    async with product.join(webinar.id) as ann:
        await ann.ask("chat.say", text="one")
        seen = seen_by(ann)
    data = product.parts.settings.data_dir
    assert await after_restore(product.work, data) == 0, "the control: no restore, no new epoch"
    (data / RESTORED).touch()
    assert await after_restore(product.work, data) == 1
    assert await after_restore(product.work, data) == 0
    async with product.join(webinar.id, seen=seen) as back:
        assert (back.welcome["state"]["full"], back.texts()) == (True, ["one"])


async def test_a_process_that_goes_away_asks_its_people_to_come_back(tmp_path: Path, serve_app: Serve) -> None:
    async with product_on(tmp_path, serve_app) as product:
        webinar = await room(product)
        async with product.join(webinar.id) as ann:
            product.parts.worker.stop()
            server = product.served.server
            server.should_exit = True
            with pytest.raises(websockets.ConnectionClosed) as over:
                await ann.next("never")
            assert over.value.rcvd is not None
            assert over.value.rcvd.code == Close.RESTART
            assert over.value.rcvd.reason.startswith("retry_after=")
            await until(product.served.task.done, what="it ended in good order")


async def test_without_our_protocol_class_the_same_bytes_arrive(product: Product, serve_app: Serve) -> None:
    """Any ASGI server will do; ours is only faster."""
    listener = listen()
    await serve_app(product.app, listener, ws="websockets-sansio", lifespan="off", ws_per_message_deflate=False)
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, port=listener.getsockname()[1]) as bob:
        said = await bob.ask("chat.say", text="over a stock server")
        await ann.until_seq(said["seq"])
        await bob.until_seq(said["seq"])
        changes = [[frame for frame in guest.frames if frame["type"] == "change"] for guest in (ann, bob)]
        assert changes[0] == changes[1]
        async with product.work.unit() as unit:
            unit.announce(Kick(webinar.id, Close.GONE, everyone=True))
        for guest in (ann, bob):
            with pytest.raises(websockets.ConnectionClosed) as over:
                await guest.next("never")
            assert over.value.rcvd is not None
            assert over.value.rcvd.code == Close.GONE


async def test_a_hello_costs_at_most_two_questions_to_the_database_and_many_at_once_no_more(product: Product) -> None:
    webinar = await room(product)
    asked: list[str] = []
    engine = product.parts.database.engine.sync_engine

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT") and "room_due" not in statement:
            asked.append(statement)

    async with product.join(webinar.id) as ann:
        await ann.ask("chat.say", text="something to read")
        event.listen(engine, "before_cursor_execute", note)
        people = [product.join(webinar.id) for _ in range(30)]
        guests = await asyncio.gather(*(one.__aenter__() for one in people))
        event.remove(engine, "before_cursor_execute", note)
        assert all(guest.texts() == ["something to read"] for guest in guests)
        # The room's sources are read once for all of them; the rest is the poll of the numbers and the list of who is banned.
        assert len(asked) < 2 * len(guests)
        for one in people:
            await one.__aexit__(None, None, None)
