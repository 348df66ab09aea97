from __future__ import annotations

import asyncio
import json

import pytest
import websockets
from sqlalchemy import func, select

from app.core.ids import new_id
from app.core.permissions import Role
from app.core.unit import Work
from app.live.change import Kick
from app.protocol.codes import Close
from app.rooms import broadcast
from app.rooms.models import Message, Webinar
from app.rooms.room import open_room
from tests.support.product import Product


async def room(product: Product, **changes: object) -> Webinar:
    return await product.webinar(await product.account(), **changes)


async def test_a_message_reaches_everyone_and_is_committed_before_it_is_acknowledged(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        answer = await ann.ask("chat.say", text="Good morning", name="Ann")
        async with product.work.read() as session:
            stored = (await session.execute(select(func.count()).select_from(Message))).scalar_one()
        assert (answer["type"], stored) == ("ok", 1)
        await mo.until_seq(answer["seq"])
        await ann.until_seq(answer["seq"])
        assert ann.texts() == mo.texts() == ["Good morning"]


async def test_what_is_stored_of_a_message_is_sealed(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann:
        await ann.ask("chat.say", text="Canary-7f3a", name="Name-9b1c")
    async with product.work.read() as session:
        message = (await session.execute(select(Message))).scalar_one()
    assert b"Canary-7f3a" not in message.text
    assert b"Name-9b1c" not in message.name
    raw = (product.parts.settings.data_dir / "lectern.db-wal").read_bytes()
    raw += (product.parts.settings.data_dir / "lectern.db").read_bytes()
    assert b"Canary-7f3a" not in raw
    # The control: what is not sealed is found by the same look.
    assert webinar.slug.encode() in raw


async def test_the_same_ref_says_nothing_twice(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann:
        first = await ann.ask("chat.say", text="Once", ref="r1")
        again = await ann.ask("chat.say", text="Once", ref="r1")
        other = await ann.ask("chat.say", text="Once", ref="r2")
    assert first["seq"] == again["seq"] != other["seq"]
    assert ann.texts() == ["Once", "Once"]


async def test_a_retry_over_a_new_connection_is_the_same_message(product: Product) -> None:
    webinar = await room(product)
    person = new_id()
    async with product.join(webinar.id, person=person) as ann:
        first = await ann.ask("chat.say", text="Lost answer", ref="r1")
    async with product.join(webinar.id, person=person) as ann:
        again = await ann.ask("chat.say", text="Lost answer", ref="r1")
    assert first["seq"] == again["seq"]


async def test_who_comes_back_gets_what_changed_and_nothing_else(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id) as bob:
        await ann.ask("chat.say", text="one")
        seen = await ann.ask("chat.say", text="two")
        await bob.until_seq(seen["seq"])
        last = {"epoch": bob.epoch, "seq": bob.seq}
        await ann.ask("chat.say", text="three")
    async with product.join(webinar.id, seen=last) as bob:
        assert bob.welcome["state"]["full"] is False
        assert bob.texts() == ["three"]
    async with product.join(webinar.id, seen={"epoch": "another", "seq": 1}) as bob:
        assert bob.welcome["state"]["full"] is True
        assert bob.texts() == ["one", "two", "three"]


async def test_a_change_that_no_broker_told_is_found_by_the_poll(product: Product) -> None:
    webinar = await room(product)
    deaf = Work(product.parts.database, product.work.clock)
    async with product.join(webinar.id) as ann:
        async with deaf.unit() as unit:
            broadcast.move(await open_room(unit, product.parts.vault, webinar.id), "live")
        await ann.next("change")
        assert ann.webinar["broadcast"] == "live"


async def test_everyone_sees_the_same_order_under_load(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as watcher, product.join(webinar.id, Role.MODERATOR) as mo:
        people = [product.join(webinar.id, Role.MODERATOR) for _ in range(5)]
        guests = [await person.__aenter__() for person in people]

        async def talk(number: int) -> list[int]:
            return [(await guests[number].ask("chat.say", text=f"{number}-{turn}"))["seq"] for turn in range(20)]

        seqs = sorted(seq for group in await asyncio.gather(*(talk(n) for n in range(5))) for seq in group)
        assert seqs == list(range(1, 101))
        await watcher.until_seq(100)
        await mo.until_seq(100)
        assert watcher.texts() == mo.texts()
        assert len(watcher.texts()) == 100
        for person in people:
            await person.__aexit__(None, None, None)


async def test_hidden_messages_leave_the_audience_and_stay_with_the_crew(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        await ann.ask("chat.say", text="Rude")
        await mo.until_seq(1)
        message = next(key for key in mo.entities if key.startswith("message/")).split("/")[1]
        hidden = await mo.ask("chat.hide", message=message, hidden=True)
        await ann.until_seq(hidden["seq"])
        await mo.until_seq(hidden["seq"])
        assert ann.texts() == []
        assert mo.texts() == ["Rude"]
        shown = await mo.ask("chat.hide", message=message, hidden=False)
        await ann.until_seq(shown["seq"])
        assert ann.texts() == ["Rude"]


async def test_a_removed_message_leaves_neither_text_nor_author(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id) as bob:
        await ann.ask("chat.say", text="Gone for good", name="Ann")
        await bob.until_seq(1)
        message = next(key for key in bob.entities if key.startswith("message/")).split("/")[1]
        refused = await bob.ask("chat.remove", message=message)
        assert refused["code"] == "not.allowed"
        removed = await ann.ask("chat.remove", message=message)
        await bob.until_seq(removed["seq"])
        assert bob.entities[f"message/{message}"] == {"kind": "message", "id": message, "seq": removed["seq"], "removed": True}
    async with product.join(webinar.id) as late:
        assert "Gone for good" not in json.dumps(late.welcome)
        assert ann.person not in json.dumps(late.welcome["state"])


async def test_crew_chat_never_reaches_the_audience(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        await mo.ask("chat.say", text="Only for us", crew=True)
        public = await mo.ask("chat.say", text="For all")
        await ann.until_seq(public["seq"])
        assert "Only for us" not in json.dumps(ann.frames)
        refused = await ann.ask("chat.say", text="Let me in", crew=True)
        assert refused["code"] == "not.allowed"
    async with product.join(webinar.id) as late:
        assert late.texts() == ["For all"]


async def test_chat_that_is_not_stored_is_in_order_and_in_memory_only(product: Product) -> None:
    webinar = await room(product, chat_mode="unstored")
    async with product.join(webinar.id) as ann, product.join(webinar.id) as bob:
        said = await ann.ask("chat.say", text="Whisper")
        await bob.until_seq(said["seq"])
        assert bob.texts() == ["Whisper"]
        async with product.join(webinar.id) as late:
            assert late.texts() == ["Whisper"]
    async with product.work.read() as session:
        assert (await session.execute(select(func.count()).select_from(Message))).scalar_one() == 0


async def test_what_was_stored_can_be_removed_for_good_after_the_chat_is_not_stored_any_more(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        await ann.ask("chat.say", text="Stored once")
        await mo.until_seq(1)
        message = next(key for key in mo.entities if key.startswith("message/")).split("/")[1]
        await mo.ask("chat.mode", mode="unstored")
        await mo.ask("chat.remove", message=message)
    async with product.work.read() as session:
        kept = (await session.execute(select(Message))).scalar_one()
    assert (kept.state, kept.text, kept.name) == ("removed", b"", b"")


async def test_closing_the_chat_takes_effect_at_once(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.MODERATOR) as mo:
        await mo.ask("chat.mode", mode="off")
        refused = await ann.ask("chat.say", text="Too late")
        assert refused["code"] == "chat.closed"


async def test_a_participant_cannot_do_what_the_crew_can(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann:
        for kind, fields in (
            ("broadcast.set", {"to": "live"}),
            ("chat.mode", {"mode": "off"}),
            ("notice.set", {"state": "paused", "text": "x"}),
            ("chat.hide", {"message": new_id(), "hidden": True}),
        ):
            assert (await ann.ask(kind, **fields))["code"] == "not.allowed", kind
    assert (await product.row(webinar.id)).broadcast == "idle"


async def test_the_audience_gets_the_stream_only_while_live(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann, product.join(webinar.id, Role.PRESENTER) as petra:
        for state in ("preview", "live", "paused", "live", "ended"):
            answer = await petra.ask("broadcast.set", to=state)
            await ann.until_seq(answer["seq"])
            await petra.until_seq(answer["seq"])
            assert ann.webinar["broadcast"] == state
            assert ("stream" in ann.webinar) == (state == "live")
            assert ("stream" in petra.webinar) == (state != "ended")
        wrong = await petra.ask("broadcast.set", to="paused")
        assert wrong["code"] == "broadcast.step"


async def test_what_is_not_the_protocol_is_answered_and_not_stored(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann:
        for nonsense in ('{"id":1,"type":"nope"}', "{", '{"id":1,"type":"chat.say","ref":"r","text":{"$ne":1}}', "[]"):
            await ann.socket.send(nonsense)
            assert (await ann.next("error"))["code"] == "command.invalid"
        extra = await ann.ask("chat.say", text="hi", role="moderator")
        assert extra["type"] == "error"
        long = await ann.ask("chat.say", text="x" * 1001)
        assert long["code"] == "chat.too_long"


async def test_too_many_messages_are_slowed_with_a_time_to_wait(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id) as ann:
        answers = [await ann.ask("chat.say", text=str(turn)) for turn in range(12)]
    refused = [answer for answer in answers if answer["type"] == "error"]
    assert {answer["code"] for answer in refused} == {"rate.limited"}
    assert refused[0]["retry_after"] > 0


async def test_another_rooms_ticket_opens_nothing(product: Product) -> None:
    account = await product.account()
    mine, other = await product.webinar(account), await product.webinar(account, title="Another room")
    ticket, _ = product.parts.seats.participant(mine.id, new_id(), "en")
    for hello, code in (
        ({"type": "hello", "ticket": ticket}, Close.TICKET_EXPIRED),
        ({"type": "hello", "ticket": "forged"}, Close.TICKET_EXPIRED),
        ({"type": "chat.say"}, Close.PROTOCOL),
    ):
        async with websockets.connect(
            f"{product.url.replace('http', 'ws')}/live/{other.id}", origin=websockets.Origin(product.url), proxy=None
        ) as socket:
            await socket.send(json.dumps(hello))
            with pytest.raises(websockets.ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 5)
            assert socket.close_code == code


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example"])
async def test_a_foreign_page_cannot_open_a_socket(product: Product, origin: str | None) -> None:
    webinar = await room(product)
    address = f"{product.url.replace('http', 'ws')}/live/{webinar.id}"
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(address, origin=websockets.Origin(origin) if origin else None, proxy=None)
    assert refused.value.response.status_code == 403


async def test_revoking_a_sign_in_closes_its_sockets(product: Product) -> None:
    webinar = await room(product)
    async with product.join(webinar.id, Role.MODERATOR) as mo, product.join(webinar.id, Role.MODERATOR) as other:
        async with product.work.unit() as unit:
            unit.announce(Kick(webinar_id="", code=Close.REVOKED, session=f"session-of-{mo.person}"))
        await asyncio.wait_for(mo.socket.wait_closed(), 5)
        assert mo.socket.close_code == Close.REVOKED
        assert (await other.ask("chat.say", text="Still here"))["type"] == "ok"
