"""What moderators decided: who, what, why, and how to take it back. The whole crew sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.core.clock import millis
from app.core.errors import Problem
from app.core.ids import new_id
from app.live.seat import Seat
from app.privacy.vault import Box, Vault
from app.protocol.entities import By, DecisionEntity, encode
from app.rooms.models_people import Decision
from app.rooms.room import Room
from app.rooms.sources import Look, Part
from app.rooms.texts import clean

REASON_MAX = 300
RECENT = 200


async def note(
    room: Room, seat: Seat, action: str, thing: str, *, person: str = "", reason: str = "", before: dict[str, Any] | None = None
) -> Decision:
    """Write a decision down. ``before``: what to put back to undo it; without it, it cannot be undone."""
    decision_id, reason = new_id(), clean(reason)[:REASON_MAX]
    box = await room.box_of(person) if person and reason else room.box
    decision = Decision(
        id=decision_id,
        webinar_id=room.row.id,
        seq=room.next_seq(),
        action=action,
        object=thing,
        person=person,
        reason=box.seal(reason, f"decision.reason|{decision_id}") if reason else b"",
        by_id=seat.person,
        by_name=room.box.seal(seat.name or "", f"decision.by_name|{decision_id}"),
        before=before,
        undone=False,
        at=room.unit.now,
    )
    room.unit.session.add(decision)
    await told(room, decision)
    return decision


async def one(room: Room, decision_id: str) -> Decision:
    """A decision that stands and can be taken back."""
    await room.unit.session.flush()
    decision = await room.unit.session.get(Decision, decision_id)
    if decision is None or decision.webinar_id != room.row.id:
        raise Problem("decision.unknown", "This decision is not here any more.", status=404)
    if decision.undone or decision.before is None:
        raise Problem("decision.undone", "This was taken back already, or cannot be.", status=409)
    return decision


async def taken_back(room: Room, decision: Decision) -> int:
    """It does not stand any more."""
    decision.undone, decision.seq = True, room.next_seq()
    await told(room, decision)
    return decision.seq


async def settle(room: Room, thing: str, actions: tuple[str, ...]) -> None:
    """Somebody did the opposite by hand, so there is nothing left to take back."""
    await room.unit.session.flush()
    query = select(Decision).where(Decision.webinar_id == room.row.id, Decision.object == thing, Decision.action.in_(actions))
    for decision in (await room.unit.session.execute(query.where(~Decision.undone))).scalars().all():
        await taken_back(room, decision)


async def told(room: Room, decision: Decision) -> None:
    """Tell the crew."""
    box = await room.reader_of(decision.person) if decision.person else room.box
    room.tell(decision.seq, crew=(entity_bytes(decision, box, room.box),))


async def forget_persons(room: Room, persons: Sequence[str]) -> None:
    """The part of an erasure: why something was done to somebody goes, that it was done stays."""
    await room.unit.session.flush()
    query = select(Decision).where(Decision.webinar_id == room.row.id, Decision.person.in_(persons))
    for decision in (await room.unit.session.execute(query)).scalars().all():
        decision.person, decision.reason, decision.before = "", b"", None
        # Sealed anew: the scan looks for the bytes that were in the rows of whom is erased.
        aad = f"decision.by_name|{decision.id}"
        decision.by_name = room.box.seal(room.box.open(decision.by_name, aad), aad)
        decision.seq = room.next_seq()
        await told(room, decision)


def entity_bytes(row: Decision, box: Box | None, own: Box) -> bytes:
    """For the crew."""
    return encode(
        DecisionEntity(
            id=row.id,
            seq=row.seq,
            at=millis(row.at),
            by=By(row.by_id, own.open_text(row.by_name, f"decision.by_name|{row.id}")),
            action=row.action,
            object=row.object,
            reason=box.open_text(row.reason, f"decision.reason|{row.id}") if row.reason and box else "",
            undoable=row.before is not None and not row.undone,
            undone=row.undone,
        )
    )


class DecisionSource:
    """Decisions in the crew's copies: implements :class:`app.rooms.sources.EntitySource`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def lane(self, look: Look, lane: str, after: int | None) -> Part:
        """Those that changed; the newest without ``after``."""
        if lane != "crew":
            return Part([], [])
        query = select(Decision).where(Decision.webinar_id == look.row.id)
        query = query.order_by(Decision.at.desc()).limit(RECENT) if after is None else query.where(Decision.seq > after)
        rows = sorted((await look.session.execute(query)).scalars(), key=lambda row: row.at)
        boxes = {**await self._vault.boxes_of(look.row.id, {row.person for row in rows if row.person}), "": look.box}
        return Part([entity_bytes(row, boxes.get(row.person), look.box) for row in rows], [])
