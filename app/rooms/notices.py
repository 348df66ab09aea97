"""Notices of the crew to everybody: a text, perhaps a button, until they are taken away or their time is over."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import select

from app.core.clock import millis
from app.core.errors import Problem
from app.core.ids import new_id
from app.protocol.entities import Button, NoticeEntity, encode
from app.rooms import due
from app.rooms.models_people import Notice
from app.rooms.room import Room
from app.rooms.sources import Look, Part
from app.rooms.texts import clean, one_line

OVER = "notice.over"
TEXT_MAX, BUTTON_MAX, URL_MAX = 300, 60, 500
SECONDS = (5, 24 * 3600)


async def post(room: Room, text: str, button_text: str, button_url: str, seconds: int | None) -> Notice:
    """Say it to everybody."""
    text, button_text = clean(text), one_line(button_text, BUTTON_MAX)
    if not text or len(text) > TEXT_MAX:
        raise Problem("notice.too_long", "Use between 1 and {max} characters.", params={"max": TEXT_MAX})
    if bool(button_text) != bool(button_url) or (button_url and not _web(button_url)):
        raise Problem("notice.url", "A button needs a text and an address that begins with https://.", status=422)
    if seconds is not None and not SECONDS[0] <= seconds <= SECONDS[1]:
        raise Problem("modes.invalid", "This choice is not known here.")
    notice = Notice(
        id=new_id(),
        webinar_id=room.row.id,
        seq=room.next_seq(),
        text=text,
        button_text=button_text,
        button_url=button_url,
        until=room.unit.now + timedelta(seconds=seconds) if seconds else None,
        gone=False,
        at=room.unit.now,
    )
    room.unit.session.add(notice)
    if notice.until:
        await due.at(room, OVER, notice.id, notice.until)
    data = (entity_bytes(notice),)
    room.tell(notice.seq, audience=data, crew=data)
    return notice


async def withdraw(room: Room, notice_id: str) -> int:
    """Take it away."""
    await room.unit.session.flush()
    notice = await room.unit.session.get(Notice, notice_id)
    if notice is None or notice.webinar_id != room.row.id or notice.gone:
        raise Problem("notice.unknown", "This notice is not here any more.", status=404)
    return _away(room, notice)


async def over(room: Room, notice_id: str) -> None:
    """Done by the pulse when its time is over."""
    notice = await room.unit.session.get(Notice, notice_id)
    if notice is not None and not notice.gone:
        _away(room, notice)


def entity_bytes(notice: Notice) -> bytes:
    """For everybody."""
    return encode(
        NoticeEntity(
            id=notice.id,
            seq=notice.seq,
            text=notice.text,
            at=millis(notice.at),
            button=Button(notice.button_text, notice.button_url) if notice.button_url else None,
            until=millis(notice.until) if notice.until else None,
        )
    )


def _away(room: Room, notice: Notice) -> int:
    notice.gone, notice.seq = True, room.next_seq()
    gone = (f"notice/{notice.id}",)
    room.tell(notice.seq, gone_audience=gone, gone_crew=gone)
    return notice.seq


def _web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return len(url) <= URL_MAX and parts.scheme == "https" and bool(parts.hostname) and url.isprintable() and " " not in url


class NoticeSource:
    """Notices in copies of the room: implements :class:`app.rooms.sources.EntitySource`."""

    async def lane(self, look: Look, lane: str, after: int | None) -> Part:
        """Those that changed; all that stand without ``after``."""
        query = select(Notice).where(Notice.webinar_id == look.row.id)
        query = query.where(~Notice.gone) if after is None else query.where(Notice.seq > after)
        rows = (await look.session.execute(query.order_by(Notice.at))).scalars().all()
        return Part([entity_bytes(row) for row in rows if not row.gone], [f"notice/{row.id}" for row in rows if row.gone])
