"""Deciding about questions for programs, by the verbs of the console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta

from app.core.api import Answer, Body, Call, Endpoint
from app.core.errors import not_found
from app.core.permissions import Permission, Role
from app.live.seat import Seat
from app.moderation import questions
from app.privacy.vault import Vault
from app.rooms.api import QuestionContent, own, question_content
from app.rooms.models_questions import Question
from app.rooms.room import open_room


class QuestionDecision(Body, frozen=True, kw_only=True):
    """What to do; everybody in the room sees it at once. `text` is an answer, `reason` is told to the asker of a rejected question."""

    do: Literal["approve", "reject", "hide", "reopen", "answer"]
    text: Annotated[str, Meta(max_length=4000)] = ""
    private: bool = False
    reason: Annotated[str, Meta(max_length=300)] = ""


class QuestionApi:
    """Endpoints of questions that change something."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        one, may, tag = "/webinars/{webinar}/questions/{question}", Permission.QUESTIONS_MODERATE, "Questions"
        return [
            Endpoint(method="GET", path=one, name="readQuestion", summary="One question", tag=tag, needs=may, handler=self.read,
                     answer=QuestionContent),
            Endpoint(method="POST", path=one + "/decision", name="decideQuestion", summary="Approve, reject, hide, reopen or answer",
                     tag=tag, needs=may, handler=self.decide, again=self.read, current=self.read, body=QuestionDecision,
                     answer=QuestionContent),
        ]  # fmt: skip

    async def read(self, call: Call[Any]) -> Answer:
        """As it is now."""
        webinar = await own(call)
        row = await call.session.get(Question, call.path["question"])
        if row is None or row.webinar_id != webinar.id or row.state == "withdrawn":
            raise not_found()
        boxes = await self._vault.boxes_of(webinar.id, [row.person])
        return Answer(content=question_content(row, boxes.get(row.person)))

    async def decide(self, call: Call[QuestionDecision]) -> Answer:
        """The key stands where a moderator would."""
        await self.read(call)
        room = await open_room(call.unit, self._vault, call.path["webinar"])
        said, question = call.body, call.path["question"]
        seat = Seat(room.row.id, call.caller.key_id, Role.MODERATOR, call.caller.name, call.caller.permissions, "crew")
        match said.do:
            case "approve":
                await questions.approve(room, seat, question, None)
            case "reject":
                await questions.reject(room, seat, question, said.reason, None)
            case "hide":
                await questions.hide(room, seat, question, "", None)
            case "reopen":
                await questions.reopen(room, seat, question, None)
            case "answer":
                await questions.answer(room, seat, question, said.text, said.private, None)
        await call.session.flush()
        return await self.read(call)
