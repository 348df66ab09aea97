"""Names of things. Random, so that no id says when or for whom it was made, and none is a capability."""

from __future__ import annotations

import re
import secrets

ID_LENGTH = 20
_ID = re.compile(r"[A-Za-z0-9_-]{20}")


def new_id() -> str:
    """20 URL-safe characters, 120 random bits. The first is no dash: a command line would take such an id for an option."""
    while (made := secrets.token_urlsafe(15)).startswith("-"):
        pass
    return made


def new_secret() -> str:
    """43 URL-safe characters, 256 random bits: for links and keys."""
    return secrets.token_urlsafe(32)


def is_id(text: str) -> bool:
    """True for a text of the form of :func:`new_id`."""
    return _ID.fullmatch(text) is not None
