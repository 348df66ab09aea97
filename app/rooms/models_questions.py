"""Tables of the questions, their votes, and of what is due in a room at a certain second."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Float, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, UtcTime
from app.privacy import not_personal, personal
from app.rooms.models import REF

WEBINAR = not_personal("id of the webinar")
STATE = not_personal("state of the question")
SHOW = "show and answer the questions of the webinar"
CREW = "tell moderators who of them is at a question"


class Question(Base):
    """One question. Everything its asker wrote, and what was answered to it, is sealed under the asker's own key."""

    __tablename__ = "question"
    __table_args__ = (
        UniqueConstraint("webinar_id", "person", "ref"),
        UniqueConstraint("webinar_id", "number"),
        Index("ix_question_webinar_seq", "webinar_id", "seq"),
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("random id of the question"))
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=WEBINAR)
    seq: Mapped[int] = mapped_column(info=not_personal("room number of the last change"))
    number: Mapped[int] = mapped_column(info=not_personal("number by arrival, never given again"))
    person: Mapped[str] = mapped_column(
        String(20),
        info=personal("user.unique_id.pseudonymous", subject="participant", purpose="tell askers what became of their question"),
    )
    ref: Mapped[str] = mapped_column(String(40), info=REF)
    role: Mapped[str] = mapped_column(String(24), info=not_personal("role in the room"))
    anonymous: Mapped[str] = mapped_column(String(10), default="", info=not_personal("from whom the asker's name is kept"))
    name: Mapped[bytes] = mapped_column(
        LargeBinary, info=personal("user.name", subject="participant", purpose="show who asked", sealed=True)
    )
    text: Mapped[bytes] = mapped_column(
        LargeBinary, info=personal("user.content.public", subject="participant", purpose=SHOW, sealed=True)
    )
    original: Mapped[bytes] = mapped_column(
        LargeBinary,
        default=b"",
        info=personal(
            "user.content.public", subject="participant", purpose="keep what was asked before it was edited", sealed=True
        ),
    )
    answer: Mapped[bytes] = mapped_column(
        LargeBinary, default=b"", info=personal("user.content.private", subject="participant", purpose=SHOW, sealed=True)
    )
    reason: Mapped[bytes] = mapped_column(
        LargeBinary,
        default=b"",
        info=personal("user.content.private", subject="participant", purpose="tell askers why it was not taken", sealed=True),
    )
    state: Mapped[str] = mapped_column(String(10), info=STATE)
    published: Mapped[bool] = mapped_column(default=False, info=not_personal("whether the audience may see it"))
    seen: Mapped[bool] = mapped_column(default=False, info=not_personal("whether the audience ever saw it"))
    held: Mapped[bool] = mapped_column(default=False, info=not_personal("whether one of the organiser's words held it"))
    edited: Mapped[bool] = mapped_column(default=False, info=not_personal("whether its text was changed"))
    answered_by: Mapped[str] = mapped_column(String(5), default="", info=not_personal("answered by voice or text"))
    private_answer: Mapped[bool] = mapped_column(default=False, info=not_personal("whether only the asker sees the answer"))
    follow_up: Mapped[bool] = mapped_column(default=False, info=STATE)
    on_screen: Mapped[bool] = mapped_column(default=False, info=STATE)
    shown_at: Mapped[datetime | None] = mapped_column(UtcTime, info=STATE)
    starred: Mapped[bool] = mapped_column(default=False, info=STATE)
    label: Mapped[str] = mapped_column(String(40), default="", info=not_personal("a label of the crew"))
    place: Mapped[float | None] = mapped_column(Float, info=not_personal("place in the crew's order"))
    archived: Mapped[bool] = mapped_column(default=False, info=STATE)
    votes: Mapped[int] = mapped_column(default=0, info=not_personal("how many voted, as last told"))
    merged_into: Mapped[str | None] = mapped_column(
        String(20), index=True, info=not_personal("id of the question it was merged into")
    )
    message_id: Mapped[str | None] = mapped_column(String(20), info=not_personal("id of the chat message it was made from"))
    version: Mapped[int] = mapped_column(default=1, info=not_personal("number of changes, to notice two at a time"))
    by_id: Mapped[str] = mapped_column(String(20), default="", info=not_personal("random id of the moderator of the last change"))
    by_name: Mapped[bytes] = mapped_column(
        LargeBinary, default=b"", info=personal("user.name", subject="staff", purpose=CREW, basis="contract", sealed=True)
    )
    claim_id: Mapped[str] = mapped_column(String(20), default="", info=not_personal("random id of the moderator who is at it"))
    claim_name: Mapped[bytes] = mapped_column(
        LargeBinary, default=b"", info=personal("user.name", subject="staff", purpose=CREW, basis="contract", sealed=True)
    )
    claim_until: Mapped[datetime | None] = mapped_column(UtcTime, info=not_personal("end of the moderator's lease"))
    at: Mapped[datetime] = mapped_column(
        UtcTime, info=personal("user.behavior", subject="participant", purpose="show when it was asked")
    )


class QuestionVote(Base):
    """One person's vote for one question; taken back it stays as ``on`` false, so that a copy hears of it."""

    __tablename__ = "question_vote"
    __table_args__ = (Index("ix_question_vote_webinar_person", "webinar_id", "person"),)

    question_id: Mapped[str] = mapped_column(
        ForeignKey("question.id", ondelete="CASCADE"), primary_key=True, info=not_personal("id of the question")
    )
    person: Mapped[str] = mapped_column(
        String(20),
        primary_key=True,
        info=personal("user.unique_id.pseudonymous", subject="participant", purpose="count each person's vote once"),
    )
    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), info=WEBINAR)
    on: Mapped[bool] = mapped_column(info=personal("user.behavior", subject="participant", purpose="count votes for questions"))
    seq: Mapped[int] = mapped_column(info=not_personal("room number of the last change"))


class RoomDue(Base):
    """Something a room has to do at a certain second: count votes, show a held message, close a poll."""

    __tablename__ = "room_due"

    webinar_id: Mapped[str] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), primary_key=True, info=WEBINAR)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True, info=not_personal("what is to be done"))
    thing: Mapped[str] = mapped_column(
        String(20), primary_key=True, info=not_personal("random id of a question, message or poll")
    )
    at: Mapped[datetime] = mapped_column(UtcTime, index=True, info=not_personal("when it is due"))
