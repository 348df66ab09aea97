"""Raised hands: how somebody of the audience gets on the stage. The stage itself is the media layer's.

``raised → invited → accepted``; where hands are *free*, raising one is accepted at once; where they are by *invitation*, only the crew
begins. Lowered, declined and dismissed are the same: there is no hand any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import millis
from app.core.errors import Problem
from app.core.ids import new_id
from app.live.change import Own
from app.live.seat import Seat
from app.privacy.vault import Box, Vault
from app.protocol.entities import HandEntity, MyHandEntity, encode
from app.rooms import restrictions
from app.rooms.models_people import Hand
from app.rooms.modes import modes_of
from app.rooms.room import Room
from app.rooms.sources import Look, Part
from app.rooms.texts import one_line

DOWN = "down"


async def raise_hand(room: Room, seat: Seat, name: str, wants: str) -> int:
    """Ask to speak."""
    mode = modes_of(room.row).hands
    if mode in ("off", "invite"):
        raise Problem("hand.closed", "One cannot raise a hand now.", status=403)
    await restrictions.check(room, seat)
    hand = await _of(room, seat.person)
    if hand is not None and hand.state != DOWN:
        return hand.seq
    return await _set(room, seat.person, "accepted" if mode == "free" else "raised", wants, seat.name or one_line(name))


async def lower(room: Room, seat: Seat) -> int:
    """Not any more, or rather not."""
    hand = await _of(room, seat.person)
    return await _down(room, hand) if hand is not None else room.row.seq


async def accept(room: Room, seat: Seat, wants: str) -> int:
    """Come on the stage, being invited."""
    hand = await _of(room, seat.person)
    if hand is None or hand.state not in ("invited", "accepted"):
        raise Problem("hand.unknown", "There is no invitation any more.", status=409)
    await restrictions.check(room, seat)
    return await _set(room, seat.person, "accepted", wants, "")


async def invite(room: Room, hand_id: str, person: str, wants: str) -> int:
    """Ask somebody on the stage."""
    if modes_of(room.row).hands == "off":
        raise Problem("hand.closed", "Hands are off for now.", status=403)
    if hand_id:
        hand = await one(room, hand_id)
        return await _set(room, hand.person, "invited", hand.wants, "")
    if not person:
        raise Problem("person.unknown", "Choose somebody of the audience.", status=409)
    return await _set(room, person, "invited", wants, "")


async def dismiss(room: Room, hand_id: str) -> int:
    """Lower somebody's hand."""
    return await _down(room, await one(room, hand_id))


async def dismiss_all(room: Room) -> int:
    """Lower all that were only raised."""
    await room.unit.session.flush()
    query = select(Hand).where(Hand.webinar_id == room.row.id, Hand.state == "raised")
    for hand in (await room.unit.session.execute(query)).scalars().all():
        await _down(room, hand)
    return room.row.seq


async def accepted(session: AsyncSession, webinar_id: str) -> list[str]:
    """Who may come on the stage: for the media layer."""
    query = select(Hand.person).where(Hand.webinar_id == webinar_id, Hand.state == "accepted")
    return list((await session.execute(query)).scalars())


async def put_down(room: Room, person: str) -> None:
    """Whoever was taken off the stage needs another invitation."""
    if (hand := await _of(room, person)) is not None:
        await _down(room, hand)


async def name_of(room: Room, person: str) -> str:
    """The name somebody raised their hand with; empty without one."""
    hand, box = await _of(room, person), await room.reader_of(person)
    return box.open_text(hand.name, f"hand.name|{hand.id}") if hand is not None and hand.name and box else ""


async def forget_person(room: Room, persons: Sequence[str]) -> None:
    """The part of an erasure."""
    await room.unit.session.flush()
    query = select(Hand).where(Hand.webinar_id == room.row.id, Hand.person.in_(persons))
    for hand in (await room.unit.session.execute(query)).scalars().all():
        await _down(room, hand)
        # Not the person's any more: the row that stays for those who were away says nothing about anybody.
        hand.person = hand.id


