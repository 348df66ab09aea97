"""What is one person's alone reaches that person, in order, also after a loss, and nobody else."""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec

from app.core.clock import Clock
from app.live.broker import MemoryBroker
from app.live.change import Change, Own, Persons
from app.live.connection import Connection
from app.live.hub import Hub
from app.live.seat import Seat
from tests.live.test_hub import ROOM, SEAT, Socket, Source, join
from tests.support.until import until

ANN = msgspec.structs.replace(SEAT, person="ann")
BOB = msgspec.structs.replace(SEAT, person="bob")
MO = msgspec.structs.replace(SEAT, person="mo", lane="crew")


def question(seq: int, text: str) -> bytes:
    return json.dumps({"kind": "question", "id": "q1", "seq": seq, "text": text}).encode()


def made(source: Source) -> Hub:
    hub = Hub(source, Clock())
    hub.attach(MemoryBroker(hub.heard))
    return hub


async def sit(hub: Hub, *seats: Seat) -> list[Socket]:
    return [await join(hub, seat) for seat in seats]


def change(socket: Socket) -> dict[str, Any]:
    return socket.frames("change")[-1]


async def test_only_their_own_sockets_hear_it_and_crew_seats_have_own_parts_too() -> None:
    source = Source()
    hub = made(source)
    ann, ann_again, bob, mo = await sit(hub, ANN, ANN, BOB, MO)
    persons: Persons = {"ann": ((question(2, "held"),), ()), "mo": ((question(2, "yours"),), ())}
    await hub.announced([Change(ROOM, "e1", 2, persons=persons)])
    await until(lambda: mo.frames("change"))
    assert [change(s)["set"][0]["text"] for s in (ann, ann_again, mo)] == ["held", "held", "yours"]
    assert bob.frames("change") == []
    await hub.announced([Change(ROOM, "e1", 3, audience=(question(3, "for all"),))])
    await until(lambda: bob.frames("change"))
    assert [(change(s)["prev"], change(s)["seq"]) for s in (ann, bob)] == [(1, 3), (1, 3)]


async def test_it_travels_in_the_same_frame_in_the_order_of_the_changes() -> None:
    source = Source()
    hub = made(source)
    ann, bob = await sit(hub, ANN, BOB)
    first = Change(ROOM, "e1", 2, audience=(question(2, "seen"),))
    hidden = Change(ROOM, "e1", 3, gone_audience=("question/q1",), persons={"ann": ((question(3, "held"),), ())})
    await hub.announced([Change(ROOM, "e1", 2), first, hidden])
    await until(lambda: bob.frames("change") and change(bob)["seq"] == 3)
    await until(lambda: change(ann)["seq"] == 3)
    assert change(bob)["gone"] == ["question/q1"]
    assert (change(ann)["gone"], change(ann)["set"][-1]["text"]) == ([], "held")


async def test_who_joins_gets_their_own_part_and_nobody_else_is_asked_for() -> None:
    source = Source()
    source.theirs = {"ann": Own([question(1, "held")], [])}
    hub = made(source)
    (bob,) = await sit(hub, BOB)
    assert source.asked_own == 0
    (ann,) = await sit(hub, ANN)
    assert source.asked_own == 1
    assert [entity["text"] for entity in ann.got[0]["state"]["set"]] == ["held"]
    assert bob.got[0]["state"]["set"] == []


async def test_somebody_who_got_something_just_now_is_asked_for_when_coming_back() -> None:
    source = Source()
    hub = made(source)
    (ann,) = await sit(hub, ANN)
    source.seq, source.theirs = 2, {"ann": Own([question(2, "held")], [])}
    await hub.announced([Change(ROOM, "e1", 2, persons={"ann": ((question(2, "held"),), ())})])
    hub.leave(cast("Connection", ann))
    (back,) = await sit(hub, ANN)
    assert [entity["text"] for entity in back.got[0]["state"]["set"]] == ["held"]


async def test_an_own_part_that_no_broker_told_is_found() -> None:
    source = Source()
    hub = made(source)
    ann, bob = await sit(hub, ANN, BOB)
    source.seq, source.theirs = 3, {"ann": Own([question(2, "missed")], [])}
    await hub.announced([Change(ROOM, "e1", 3, audience=(question(3, "next"),))])
    await until(lambda: ann.frames("change"))
    assert [entity["text"] for entity in change(ann)["set"]] == ["missed"]
    assert "missed" not in json.dumps(bob.got)


async def test_what_is_not_stored_and_one_persons_alone_is_remembered_for_them_alone() -> None:
    source = Source()
    hub = made(source)
    (bob,) = await sit(hub, BOB)
    source.seq = 2
    held = Change(ROOM, "e1", 2, crew=(question(2, "check"),), persons={"ann": ((question(2, "held"),), ())}, ephemeral=True)
    await hub.announced([held])
    ann, late, mo = await sit(hub, ANN, BOB, MO)
    assert [[e["text"] for e in s.got[0]["state"]["set"]] for s in (ann, late, mo)] == [["held"], [], ["check"]]
    assert bob.frames("change") == []
