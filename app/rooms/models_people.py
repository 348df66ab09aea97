"""Tables of what is done about people in a room: restrictions, decisions of moderators that can be undone, marks on messages, hands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.core.declare import Erase, Personal
from app.privacy import not_personal, personal

WEBINAR = not_personal("id of the webinar")
SEQ = not_personal("room number of the last change")
SETTING = not_personal("words of the crew")
STAGE = "bring participants on the stage"
ORDER = "keep a webinar in order, with reasons the crew can see"


def _person(purpose: str, erase: Erase = "row") -> dict[str, Personal]:
    return personal("user.unique_id.pseudonymous", subject="participant", purpose=purpose, erase=erase)


def _staff_name(purpose: str) -> dict[str, Personal]:
    return personal("user.name", subject="staff", purpose=purpose, basis="contract", sealed=True)


class Restriction(Base):
    """Somebody who is muted or banned in one webinar; when it is lifted the row stays without a word, so that copies hear of it."""

    __tablename__ = "restriction"
    __table_args__ = (UniqueConstraint("webinar_id", "person"), Index("ix_restriction_webinar_seq", "webinar_id", "seq"))

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the restriction"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=WEBINAR)
    seq: Mapped[int] = mapped_column(info=SEQ)
    person: Mapped[str] = mapped_column(String(20), info=_person(ORDER))
    hidden: Mapped[bool] = mapped_column(default=False, info=not_personal("whether the crew may not know who it is"))
    name: Mapped[bytes] = mapped_column(
        LargeBinary, info=personal("user.name", subject="participant", purpose=ORDER, sealed=True)
    )
    muted: Mapped[bool] = mapped_column(default=False, info=personal("user.behavior", subject="participant", purpose=ORDER))
    muted_until: Mapped[datetime | None] = mapped_column(
        UtcTime, info=personal("user.behavior", subject="participant", purpose=ORDER)
    )
    banned: Mapped[bool] = mapped_column(default=False, info=personal("user.behavior", subject="participant", purpose=ORDER))
    reason: Mapped[bytes] = mapped_column(
        LargeBinary, default=b"", info=personal("user.behavior", subject="participant", purpose=ORDER, sealed=True)
    )
    by_id: Mapped[str] = mapped_column(String(20), info=not_personal("random id of the moderator"))
    by_name: Mapped[bytes] = mapped_column(LargeBinary, info=_staff_name("tell moderators who decided"))
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was decided"))

    @property
    def active(self) -> bool:
        """Whether it still holds."""
        return self.muted or self.banned


class Decision(Base):
    """What a moderator did, with the reason, and what would undo it."""

    __tablename__ = "decision"
    __table_args__ = (Index("ix_decision_webinar_seq", "webinar_id", "seq"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the decision"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=WEBINAR)
    seq: Mapped[int] = mapped_column(info=SEQ)
    action: Mapped[str] = mapped_column(String(30), info=not_personal("name of the command"))
    object: Mapped[str] = mapped_column(String(40), info=not_personal("kind and random id of a message, question or restriction"))
    person: Mapped[str] = mapped_column(String(20), default="", info=_person(ORDER, "clear"))
    reason: Mapped[bytes] = mapped_column(
        LargeBinary,
        default=b"",
        info=personal("user.behavior", subject="participant", purpose=ORDER, sealed=True, erase="clear"),
    )
    by_id: Mapped[str] = mapped_column(String(20), info=not_personal("random id of the moderator"))
    by_name: Mapped[bytes] = mapped_column(LargeBinary, info=_staff_name("tell moderators who decided"))
    before: Mapped[dict[str, Any] | None] = mapped_column(
        JSON, info=not_personal("states and random ids as they were, to undo it")
    )
    undone: Mapped[bool] = mapped_column(default=False, info=not_personal("whether it was taken back"))
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was decided"))


class MessageReaction(Base):
    """One person's mark on one message; taken back it stays as ``on`` false, so that a copy hears of it."""

    __tablename__ = "message_reaction"
    __table_args__ = (Index("ix_message_reaction_webinar_person", "webinar_id", "person"),)

    message_id: Mapped[str] = mapped_column(
        ForeignKey("message.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the message")
    )
    person: Mapped[str] = mapped_column(String(20), primary_key=True, info=_person("count each person's reaction once"))
    emoji: Mapped[str] = mapped_column(
        String(8),
        primary_key=True,
        info=personal("user.behavior", subject="participant", purpose="show reactions to messages"),
    )
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=WEBINAR)
    on: Mapped[bool] = mapped_column(info=not_personal("whether it still stands"))
    seq: Mapped[int] = mapped_column(info=SEQ)


class Hand(Base):
    """Somebody who wants to speak, or is asked to. Lowered it stays without a name, so that copies hear of it."""

    __tablename__ = "hand"
    __table_args__ = (UniqueConstraint("webinar_id", "person"), Index("ix_hand_webinar_seq", "webinar_id", "seq"))

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the hand"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=WEBINAR)
    seq: Mapped[int] = mapped_column(info=SEQ)
    person: Mapped[str] = mapped_column(String(20), info=_person(STAGE))
    name: Mapped[bytes] = mapped_column(
        LargeBinary, info=personal("user.name", subject="participant", purpose=STAGE, sealed=True)
    )
    state: Mapped[str] = mapped_column(String(10), info=personal("user.behavior", subject="participant", purpose=STAGE))
    wants: Mapped[str] = mapped_column(String(5), default="audio", info=not_personal("audio or video"))
    at: Mapped[datetime] = mapped_column(UtcTime, info=personal("user.behavior", subject="participant", purpose=STAGE))


class Notice(Base):
    """A word of the crew to everybody, with a button that leads somewhere, until it is taken away or its time is over."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_webinar_seq", "webinar_id", "seq"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the notice"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=WEBINAR)
    seq: Mapped[int] = mapped_column(info=SEQ)
    text: Mapped[str] = mapped_column(String(300), info=SETTING)
    button_text: Mapped[str] = mapped_column(String(60), default="", info=SETTING)
    button_url: Mapped[str] = mapped_column(String(500), default="", info=SETTING)
    until: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("when its time is over"))
    gone: Mapped[bool] = mapped_column(default=False, info=not_personal("whether it was taken away"))
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was posted"))


class Handout(Base):
    """A file for the audience; its content is a sealed file beside the database."""

    __tablename__ = "handout"
    __table_args__ = (Index("ix_handout_webinar_seq", "webinar_id", "seq"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the handout and its file"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=WEBINAR)
    seq: Mapped[int] = mapped_column(info=SEQ)
    title: Mapped[str] = mapped_column(String(120), info=SETTING)
    type: Mapped[str] = mapped_column(String(60), info=not_personal("media type, told from the content"))
    size: Mapped[int] = mapped_column(info=not_personal("bytes"))
    gone: Mapped[bool] = mapped_column(default=False, info=not_personal("whether it was taken away"))
    at: Mapped[datetime] = mapped_column(UtcTime, info=not_personal("when it was put there"))
