"""Commands about recording."""

from __future__ import annotations

from app.protocol.commands.base import Order


class RecordingSet(Order, frozen=True, tag="recording.set"):
    """Record what the audience sees from now on, or stop. Everybody sees whether it is recorded."""

    on: bool
