"""The privacy label of a webinar: what is stored, why, how long, who sees it, what leaves this server."""

from __future__ import annotations

from typing import Any

from app.rooms.models import Webinar


def privacy_label(row: Webinar) -> dict[str, Any]:
    """The label's rows from what is switched on; none stored at all is said in one line."""
    stored = []
    if row.chat_mode == "stored":
        stored.append(
            {
                "what": "Chat messages and the name you write with them",
                "why": "to show the chat to everyone in this webinar",
                "how_long": "Until the organiser erases it",
            }
        )
    return {
        "stored": stored,
        "seen_by": "Everyone in the webinar and its crew" if stored else "",
        "leaves": "Nothing",
        "erased_on": None,
    }
