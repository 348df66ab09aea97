"""Who is on stage and backstage, and whom the audience sees: the rules, for crew and media process alike."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from sqlalchemy import select

from app.core.clock import millis
from app.core.errors import Problem, forbidden, not_found
from app.core.ids import new_id
from app.core.permissions import Permission
from app.live.seat import Seat
from app.media.directory import Publisher
from app.media.models import Presenter, StageRow
from app.privacy.vault import Box
from app.protocol.entities import MyPlaceEntity, PresenterEntity, PresenterGone, StageEntity, encode
from app.rooms import hands, restrictions
from app.rooms.room import Room

MOST = 24
LAYOUTS = ("single", "side", "corner", "grid")
BEFORE_LIVE = ("idle", "preview")


async def enter(room: Room, person: str, name: str, sort: str = "crew", language: str | None = None) -> Presenter:
    """Somebody's place, made when they have none. Late ones land backstage, never in front of the audience."""
    row = await _of_person(room, person)
    if row is not None and not row.removed:
        return row
    rows = await everybody(room)
    if len(rows) >= MOST:
        raise Problem("stage.full", "The stage is full.", status=409)
    free = room.row.broadcast in BEFORE_LIVE or not any(one.on_stage for one in rows)
    on_stage = free and sort not in ("guest", "interpreter")
    if row is None:
        row = Presenter(id=new_id(), webinar_id=room.row.id, person=person, sort=sort, name=b"", seq=0, made_at=room.unit.now)
    row.removed, row.on_stage, row.muted, row.sort, row.language = False, on_stage, False, sort, language
    row.connected = row.video = row.audio = row.shown = row.backup = False
    row.name = (await room.box_of(person)).seal(name, f"presenter.name|{row.id}")
    room.unit.session.add(row)
    await _tell(room, row)
    await room.unit.session.flush()
    return row


