"""Captions: lines that a captioner or a speech-to-text service of the operator's own sends while somebody speaks."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import millis
from app.core.errors import Problem, not_found
from app.core.ids import new_id
from app.core.tokens import TokenExpired, TokenInvalid, Tokens
from app.media.languages import own_name
from app.media.models_captions import Caption
from app.privacy.vault import Box
from app.protocol.entities import CaptionEntity, encode
from app.rooms.models import Webinar
from app.rooms.room import Room
from app.rooms.sources import Look, Part

LONGEST = 300
RECENT = 60
"""Lines in a copy of the room; all of them are in the transcript."""
SHOWN = timedelta(seconds=6)
LINK_AGE = 180 * 24 * 3600


class CaptionLink(msgspec.Struct, frozen=True):
    """What a captioner's link says; ``key`` is the webinar's crew token, which a reopened webinar changes."""

    webinar: str
    lang: str
    key: str


def say(room: Room, lang: str, text: str) -> int:
    """One line, for everybody."""
    text = " ".join(text.split())
    if not text or len(text) > LONGEST:
        raise Problem("caption.too_long", "Use between 1 and {max} characters.", params={"max": LONGEST})
    if not own_name(lang):
        raise Problem("caption.language", "Say which language it is, such as en or pt-BR.")
    row = Caption(id=new_id(), webinar_id=room.row.id, seq=room.next_seq(), lang=lang, text=b"", at=room.unit.now)
    row.text = room.box.seal(text, f"caption.text|{row.id}")
    room.unit.session.add(row)
    data = (_bytes(row, text),)
    room.tell(row.seq, audience=data, crew=data)
    return row.seq


async def vtt(session: AsyncSession, box: Box, webinar_id: str, lang: str) -> str:
    """The whole transcript of one language as WebVTT, from its first line on."""
    query = select(Caption).where(Caption.webinar_id == webinar_id, Caption.lang == lang).order_by(Caption.at)
    rows = list((await session.execute(query)).scalars())
    if not rows:
        raise not_found("transcript")
    lines, zero = ["WEBVTT", ""], rows[0].at
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        end = row.at + SHOWN if following is None else min(row.at + SHOWN, following.at)
        text = box.open_text(row.text, f"caption.text|{row.id}").replace("-->", "→").replace("<", "‹")
        lines += [f"{_time(row.at - zero)} --> {_time(max(end, row.at + timedelta(milliseconds=200)) - zero)}", text, ""]
    return "\n".join(lines)


def link(tokens: Tokens, webinar: Webinar, lang: str) -> str:
    """Path of the captioners' page, and of the endpoint for services."""
    return "/caption/" + tokens.sign("caption", CaptionLink(webinar.id, lang, webinar.crew_token))


def read_link(tokens: Tokens, token: str) -> CaptionLink:
    """What a link opens. Raises 404."""
    try:
        return tokens.read("caption", token, CaptionLink, max_age=LINK_AGE)
    except (TokenExpired, TokenInvalid):
        raise not_found("webinar") from None


class CaptionSource:
    """Captions in copies of the room: implements :class:`app.rooms.sources.EntitySource`."""

    async def lane(self, look: Look, lane: str, after: int | None) -> Part:
        """The newest lines, the same for everybody."""
        query = select(Caption).where(Caption.webinar_id == look.row.id, Caption.seq > (after or 0))
        rows = list((await look.session.execute(query.order_by(Caption.seq.desc()).limit(RECENT))).scalars())
        return Part([_bytes(row, look.box.open_text(row.text, f"caption.text|{row.id}")) for row in reversed(rows)], [])


def _bytes(row: Caption, text: str) -> bytes:
    return encode(CaptionEntity(id=row.id, seq=row.seq, lang=row.lang, text=text, at=millis(row.at)))


def _time(span: timedelta) -> str:
    whole = int(span.total_seconds() * 1000)
    seconds, rest = divmod(whole, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}.{rest:03}"
