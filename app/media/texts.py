"""Captions of recordings: sent as a file, or written while it was live."""

from __future__ import annotations

from itertools import pairwise

import msgspec
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem, invalid, not_found
from app.core.ids import new_id
from app.core.unit import Unit
from app.media import subtitles
from app.media.captions import SHOWN
from app.media.languages import own_name
from app.media.models_captions import Caption
from app.media.models_recordings import Recording
from app.media.models_texts import RecordingText
from app.media.subtitles import Cue
from app.media.timeline import place_of
from app.privacy.vault import Box

MOST = 20
"""Languages of one recording."""


async def put(unit: Unit, box: Box, recording: Recording, lang: str, data: bytes) -> None:
    """Captions from a file, in place of those there were in this language.

    Times count from where the replay begins now; they are kept as of the whole recording, so cutting it otherwise moves nothing.
    """
    if not own_name(lang):
        raise invalid({"lang": "Choose the language of the captions."})
    cues = [Cue(one.start + recording.start, one.end + recording.start, one.text) for one in subtitles.read(data)]
    there = await of_recording(unit.session, recording.id)
    if len([one for one in there if one.lang != lang]) >= MOST:
        raise Problem("captions.many", "A recording may have captions in at most 20 languages.", status=422)
    mine = (RecordingText.recording_id == recording.id, RecordingText.lang == lang)
    await unit.session.execute(delete(RecordingText).where(*mine))
    row = RecordingText(id=new_id(), webinar_id=recording.webinar_id, recording_id=recording.id, lang=lang, count=len(cues))
    row.made_at = unit.now
    row.cues = box.seal(msgspec.json.encode(cues), f"recording_text.cues|{row.id}")
    unit.session.add(row)


async def take_away(unit: Unit, recording: Recording, text_id: str) -> None:
    """Remove captions that were sent."""
    row = await unit.session.get(RecordingText, text_id)
    if row is None or row.recording_id != recording.id:
        raise not_found("captions")
    await unit.session.delete(row)


async def of_recording(session: AsyncSession, recording_id: str) -> list[RecordingText]:
    """All that were sent for one."""
    query = select(RecordingText).where(RecordingText.recording_id == recording_id).order_by(RecordingText.lang)
    return list((await session.execute(query)).scalars())


async def languages(session: AsyncSession, recording: Recording) -> list[str]:
    """Codes of all languages a recording has captions in."""
    sent = {one.lang for one in await of_recording(session, recording.id)}
    written = select(Caption.lang).where(*_meanwhile(recording)).distinct()
    return sorted(sent | set((await session.execute(written)).scalars()))


async def cues(session: AsyncSession, box: Box, recording: Recording, lang: str, zero: float) -> list[Cue]:
    """Captions of one language, in seconds of the whole recording, which began at ``zero`` on the timeline. Raises 404.

    A file goes before what was written live.
    """
    sent = next((one for one in await of_recording(session, recording.id) if one.lang == lang), None)
    if sent is not None:
        return msgspec.json.decode(box.open(sent.cues, f"recording_text.cues|{sent.id}"), type=list[Cue])
    query = select(Caption).where(*_meanwhile(recording), Caption.lang == lang).order_by(Caption.at)
    rows = list((await session.execute(query)).scalars())
    if not rows:
        raise not_found("captions")
    starts = [place_of(row.at) - zero for row in rows]
    ends = [min(start + SHOWN.total_seconds(), after) for start, after in pairwise([*starts, starts[-1] + 3600])]
    return [
        Cue(max(0.0, start), max(start + 0.2, end), box.open_text(row.text, f"caption.text|{row.id}"))
        for row, start, end in zip(rows, starts, ends, strict=True)
        if end > 0
    ]


def _meanwhile(recording: Recording) -> list[ColumnElement[bool]]:
    found = [Caption.webinar_id == recording.webinar_id, Caption.at >= recording.made_at]
    return found if recording.ended_at is None else [*found, Caption.at <= recording.ended_at]
