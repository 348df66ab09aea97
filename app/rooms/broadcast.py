"""The broadcast's states and how one leads to another.

``idle → preview → live ⇄ paused → ended``; from ended back to preview only by an explicit reopening.
"""

from __future__ import annotations

from app.core.errors import Problem
from app.core.ids import new_secret
from app.core.outbox import happened
from app.rooms.room import Room
from app.rooms.view import policy_bytes, webinar_bytes

STEPS: dict[str, frozenset[str]] = {
    "idle": frozenset({"preview", "live"}),
    "preview": frozenset({"idle", "live"}),
    "live": frozenset({"paused", "ended"}),
    "paused": frozenset({"live", "ended"}),
    "ended": frozenset({"preview"}),
}


def move(room: Room, to: str) -> None:
    """Go to state ``to``; the same state again is fine. Everybody is told at once."""
    row = room.row
    if to == row.broadcast:
        return
    if to not in STEPS.get(row.broadcast, frozenset()):
        raise Problem(
            "broadcast.step",
            "The webinar has moved on meanwhile, so this step is not possible any more. Load the page again to see its state.",
            status=409,
        )
    if to in ("live", "preview") and row.publication == "cancelled":
        raise Problem("webinar.cancelled", "This webinar was cancelled. Publish it again first.", status=409)
    if row.broadcast == "ended":
        # A stream that ended is never played again under its old address.
        row.hls_token, row.crew_token = new_secret(), new_secret()
        row.live_since = row.live_ended = None
    if to == "live" and row.live_since is None:
        row.live_since = room.unit.now
    if to == "ended":
        row.live_ended = room.unit.now
    if to == "ended" or (to == "live" and row.broadcast != "paused"):
        happened(room.unit, f"webinar.{to}", account_id=row.account_id, webinar_id=row.id)
    row.broadcast = to
    announce(room)


def announce(room: Room) -> int:
    """The webinar's own entity changed: give it the next number and tell both lanes."""
    seq = room.next_seq()
    room.row.entity_seq = seq
    room.tell(
        seq, audience=(webinar_bytes(room.row, crew=False),), crew=(webinar_bytes(room.row, crew=True), policy_bytes(room.row))
    )
    return seq


def set_text(room: Room, state: str, text: str) -> None:
    """The text the audience sees in ``state``."""
    if state not in STEPS:
        raise Problem("broadcast.state", "There is no such state.")
    if len(text) > 500:
        raise Problem("notice.too_long", "Use at most {max} characters.", params={"max": 500})
    # A new dictionary, so that the change of the JSON column is noticed.
    room.row.state_texts = {**room.row.state_texts, state: " ".join(text.split())}
