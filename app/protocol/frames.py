"""Frames of the live protocol that belong to no feature. JSON text; see docs/protocol.md."""

from __future__ import annotations

import msgspec

HELLO_SECONDS = 10
COMMAND_BYTES = 16 * 1024


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a browser's copy of the room goes."""

    epoch: str
    seq: int


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="hello"):
    """First frame of a browser."""

    ticket: str
    seen: Seen | None = None


class Sync(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="sync"):
    """A browser noticed a gap and asks for what it lacks."""

    id: int
    seen: Seen | None = None


class You(msgspec.Struct, frozen=True):
    """Who the server takes you for."""

    id: str
    role: str
    name: str | None
    lane: str


class Welcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """Answer to hello."""

    you: You
    permissions: list[str]
    epoch: str
    seq: int
    now: int
    state: msgspec.Raw


class StateFrame(msgspec.Struct, frozen=True, tag_field="type", tag="state"):
    """Answer to sync, or a fresh copy when what was said before must be forgotten."""

    epoch: str
    seq: int
    state: msgspec.Raw


class Error(msgspec.Struct, frozen=True, tag_field="type", tag="error", omit_defaults=True):
    """A command that was refused. ``code`` is for programs, ``text`` for the person."""

    id: int
    code: str
    text: str
    retry_after: float | None = None


class Beat(msgspec.Struct, frozen=True, tag_field="type", tag="beat"):
    """Sent every ten seconds with the lane's newest number, so that silence cannot hide a loss."""

    epoch: str
    seq: int


class CrewMember(msgspec.Struct, frozen=True):
    """Somebody of the crew who is in the room."""

    id: str
    name: str
    role: str


class Tick(msgspec.Struct, frozen=True, tag_field="type", tag="tick", omit_defaults=True):
    """What needs no order: how many are watching, reactions of the last second, and for the crew who of them is here when that
    changes."""

    watching: int
    reactions: dict[str, int] = {}
    crew: list[CrewMember] | None = None


def ok(command_id: int, answer: msgspec.Struct | None) -> bytes:
    """The answer to a command that was committed."""
    body = msgspec.json.encode(answer) if answer is not None else b"{}"
    return b'{"type":"ok","id":%d%b%b' % (command_id, b"," if len(body) > 2 else b"", body[1:])


def change(prev: int, seq: int, entities: list[bytes], gone: list[str]) -> bytes:
    """What changed on a lane, joined from entities that are already encoded."""
    names = msgspec.json.encode(gone)
    return b'{"type":"change","prev":%d,"seq":%d,"set":[%b],"gone":%b}' % (prev, seq, b",".join(entities), names)


def state_body(full: bool, entities: list[bytes], gone: list[str]) -> msgspec.Raw:
    """The ``state`` of a welcome: a snapshot (``full``) or what changed since."""
    names = msgspec.json.encode(gone)
    return msgspec.Raw(b'{"full":%b,"set":[%b],"gone":%b}' % (b"true" if full else b"false", b",".join(entities), names))
