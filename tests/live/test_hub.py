"""The hub alone, with a state source and sockets handed in: faults that were found once and must not come back."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import func, select

from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.core.jobs import Job
from app.core.permissions import Permission
from app.core.unit import Work
from app.live.answers import Answers
from app.live.broker import MemoryBroker
from app.live.broker_redis import RedisBroker
from app.live.change import Change, Kick, Own, Owns, Seen, State
from app.live.commands import Command, CommandTable, Context
from app.live.commit import Committer
from app.live.connection import Connection
from app.live.hub import Hub
from app.live.local_room import CROWD, LocalRoom
from app.live.seat import Seat
from app.protocol.codes import Close
from app.settings import Settings, complete
from tests.support.product import make_tables
from tests.support.until import until

ROOM = new_id()
SEAT = Seat(ROOM, "person", "participant", None, frozenset({"chat.say"}), "audience")


class Socket:
    """A socket that keeps what it was sent."""

    def __init__(self, seat: Seat = SEAT) -> None:
        self.seat = seat
        self.closing = False
        self.door = None
        self.got: list[dict[str, Any]] = []

    def write(self, *payloads: bytes) -> None:
        self.got += map(json.loads, payloads)

    def write_frame(self, _frame: bytes, payload: bytes) -> None:
        self.write(payload)

    def close(self, _code: int, _reason: str = "") -> None:
        self.closing = True

    def frames(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.got if frame["type"] == kind]


class Source:
    """The rooms of a database that holds nothing but a number."""

    def __init__(self) -> None:
        self.epoch, self.seq, self.asked, self.asked_own = "e1", 1, 0, 0
        self.theirs: dict[str, Own] = {}

    async def state(self, _webinar: str, _lane: str, _person: str | None, since: Seen | None) -> State:
        self.asked += 1
        epoch, seq = self.epoch, self.seq
        await asyncio.sleep(0)
        return State(epoch, seq, [], [], since is None or since.epoch != epoch)

    async def seqs(self, webinar_ids: list[str]) -> dict[str, tuple[str, int]]:
        return dict.fromkeys(webinar_ids, (self.epoch, self.seq))

    async def owners(self, _webinar: str) -> set[str]:
        return set(self.theirs)

    async def own(self, _webinar: str, persons: Collection[str] | None, _after: int) -> Owns:
        self.asked_own += 1
        await asyncio.sleep(0)
        of = {person: own for person, own in self.theirs.items() if persons is None or person in persons}
        return Owns(self.epoch, self.seq, of)


async def joined() -> tuple[Source, Hub, Socket]:
    source = Source()
    hub = Hub(source, Clock())
    hub.attach(MemoryBroker(hub.heard))
    return source, hub, await join(hub)


async def join(hub: Hub, seat: Seat = SEAT) -> Socket:
    made = Socket(seat)
    await hub.join(cast("Connection", made), None)
    return made


def message(seq: int, text: str) -> bytes:
    return json.dumps({"kind": "message", "id": "m1", "seq": seq, "text": text}).encode()


async def whisper(source: Source, hub: Hub) -> None:
    source.seq = 2
    said = (message(2, "secret"),)
    await hub.announced([Change(ROOM, "e1", 2, audience=said, crew=said, ephemeral=True)])


async def test_hiding_and_showing_in_one_tick_leaves_the_message_there() -> None:
    source, hub, ann = await joined()
    source.seq = 2
    await hub.announced([Change(ROOM, "e1", 2, audience=(message(2, "hi"),))])
    await until(lambda: ann.frames("change"))
    source.seq = 4
    hidden = Change(ROOM, "e1", 3, gone_audience=("message/m1",))
    await hub.announced([hidden, Change(ROOM, "e1", 4, audience=(message(4, "hi"),))])
    await until(lambda: ann.frames("change")[-1:] and ann.frames("change")[-1]["seq"] == 4)
    last = ann.frames("change")[-1]
    assert [entity["id"] for entity in last["set"]] == ["m1"]
    assert last["gone"] == []


async def test_what_was_not_stored_is_not_replayed_after_an_erasure() -> None:
    source, hub, ann = await joined()
    await whisper(source, hub)
    late = await join(hub)
    assert "secret" in json.dumps(late.got), "the control: before the erasure it is replayed"
    hub.leave(cast("Connection", ann))
    hub.leave(cast("Connection", late))
    source.epoch = "e2"
    fresh = await join(hub)
    assert "secret" not in json.dumps(fresh.got)


async def test_closing_a_room_forgets_what_was_not_stored() -> None:
    source, hub, ann = await joined()
    await whisper(source, hub)
    await hub.announced([Kick(ROOM, Close.GONE, everyone=True)])
    assert ann.closing
    hub.leave(cast("Connection", ann))
    assert "secret" not in json.dumps((await join(hub)).got)


async def test_many_who_join_at_once_share_one_query_and_need_none_while_the_room_is_heard() -> None:
    source = Source()
    hub = Hub(source, Clock())
    hub.attach(MemoryBroker(hub.heard))
    await asyncio.gather(*(join(hub) for _ in range(100)))
    assert source.asked == 1
    source.seq = 3
    await hub.announced(
        [Change(ROOM, "e1", 2, audience=(message(2, "first"),)), Change(ROOM, "e1", 3, audience=(message(3, "then"),))]
    )
    late = await asyncio.gather(*(join(hub) for _ in range(100)))
    assert [entity["text"] for entity in late[0].got[0]["state"]["set"]] == ["then"], "only the newest version of a thing"
    assert source.asked == 1
    # The control: what this hub did not hear must be read.
    source.seq = 5
    await hub.announced([Change(ROOM, "e1", 5, audience=(message(5, "later"),))])
    assert source.asked > 1


class Note(msgspec.Struct, tag_field="type", tag="note"):
    id: int


class Nothing(msgspec.Struct):
    pass


async def test_a_sink_that_fails_does_not_make_the_commit_happen_again(tmp_path: Path) -> None:
    async def note(context: Context, _command: Note) -> None:
        context.unit.enqueue("note", Nothing())
        context.unit.announce(Nothing())

    async def broken(_announcements: object) -> None:
        raise RuntimeError("the way to the others is broken")

    database = Database(complete(Settings(data_dir=tmp_path, secret="x" * 40)))
    await make_tables(database.engine)
    work = Work(database, Clock())
    work.add_sink(broken)
    committer = Committer(work, CommandTable([Command(Note, Permission.CHAT_SAY, note)]), Answers(work.clock))
    running = asyncio.create_task(committer.run())
    assert await asyncio.gather(*(committer.submit(SEAT, Note(number)) for number in range(5))) == [None] * 5
    async with work.read() as session:
        assert (await session.execute(select(func.count()).select_from(Job))).scalar_one() == 5
    running.cancel()
    await database.close()


async def test_a_redis_that_hangs_holds_nobody() -> None:
    heard: list[bytes] = []

    async def listener(_room: str, told: bytes) -> None:
        heard.append(told)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        broker = RedisBroker(f"redis://127.0.0.1:{silent.getsockname()[1]}", "x" * 40, listener)
        await asyncio.wait_for(broker.publish("room", b"said"), 1)
        await broker.close()


def test_a_crowd_is_told_its_number_less_often() -> None:
    room = LocalRoom("w", "e1", 1)

    def polls_until_told(viewers: int) -> int:
        while room.audience < viewers:
            room.add(cast("Connection", Socket(msgspec.structs.replace(SEAT, person=new_id()))))
        room.watching = viewers
        return next(n for n in range(1, 50) if room.count_is_due())

    assert polls_until_told(3) == 1
    assert polls_until_told(CROWD * 4) == 5
    assert not room.count_is_due(), "nothing has changed"
