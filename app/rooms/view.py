"""From rows to the entities that go over the wire, for each lane."""

from __future__ import annotations

import msgspec

from app.core.clock import millis
from app.protocol.entities import PhaseModes, PolicyEntity, WebinarEntity, encode
from app.rooms import modes
from app.rooms.models import Webinar
from app.rooms.sources import Look, Part

DEFAULT_TEXTS = {
    "idle": "",
    "preview": "",
    "paused": "We will be right back.",
    "ended": "This webinar has ended. Thank you for being here.",
}


def webinar_bytes(row: Webinar, *, crew: bool) -> bytes:
    """The webinar for one lane; the crew's stream is there from the preview on."""
    return encode(webinar_entity(row, crew=crew))


def webinar_entity(row: Webinar, *, crew: bool) -> WebinarEntity:
    """The webinar as an entity."""
    return WebinarEntity(
        id=row.id,
        seq=row.entity_seq,
        title=row.title,
        publication=row.publication,
        broadcast=row.broadcast,
        starts_at=millis(row.starts_at),
        ends_at=millis(row.ends_at),
        zone=row.zone,
        chat=modes.chat_of(row),
        questions=modes.questions_of(row),
        polls=modes.polls_of(row),
        reactions=modes.reactions_of(row),
        hands=modes.hands_of(row),
        phase=modes.phase_of(row.broadcast),
        in_step=row.in_step,
        message=row.state_texts.get(row.broadcast) or DEFAULT_TEXTS.get(row.broadcast, ""),
        live_since=millis(row.live_since) if row.live_since else None,
        stream=stream_of(row, crew=crew),
        source=row.source,
        recording=row.recording,
        picture=picture_of(row, row.broadcast) if row.broadcast != "live" else None,
        texts=dict(row.state_texts) if crew else {},
        pictures=pictures_of(row) if crew else {},
    )


def picture_of(row: Webinar, state: str) -> str | None:
    """Address of the picture for ``state``: its own, or the webinar's."""
    known = pictures_of(row)
    return known.get(state) or known.get("any")


def pictures_of(row: Webinar) -> dict[str, str]:
    """Addresses by state; ``any`` is the webinar's own."""
    ids = {**row.state_pictures, **({"any": row.picture} if row.picture else {})}
    return {state: f"/w/{row.slug}/pictures/{picture}" for state, picture in ids.items()}


def policy_bytes(row: Webinar) -> bytes:
    """What the organiser chose for every phase; for the crew."""
    phases: dict[str, PhaseModes] = {phase: _phase(modes.modes_of(row, phase)) for phase in modes.PHASES}
    return encode(PolicyEntity(id=row.id, seq=row.entity_seq, phases=phases, words=row.words))


def _phase(chosen: modes.Modes) -> PhaseModes:
    return PhaseModes(**{**msgspec.to_builtins(chosen), "private": bool(chosen.private)})


def stream_of(row: Webinar, *, crew: bool) -> str | None:
    """Address of the stream this lane may play now."""
    if row.source == "ondemand":
        token = row.crew_token if crew else row.hls_token
        return f"/ondemand/{token}/main.m3u8" if row.broadcast == "live" else None
    if crew:
        return f"/hls/{row.crew_token}/main.m3u8" if row.broadcast in ("preview", "live", "paused") else None
    return f"/hls/{row.hls_token}/main.m3u8" if row.broadcast == "live" else None


class WebinarSource:
    """The webinar itself in copies of the room: implements :class:`app.rooms.sources.EntitySource`."""

    async def lane(self, look: Look, lane: str, after: int | None) -> Part:
        """The webinar, and for the crew what the organiser chose, if it changed."""
        if after is not None and look.row.entity_seq <= after:
            return Part([], [])
        crew = lane == "crew"
        return Part([webinar_bytes(look.row, crew=crew), *([policy_bytes(look.row)] if crew else [])], [])
