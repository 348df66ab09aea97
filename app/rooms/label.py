"""The privacy label of a webinar: what is stored, why, how long, who sees it, what leaves this server."""

from __future__ import annotations

from typing import Any

from app.core.i18n import words
from app.privacy.retention import erase_at
from app.rooms.models import Webinar
from app.rooms.modes import modes_of

WITH_WEBINAR = words("With the webinar’s data")
"""When what a row names is erased; the day stands below, once for all."""


def privacy_label(row: Webinar) -> dict[str, Any]:
    """The label's rows from what is switched on; none stored at all is said in one line."""
    stored = []
    if row.chat_mode == "stored":
        stored.append(
            {
                "what": words("Chat messages, reactions to them and the name you write with them"),
                "why": words("to show the chat to everyone in this webinar"),
                "how_long": WITH_WEBINAR,
            }
        )
    if any(modes_of(row, phase).questions != "off" for phase in ("before", "live")):
        stored.append(
            {
                "what": words("Questions, votes for questions and the name you write with them"),
                "why": words("to answer them and show which matter most"),
                "how_long": WITH_WEBINAR,
            }
        )
    if any(modes_of(row, phase).polls != "off" for phase in ("before", "live")):
        stored.append(
            {
                "what": words("Answers to polls; who gave them only where a poll says so"),
                "why": words("to count them"),
                "how_long": WITH_WEBINAR,
            }
        )
    if row.recording:
        stored.append(
            {
                "what": words("A recording of what is seen and heard on stage"),
                "why": words("to watch the webinar again"),
                "how_long": WITH_WEBINAR,
            }
        )
    return {
        "stored": stored,
        "seen_by": words("Everyone in the webinar and its crew") if stored else "",
        "leaves": words("Nothing"),
        "erased_on": erase_at(row.ends_at, row.retention_days) if stored else None,
        "zone": row.zone,
    }
