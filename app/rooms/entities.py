"""What browsers hold copies of, as it goes over the wire. Encoded once per lane."""

from __future__ import annotations

import msgspec

Broadcast = str


class WebinarEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="webinar", omit_defaults=True):
    """The webinar itself: what the page needs to turn into waiting page, room or farewell by itself."""

    id: str
    seq: int
    title: str
    publication: str
    broadcast: str
    starts_at: int
    ends_at: int
    zone: str
    chat: dict[str, str]
    message: str = ""
    live_since: int | None = None
    stream: str | None = None
    recording: bool = False


class Author(msgspec.Struct, frozen=True):
    """Who said something: an id of this webinar alone, the shown name, the role."""

    id: str
    name: str
    role: str


class MessageEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="message", omit_defaults=True):
    """A chat message as everybody sees it."""

    id: str
    seq: int
    author: Author
    text: str
    at: int
    ref: str = ""
    reply_to: str | None = None
    edited: bool = False
    hidden: bool = False
    crew: bool = False


class MessageGone(msgspec.Struct, frozen=True, tag_field="kind", tag="message"):
    """What stays of a removed message: that there was one."""

    id: str
    seq: int
    removed: bool = True


class PresenterEntity(msgspec.Struct, frozen=True, tag_field="kind", tag="presenter", omit_defaults=True):
    """Who is sending picture or sound; crew only."""

    id: str
    seq: int
    name: str
    connected: bool
    video: bool = False
    audio: bool = False


encode = msgspec.json.Encoder().encode