def screen_of(webinar_id: str, person: str) -> str:
    """Who somebody's screen is: another sender, always the same, that says nothing about them to who does not know them."""
    digest = hashlib.sha256(f"screen|{webinar_id}|{person}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:20]


async def share(room: Room, person: str, name: str) -> Presenter:
    """The place of somebody's screen, where they are themselves: a screen shared backstage is not seen by the audience."""
    own = await _of_person(room, person)
    if own is None or own.removed:
        raise not_found("presenter")
    row = await enter(room, screen_of(room.row.id, person), name, "screen")
    if row.on_stage != own.on_stage:
        row.on_stage = own.on_stage
        await _tell(room, row)
    return row


async def unshare(room: Room, person: str) -> int:
    """The screen is not shared any more."""
    row = await _of_person(room, screen_of(room.row.id, person))
    return await remove(room, row.id) if row is not None and not row.removed else room.row.seq


async def move(room: Room, seat: Seat, presenter_id: str, *, on_stage: bool) -> int:
    """On stage or backstage. Whoever directs may move all; others may leave the stage, and take one that is empty."""
    row = await _one(room, presenter_id)
    if Permission.STAGE_CONTROL not in seat.permissions:
        own = row.person == seat.person
        empty = not any(one.on_stage and one.connected for one in await everybody(room) if one is not row)
        if not own or (on_stage and not empty and room.row.broadcast not in BEFORE_LIVE):
            raise forbidden()
    if row.sort == "interpreter":
        raise Problem("stage.interpreter", "An interpreter is heard in their language and is not on stage.", status=409)
    if row.on_stage != on_stage:
        row.on_stage = on_stage
        await _tell(room, row)
    return room.row.seq


async def mute(room: Room, presenter_id: str) -> int:
    """Close somebody's microphone."""
    row = await _one(room, presenter_id)
    if not row.muted:
        row.muted = True
        await _tell(room, row)
    return room.row.seq


async def open_own(room: Room, person: str) -> int:
    """Open one's own microphone again."""
    row = await _of_person(room, person)
    if row is None or row.removed:
        raise not_found("presenter")
    if row.muted:
        row.muted = False
        await _tell(room, row)
    return room.row.seq


async def remove(room: Room, presenter_id: str) -> int:
    """Take somebody off for good; of their name nothing stays."""
    row = await _one(room, presenter_id)
    row.removed, row.on_stage, row.connected, row.shown, row.name = True, False, False, False, b""
    await _tell(room, row)
    if row.sort == "guest":
        await hands.put_down(room, row.person)
    stage = await stage_of(room)
    if stage.chosen == row.id:
        stage.chosen = None
        tell_stage(room, stage)
    return room.row.seq


async def show(room: Room, presenter_id: str | None) -> int:
    """Choose whom the audience sees; None: whoever speaks. Who is shown comes on stage."""
    if presenter_id is not None:
        row = await _one(room, presenter_id)
        if row.sort == "interpreter":
            raise not_found("presenter")
        if not row.on_stage:
            row.on_stage = True
            await _tell(room, row)
    stage = await stage_of(room)
    stage.chosen = presenter_id
    return await end_clip(room)


async def lay_out(room: Room, layout: str) -> int:
    """One picture, or several in one."""
    if layout not in LAYOUTS:
        raise Problem("stage.layout", "There is no such layout.", status=422)
    stage = await stage_of(room)
    stage.layout = layout
    return await end_clip(room)


async def end_clip(room: Room) -> int:
    """No video, or no longer: what is on stage is seen. Tells how the program is made now."""
    stage = await stage_of(room)
    stage.clip = stage.clip_at = stage.clip_until = None
    tell_stage(room, stage)
    return stage.seq


def tell_stage(room: Room, stage: StageRow) -> None:
    """Tell the crew how the program is made."""
    stage.seq = room.next_seq()
    room.tell(stage.seq, crew=(stage_bytes(stage),))


async def stage_of(room: Room) -> StageRow:
    """The stage's row, made when there is none."""
    row = await room.unit.session.get(StageRow, room.row.id)
    if row is None:
        row = StageRow(webinar_id=room.row.id, seq=0, breaks=0, layout="single")
        room.unit.session.add(row)
    return row


async def everybody(room: Room) -> list[Presenter]:
    """All who have a place."""
    query = select(Presenter).where(Presenter.webinar_id == room.row.id, Presenter.removed.is_(False))
    return list((await room.unit.session.execute(query.order_by(Presenter.made_at, Presenter.id))).scalars())


async def connected(room: Room, present: Mapping[str, Publisher]) -> None:
    """Take over who sends now, by person. Only what changed is told."""
    for row in await everybody(room):
        one = present.get(row.person)
        now = (True, one.video != "none", one.audio, one.program, one.backup) if one else (False,) * 5
        if now != (row.connected, row.video, row.audio, row.shown, row.backup):
            row.connected, row.video, row.audio, row.shown, row.backup = now
            await _tell(room, row)


def presenter_bytes(row: Presenter, box: Box | None) -> bytes:
    """A presenter, opened and encoded; without a box they were erased."""
    if row.removed or box is None:
        return encode(PresenterGone(id=row.id, seq=row.seq))
    return encode(
        PresenterEntity(
            id=row.id,
            seq=row.seq,
            person=row.person,
            name=box.open_text(row.name, f"presenter.name|{row.id}"),
            sort=row.sort,
            language=row.language or "",
            on_stage=row.on_stage,
            muted=row.muted,
            connected=row.connected,
            video=row.video,
            audio=row.audio,
            shown=row.shown,
            backup=row.backup,
        )
    )


def place_bytes(row: Presenter) -> bytes:
    """A guest's own place, encoded for them alone."""
    return encode(MyPlaceEntity(id=row.id, seq=row.seq, on_stage=row.on_stage, muted=row.muted))


async def join(room: Room, seat: Seat) -> tuple[Presenter, str]:
    """Somebody of the audience comes backstage, their hand being accepted; and the name they gave."""
    if seat.person not in await hands.accepted(room.unit.session, room.row.id):
        raise Problem("hand.unknown", "There is no invitation any more.", status=409)
    await restrictions.check(room, seat)
    name = seat.name or await hands.name_of(room, seat.person)
    return await enter(room, seat.person, name, "guest"), name


async def leave(room: Room, person: str) -> int:
    """A guest goes back to the audience."""
    row = await _of_person(room, person)
    return await remove(room, row.id) if row is not None and not row.removed and row.sort == "guest" else room.row.seq


def stage_bytes(row: StageRow) -> bytes:
    """The stage, encoded."""
    until = millis(row.clip_until) if row.clip_until is not None else None
    return encode(
        StageEntity(id=row.webinar_id, seq=row.seq, chosen=row.chosen, layout=row.layout, clip=row.clip, clip_until=until)
    )


async def _tell(room: Room, row: Presenter) -> None:
    row.seq = room.next_seq()
    own: dict[str, tuple[tuple[bytes, ...], tuple[str, ...]]] = {}
    if row.sort == "guest":
        own[row.person] = ((), (f"my_place/{row.id}",)) if row.removed else ((place_bytes(row),), ())
    room.tell(row.seq, crew=(presenter_bytes(row, await room.reader_of(row.person)),), persons=own)


async def _one(room: Room, presenter_id: str) -> Presenter:
    row = await room.unit.session.get(Presenter, presenter_id)
    if row is None or row.webinar_id != room.row.id or row.removed:
        raise not_found("presenter")
    return row


async def _of_person(room: Room, person: str) -> Presenter | None:
    query = select(Presenter).where(Presenter.webinar_id == room.row.id, Presenter.person == person)
    return (await room.unit.session.execute(query)).scalar_one_or_none()
