"""Commands about questions: of participants first, then of moderators."""

from __future__ import annotations

from typing import Annotated

import msgspec

from app.protocol.commands.base import Id, Long, Order, Reason, Short
from app.protocol.words import word


class Asked(msgspec.Struct, frozen=True):
    """Answer to a question asked or made: its id and number."""

    seq: int
    question: str
    number: int


class Shown(msgspec.Struct, frozen=True):
    """Answer to the next question put on the screen."""

    seq: int
    question: str


class QuestionAsk(Order, frozen=True, tag="question.ask"):
    """Ask a question."""

    text: Long
    name: Short = ""
    anonymous: Annotated[str, msgspec.Meta(max_length=10), word("", "audience", "crew")] = ""


class OneQuestion(Order, frozen=True):
    """Names a question."""

    question: Id


class Versioned(OneQuestion, frozen=True):
    """Names a question as it was seen."""

    version: int | None = None


class Switched(OneQuestion, frozen=True):
    """Names a question and says yes or no."""

    on: bool


class QuestionEdit(OneQuestion, frozen=True, tag="question.edit"):
    """Change one's own question, until it is approved."""

    text: Long


class QuestionWithdraw(OneQuestion, frozen=True, tag="question.withdraw"):
    """Take one's own question back."""


class QuestionVote(Switched, frozen=True, tag="question.vote"):
    """Vote for a question, or take the vote back."""


class QuestionApprove(Versioned, frozen=True, tag="question.approve"):
    """Show a question to everybody."""


class QuestionReject(Versioned, frozen=True, tag="question.reject"):
    """Do not take a question; the asker hears the reason."""

    reason: Reason = ""


class QuestionHide(Versioned, frozen=True, tag="question.hide"):
    """Take a question out of the audience's sight."""

    reason: Reason = ""


class QuestionReopen(Versioned, frozen=True, tag="question.reopen"):
    """Bring back a question that was hidden, rejected or answered."""


class QuestionRewrite(Versioned, frozen=True, kw_only=True, tag="question.rewrite"):
    """Put a question in better words; the original is kept."""

    text: Long


class QuestionClaim(OneQuestion, frozen=True, tag="question.claim"):
    """Say that one is at a question, for a minute; again renews it."""


class QuestionRelease(OneQuestion, frozen=True, tag="question.release"):
    """Leave a question to others."""


class QuestionTake(Switched, frozen=True, tag="question.take"):
    """A question is being answered by voice now, or not any more."""


class QuestionAnswer(Versioned, frozen=True, tag="question.answer"):
    """Answer a question: by text, or by voice without one; to everybody, or to its asker alone."""

    text: Long = ""
    private: bool = False


class QuestionFollowUp(Switched, frozen=True, tag="question.follow_up"):
    """Mark a question as to be answered after the webinar."""


class QuestionStar(Switched, frozen=True, tag="question.star"):
    """Mark a question for the crew."""


class QuestionLabel(OneQuestion, frozen=True, tag="question.label"):
    """Give a question a label of the crew's own."""

    label: Short


class QuestionMove(OneQuestion, frozen=True, tag="question.move"):
    """Put a question after another in the crew's order, or first."""

    after: Id | None = None


class QuestionMerge(Versioned, frozen=True, kw_only=True, tag="question.merge"):
    """Merge a question into another."""

    into: Id


class QuestionUnmerge(OneQuestion, frozen=True, tag="question.unmerge"):
    """Take a merge back."""


class QuestionArchive(Order, frozen=True, tag="question.archive"):
    """Put questions away, or bring them back."""

    questions: Annotated[list[Id], msgspec.Meta(max_length=500)]
    archived: bool
    reason: Reason = ""


class QuestionShow(Switched, frozen=True, tag="question.show"):
    """Put a question on the screen, or take it off."""


class QuestionNext(Order, frozen=True, tag="question.next"):
    """Put the open question with most votes on the screen."""


class QuestionFromMessage(Order, frozen=True, tag="question.from_message"):
    """Make a question of a chat message."""

    message: Id
