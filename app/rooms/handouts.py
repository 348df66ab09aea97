"""Handouts: files for the audience. What they are is told from their content, metadata goes, and they lie sealed beside the database.

Pictures are written anew from their pixels; a PDF is written anew without author, program, dates, scripts or attached files. Plain text
must be text. Anything else is refused, so that nobody is handed a program.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator

import msgspec
from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import func, select

from app.core.clock import millis
from app.core.errors import Problem
from app.core.ids import new_id
from app.privacy.files import SealedReader, SealedWriter, Shelf
from app.privacy.vault import Box, Vault
from app.protocol.entities import HandoutEntity, encode
from app.rooms.models_people import Handout
from app.rooms.room import Room
from app.rooms.sources import Look, Part
from app.rooms.texts import one_line

SIZE_MAX = 25 * 1024 * 1024
MOST = 20
PIXELS_MAX = 50_000_000
PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
PDF, TEXT = "application/pdf", "text/plain"
ENDINGS = {PDF: "pdf", TEXT: "txt", "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


class Cleaned(msgspec.Struct, frozen=True):
    """A file fit to be handed out."""

    body: bytes
    type: str


async def clean(data: bytes) -> Cleaned:
    """The file without metadata. Raises 413 or 422 for one that is too large or of another kind."""
    if len(data) > SIZE_MAX:
        raise Problem("handout.size", "This file is too large. Use one of at most 25 MB.", status=413)
    return await asyncio.to_thread(_clean, data)


async def add(room: Room, vault: Vault, shelf: Shelf, title: str, cleaned: Cleaned) -> Handout:
    """Hand it out: everybody in the room sees it at once."""
    await room.unit.session.flush()
    here = select(func.count()).select_from(Handout).where(Handout.webinar_id == room.row.id, ~Handout.gone)
    if (await room.unit.session.execute(here)).scalar_one() >= MOST:
        raise Problem("handout.many", "There can be at most {max} handouts.", status=409, params={"max": MOST})
    handout = Handout(
        id=new_id(),
        webinar_id=room.row.id,
        seq=room.next_seq(),
        title=one_line(title, 120) or "Handout",
        type=cleaned.type,
        size=len(cleaned.body),
        gone=False,
        at=room.unit.now,
    )
    box = await vault.things_box(room.row.id)
    await asyncio.to_thread(_write, shelf, handout, box, cleaned.body)
    room.unit.session.add(handout)
    data = (entity_bytes(handout),)
    room.tell(handout.seq, audience=data, crew=data)
    return handout


async def remove(room: Room, shelf: Shelf, handout_id: str) -> int:
    """Take it away, file and all."""
    handout = await one(room, handout_id)
    handout.gone, handout.title, handout.seq = True, "", room.next_seq()
    (shelf.things(room.row.id) / handout.id).unlink(missing_ok=True)
    gone = (f"handout/{handout.id}",)
    room.tell(handout.seq, gone_audience=gone, gone_crew=gone)
    return handout.seq


async def one(room: Room, handout_id: str) -> Handout:
    """A handout of this room."""
    await room.unit.session.flush()
    handout = await room.unit.session.get(Handout, handout_id)
    if handout is None or handout.webinar_id != room.row.id or handout.gone:
        raise Problem("handout.unknown", "This handout is not here any more.", status=404)
    return handout


async def chunks(vault: Vault, shelf: Shelf, handout: Handout) -> Iterator[bytes]:
    """Its content, opened piece by piece."""
    box = await vault.things_box(handout.webinar_id)
    return _read(SealedReader(shelf.things(handout.webinar_id) / handout.id, box, f"handout|{handout.id}"))


def _read(reader: SealedReader) -> Iterator[bytes]:
    with reader:
        yield from reader.chunks()


def file_name(handout: Handout) -> str:
    """What a browser saves it as: safe in every file system."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in handout.title)
    stem = "-".join(part for part in plain.split("-") if part) or "handout"
    return f"{stem[:60]}.{ENDINGS[handout.type]}"


def entity_bytes(row: Handout) -> bytes:
    """For everybody."""
    return encode(HandoutEntity(id=row.id, seq=row.seq, title=row.title, type=row.type, size=row.size, at=millis(row.at)))


def _write(shelf: Shelf, handout: Handout, box: Box, body: bytes) -> None:
    writer = SealedWriter(shelf.things(handout.webinar_id) / handout.id, box, f"handout|{handout.id}")
    writer.write(body)
    writer.close()


def _clean(data: bytes) -> Cleaned:
    if data[:1024].lstrip().startswith(b"%PDF-"):
        # Loaded when there is a PDF: most processes never see one.
        from app.rooms.handout_pdf import PdfUnreadable, clean

        try:
            return Cleaned(clean(data), PDF)
        except PdfUnreadable:
            raise _unknown() from None
    picture = _picture(data)
    if picture is not None:
        return picture
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _unknown() from None
    if not text.strip() or any(ord(c) < 32 and c not in "\t\n\r\f" for c in text) or text.lstrip()[:1] == "<" or text[:2] == "#!":
        raise _unknown()
    return Cleaned(text.encode(), TEXT)


def _picture(data: bytes) -> Cleaned | None:
    try:
        with Image.open(io.BytesIO(data), formats=tuple(PICTURES)) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise Problem("handout.size", "This picture has too many pixels. Use one of at most 50 million.", status=422)
            form = str(picture.format)
            upright = ImageOps.exif_transpose(picture)
            plain = upright.convert("RGBA" if upright.has_transparency_data and form != "JPEG" else "RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return None
    fresh = Image.new(plain.mode, plain.size)
    fresh.paste(plain)
    out = io.BytesIO()
    fresh.save(out, form, quality=90)
    return Cleaned(out.getvalue(), PICTURES[form])


def _unknown() -> Problem:
    return Problem("handout.type", "Hand out a PDF, a picture (JPEG, PNG, WebP) or plain text.", status=422)


class HandoutSource:
    """Handouts in copies of the room: implements :class:`app.rooms.sources.EntitySource`."""

    async def lane(self, look: Look, lane: str, after: int | None) -> Part:
        """Those that changed; all that are there without ``after``."""
        query = select(Handout).where(Handout.webinar_id == look.row.id)
        query = query.where(~Handout.gone) if after is None else query.where(Handout.seq > after)
        rows = (await look.session.execute(query.order_by(Handout.at))).scalars().all()
        return Part([entity_bytes(row) for row in rows if not row.gone], [f"handout/{row.id}" for row in rows if row.gone])
