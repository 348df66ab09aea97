"""Texts that are one of a few words: said for documents and types, not checked when we encode what we wrote ourselves."""

from __future__ import annotations

import msgspec


def word(*words: str) -> msgspec.Meta:
    """The values a text may have."""
    return msgspec.Meta(extra_json_schema={"enum": list(words)})