async def one(room: Room, hand_id: str) -> Hand:
    """A hand of this room that is up."""
    await room.unit.session.flush()
    hand = await room.unit.session.get(Hand, hand_id)
    if hand is None or hand.webinar_id != room.row.id or hand.state == DOWN:
        raise Problem("hand.unknown", "This hand is not up any more.", status=404)
    return hand


async def _of(room: Room, person: str) -> Hand | None:
    await room.unit.session.flush()
    query = select(Hand).where(Hand.webinar_id == room.row.id, Hand.person == person)
    return (await room.unit.session.execute(query)).scalar_one_or_none()


async def _set(room: Room, person: str, state: str, wants: str, name: str) -> int:
    hand, box = await _of(room, person), await room.box_of(person)
    if hand is None:
        hand = Hand(id=new_id(), webinar_id=room.row.id, person=person, name=b"", state=DOWN, seq=0, at=room.unit.now)
        room.unit.session.add(hand)
    if hand.state == DOWN:
        hand.at = room.unit.now
    if name:
        hand.name = box.seal(name, f"hand.name|{hand.id}")
    hand.state, hand.wants, hand.seq = state, wants if wants == "video" else "audio", room.next_seq()
    own = (encode(MyHandEntity(id=hand.id, seq=hand.seq, state=hand.state, wants=hand.wants)),)
    room.tell(hand.seq, crew=(crew_bytes(hand, box),), persons={person: (own, ())})
    return hand.seq


async def _down(room: Room, hand: Hand) -> int:
    if hand.state == DOWN:
        return hand.seq
    hand.state, hand.name, hand.seq = DOWN, b"", room.next_seq()
    room.tell(hand.seq, gone_crew=(f"hand/{hand.id}",), persons={hand.person: ((), (f"my_hand/{hand.id}",))})
    return hand.seq


def crew_bytes(hand: Hand, box: Box | None) -> bytes:
    """For the crew."""
    name = box.open_text(hand.name, f"hand.name|{hand.id}") if hand.name and box else ""
    return encode(
        HandEntity(
            id=hand.id, seq=hand.seq, person=hand.person, name=name, state=hand.state, wants=hand.wants, at=millis(hand.at)
        )
    )


class HandSource:
    """Hands in copies of the room: implements the protocols of :mod:`app.rooms.sources`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def lane(self, look: Look, lane: str, after: int | None) -> Part:
        """For the crew: who wants to speak, in order."""
        if lane != "crew":
            return Part([], [])
        query = select(Hand).where(Hand.webinar_id == look.row.id)
        query = query.where(Hand.state != DOWN) if after is None else query.where(Hand.seq > after)
        rows = (await look.session.execute(query.order_by(Hand.at))).scalars().all()
        boxes = await self._vault.boxes_of(look.row.id, {row.person for row in rows})
        up = [crew_bytes(row, boxes.get(row.person)) for row in rows if row.state != DOWN]
        return Part(up, [f"hand/{row.id}" for row in rows if row.state == DOWN])

    async def owners(self, session: AsyncSession, webinar_id: str) -> Collection[str]:
        """Who ever raised one."""
        return list((await session.execute(select(Hand.person).where(Hand.webinar_id == webinar_id))).scalars())

    async def own(self, session: AsyncSession, webinar_id: str, persons: Collection[str] | None, after: int) -> Mapping[str, Own]:
        """Their own."""
        query = select(Hand).where(Hand.webinar_id == webinar_id, Hand.seq > after)
        query = query if persons is None else query.where(Hand.person.in_(persons))
        result: dict[str, Own] = {}
        for hand in (await session.execute(query)).scalars():
            up = encode(MyHandEntity(id=hand.id, seq=hand.seq, state=hand.state, wants=hand.wants))
            result[hand.person] = Own([], [f"my_hand/{hand.id}"]) if hand.state == DOWN else Own([up], [])
        return result
