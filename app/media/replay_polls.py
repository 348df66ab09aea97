"""The polls of a recording, in step with its picture: what everybody saw, when, and the results everybody may see."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.media.models_recordings import Recording
from app.media.timeline import place_of
from app.privacy.vault import Vault
from app.rooms.models_polls import Poll, PollText
from app.rooms.poll_view import items_of, open_to_all, public, tallies


async def in_step(session: AsyncSession, vault: Vault, recording: Recording, zero: float, seconds: float) -> list[dict[str, Any]]:
    """Polls of the audience with their place in the replay in seconds; ``zero`` and ``seconds``: beginning and length of the recording.

    Results that were for the crew alone stay with it; of a poll that is still open only what everybody sees now.
    """
    begins = zero + recording.start
    length = min(recording.end or seconds, seconds) - recording.start
    query = select(Poll).where(Poll.webinar_id == recording.webinar_id, Poll.opened_at.is_not(None)).order_by(Poll.opened_at)
    found = []
    for poll in (await session.execute(query)).scalars():
        if poll.opened_at is None or not public(poll):
            continue
        at = place_of(poll.opened_at) - begins
        until = place_of(poll.closed_at) - begins if poll.closed_at is not None else length
        if at < length and until > 0:
            found.append(await _one(session, vault, poll, max(0.0, at), until))
    return found


async def _one(session: AsyncSession, vault: Vault, poll: Poll, at: float, until: float) -> dict[str, Any]:
    items = [item if poll.state == "closed" else msgspec.structs.replace(item, right=[]) for item in items_of(poll)]
    tally = None
    if open_to_all(poll):
        query = select(PollText.person).where(PollText.poll_id == poll.id).distinct()
        persons = set((await session.execute(query)).scalars())
        boxes = await vault.boxes_of(poll.webinar_id, persons - {""}) if persons - {""} else {}
        if "" in persons:
            boxes = {**boxes, "": await vault.box(poll.webinar_id)}
        tally = (await tallies(session, poll, boxes))[1]
    return {"id": poll.id, "at": round(at, 1), "until": round(until, 1), "title": poll.title, "items": items, "tally": tally}
