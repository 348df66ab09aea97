"""Taking a decision back: whatever it was, things are put back as they were before it."""

from __future__ import annotations

from typing import Any

from app.core.errors import Problem
from app.live.seat import Seat
from app.moderation import chat as chat_desk
from app.moderation import decisions, people
from app.moderation import questions as question_desk
from app.rooms import chat
from app.rooms.room import Room


async def undo(room: Room, seat: Seat, decision_id: str) -> int:
    """Take a decision back."""
    decision = await decisions.one(room, decision_id)
    before: dict[str, Any] = decision.before or {}
    kind, _, thing = decision.object.partition("/")
    if kind == "message":
        await _message(room, thing, before)
    elif kind == "restriction":
        await people.restore(room, thing, before, decision.action)
    elif kind == "question":
        await question_desk.restore(room, seat, thing, before)
    return await decisions.taken_back(room, decision)


async def _message(room: Room, message_id: str, before: dict[str, Any]) -> None:
    message = await chat.one(room, message_id)
    if message.state in ("removed", "refused"):
        raise Problem("chat.removed", "This message was removed for good.", status=409)
    if before.get("state") == "visible" and message.state == "hidden":
        await chat_desk.set_hidden(room, message, False)
    if before.get("pinned") is False and message.pinned:
        message.pinned = False
        await chat.changed(room, message)
