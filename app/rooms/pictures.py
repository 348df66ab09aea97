"""Pictures of a webinar's states: checked, made anew without metadata, kept with the webinar and gone with it.

What is uploaded is never served. Pillow reads it as one of three kinds, and a new picture is written from the pixels alone: no place,
no camera, no name of a program, nothing appended.
"""

from __future__ import annotations

import asyncio
import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem, not_found
from app.core.ids import new_id
from app.rooms.models import Picture
from app.rooms.room import Room

KINDS = ("JPEG", "PNG", "WEBP")
UPLOAD_MAX = 8 * 1024 * 1024
PIXELS_MAX = 50_000_000
SIDE = (1920, 1080)
STATES = ("any", "idle", "preview", "paused", "ended")
MEDIA_TYPE = "image/webp"


async def remake(data: bytes) -> bytes:
    """The picture anew, as WebP of at most 1920 × 1080. Raises 422 for what is not a picture."""
    if len(data) > UPLOAD_MAX:
        raise Problem("picture.too_large", "This picture is too large. Use one of at most 8 MB.", status=413)
    return await asyncio.to_thread(_remake, data)


async def put(room: Room, state: str, body: bytes) -> None:
    """Show ``body`` in ``state`` from now on; the one before is deleted."""
    _known(state)
    picture = Picture(id=new_id(), webinar_id=room.row.id, body=body, made_at=room.unit.now)
    room.unit.session.add(picture)
    await _set(room, state, picture.id)


async def take_away(room: Room, state: str) -> None:
    """No picture in ``state``."""
    _known(state)
    await _set(room, state, None)


async def get(session: AsyncSession, webinar_id: str, picture_id: str) -> bytes:
    """The picture. Raises 404 for another webinar's too."""
    row = await session.get(Picture, picture_id)
    if row is None or row.webinar_id != webinar_id:
        raise not_found()
    return row.body


async def _set(room: Room, state: str, picture_id: str | None) -> None:
    row = room.row
    before = row.picture if state == "any" else row.state_pictures.get(state)
    if state == "any":
        row.picture = picture_id
    else:
        # A new dictionary, so that the change of the JSON column is noticed.
        rest = {name: known for name, known in row.state_pictures.items() if name != state}
        row.state_pictures = {**rest, state: picture_id} if picture_id else rest
    if before:
        await room.unit.session.execute(delete(Picture).where(Picture.id == before))


def _known(state: str) -> None:
    if state not in STATES:
        raise Problem("broadcast.state", "There is no such state.")


def _remake(data: bytes) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=KINDS) as picture:
                # Known from the head of the file, before a pixel is unpacked.
                if picture.width * picture.height > PIXELS_MAX:
                    raise _too_many()
                picture.draft("RGB", SIDE)
                upright = ImageOps.exif_transpose(picture)
                upright.thumbnail(SIDE)
                plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        except Image.DecompressionBombError:
            raise _too_many() from None
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
            raise Problem(
                "picture.unknown", "This is not a JPEG, PNG or WebP picture. Choose another file.", status=422
            ) from None
    fresh = Image.new(plain.mode, plain.size)
    fresh.paste(plain)
    out = io.BytesIO()
    fresh.save(out, "WEBP", quality=82, method=4)
    return out.getvalue()


def _too_many() -> Problem:
    return Problem("picture.pixels", "This picture has too many pixels. Use one of at most 50 million.", status=422)
