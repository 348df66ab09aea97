"""Close codes of the live protocol, as data.

4000–4499: come back (with full jitter). 4500–4999: do not. The text is for people who read logs; browsers show their own words.
"""

from __future__ import annotations

from enum import IntEnum


class Close(IntEnum):
    """Why a socket was closed by the server."""

    SLOW = 4001
    """The connection could not keep up; nothing is lost, come back."""
    RESTART = 4002
    """This process goes away; another takes over."""
    OUT_OF_STEP = 4003
    """The copy of the room must be made anew."""
    HELLO_LATE = 4004
    """No hello within ten seconds."""
    TICKET_EXPIRED = 4010
    """Fetch a new ticket, then come back."""
    BANNED = 4501
    ERASED = 4502
    MOVED = 4503
    """The same seat was opened elsewhere."""
    GONE = 4504
    """The webinar is not there any more."""
    PROTOCOL = 4505
    """Something that is not the protocol was sent."""
    REVOKED = 4506
    """Signed out, or the role was taken away."""


def come_back(code: int) -> bool:
    """True when a browser should reconnect after this close code."""
    return not 4500 <= code <= 4999
