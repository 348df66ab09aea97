"""What people write: cleaned, bounded, and looked through for the organiser's words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

NAME_MAX = 60
_AT_CREW = re.compile(r"(?<![\w@])@crew\b", re.IGNORECASE)


def clean(text: str) -> str:
    """Without control characters, so that nothing written turns lines around or hides."""
    if text.isprintable():
        return text.strip()
    return "".join(c for c in text if c == "\n" or c.isprintable() or c in "\u200d\ufe0f").strip()


def one_line(text: str, most: int = NAME_MAX) -> str:
    """A name or label: one line, bounded."""
    return " ".join(clean(text).split())[:most]


def at_crew(text: str) -> bool:
    """Whether the crew is called."""
    return "@" in text and _AT_CREW.search(text) is not None


def held_by(words: Iterable[str], *texts: str) -> bool:
    """Whether one of the organiser's words is in what somebody wrote: as a whole word, however it is accented or cased."""
    plain = [_plain(text) for text in texts]
    return any(re.search(rf"(?<!\w){re.escape(_plain(word))}(?!\w)", text) for word in words for text in plain if word)


def _plain(text: str) -> str:
    flat = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in flat if not unicodedata.combining(c)).split())
