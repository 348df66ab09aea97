"""What all commands share: a number for the answer, a mark that makes a retry harmless, bounded fields, nothing unknown."""

from __future__ import annotations

from typing import Annotated

import msgspec

Id = Annotated[str, msgspec.Meta(max_length=40)]
"""Name of a thing or person."""
Ref = Annotated[str, msgspec.Meta(max_length=120)]
Short = Annotated[str, msgspec.Meta(max_length=200)]
Reason = Annotated[str, msgspec.Meta(max_length=300)]
Long = Annotated[str, msgspec.Meta(max_length=8000)]
"""Bounded here against abuse; the verbs have the limits people hear of, in words."""


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """Base of all commands."""

    id: int
    ref: Ref = ""


class Done(msgspec.Struct, frozen=True):
    """Answer to anything that changed the room: the number of the change."""

    seq: int
