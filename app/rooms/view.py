"""From rows to the entities that go over the wire, for each lane."""

from __future__ import annotations

from app.core.clock import millis
from app.privacy.vault import Box
from app.rooms.entities import Author, MessageEntity, MessageGone, WebinarEntity, encode
from app.rooms.models import Message, Webinar

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
        chat={"mode": row.chat_mode},
        message=row.state_texts.get(row.broadcast) or DEFAULT_TEXTS.get(row.broadcast, ""),
        live_since=millis(row.live_since) if row.live_since else None,
        stream=stream_of(row, crew=crew),
        recording=row.recording,
    )


def stream_of(row: Webinar, *, crew: bool) -> str | None:
    """Address of the stream this lane may play now."""
    if crew:
        return f"/hls/{row.crew_token}/main.m3u8" if row.broadcast in ("preview", "live", "paused") else None
    return f"/hls/{row.hls_token}/main.m3u8" if row.broadcast == "live" else None


def message_bytes(row: Message, box: Box) -> bytes:
    """A message, opened and encoded."""
    if row.state == "removed":
        return encode(MessageGone(id=row.id, seq=row.seq))
    name, text = open_message(row, box)
    return encode(
        MessageEntity(
            id=row.id,
            seq=row.seq,
            author=Author(row.person, name, row.role),
            text=text,
            at=millis(row.at),
            ref=row.ref,
            reply_to=row.reply_to,
            edited=row.edited,
            hidden=row.state == "hidden",
            crew=row.lane == "crew",
        )
    )


def open_message(row: Message, box: Box) -> tuple[str, str]:
    """Name and text of a message."""
    return (
        box.open_text(row.name, f"message.name|{row.id}") if row.name else "",
        box.open_text(row.text, f"message.text|{row.id}") if row.text else "",
    )
