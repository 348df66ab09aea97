"""What the style guide shows: every component in every state, with texts as they stand in real pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

STARTS = datetime(2026, 12, 4, 14, 0, tzinfo=UTC)

ROLES = (
    "surface", "surface-raised", "surface-sunken", "surface-pressed", "line", "line-field", "text", "text-quiet",
    "accent", "accent-soft", "accent-text", "live", "good", "warn", "danger", "focus",
)  # fmt: skip

PEOPLE = (
    ("r1", "Ada Lindqvist", "ada@example.org", "Confirmed", "good", "Gothenburg University", "24 Nov, 09:12"),
    ("r2", "Benoît Lefèvre", "benoit@example.org", "Waiting for approval", "warn", "Ville de Namur", "24 Nov, 08:57"),
    ("r3", "Chioma Okafor", "chioma@example.org", "Confirmed", "good", "Delta Health", "23 Nov, 17:40"),
    ("r4", "Daan de Vries", "daan@example.org", "Withdrawn", "hollow", "Waterschap Rijnland", "23 Nov, 16:02"),
    ("r5", "Eleni Papadaki", "eleni@example.org", "Confirmed", "good", "University of Crete", "23 Nov, 11:25"),
)

VIEWERS = (
    ("15:00", 212), ("15:05", 871), ("15:10", 1104), ("15:15", 1187), ("15:20", 1204), ("15:25", 1198),
    ("15:30", 1176), ("15:35", 1120), ("15:40", 1042), ("15:45", 990), ("15:50", 640), ("15:55", None),
)  # fmt: skip

LABEL: Mapping[str, object] = {
    "stored": [
        {
            "what": "Your name and e-mail address",
            "why": "to send your link and reminders",
            "how_long": "until 30 days after the webinar",
        },
        {
            "what": "What you write in chat and questions",
            "why": "so that others can read and answer it",
            "how_long": "until 7 days after",
        },
        {"what": "Your consent to be recorded", "why": "to show that you agreed", "how_long": "as long as the recording"},
    ],
    "seen_by": "Delta Health and its moderators",
    "leaves": "",
    "erased_on": "3 January 2027",
}


def styleguide_context() -> dict[str, Any]:
    """Everything ``styleguide/index.html`` needs beside what every page gets."""
    return {
        "roles": ROLES,
        "people": PEOPLE,
        "viewers": VIEWERS,
        "label": LABEL,
        "nothing_stored": {"stored": []},
        "starts_at": STARTS.isoformat(),
        "starts_text": "Friday 4 December 2026, 15:00 (CET)",
        "zones": (("Europe/Brussels", "Brussels (UTC+1)"), ("America/New_York", "New York (UTC−5)"), ("UTC", "UTC")),
        "columns": (
            {"text": "Name", "sort": "?sort=-name", "sorted": "ascending"},
            {"text": "State", "sort": "?sort=state"},
            {"text": "Organisation"},
            {"text": "Registered", "sort": "?sort=at", "number": True},
            {"text": ""},
        ),
    }
