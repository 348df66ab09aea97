"""Commands about polls: of participants first, then of the crew."""

from __future__ import annotations

from typing import Annotated

import msgspec

from app.protocol.commands.base import Id, Order, Short
from app.protocol.entities import Answer, ItemTally, PollItem
from app.protocol.words import word

Items = Annotated[list[PollItem], msgspec.Meta(max_length=30)]
Results = Annotated[str, word("always", "voted", "closed", "crew")]
Place = Annotated[str, word("sidebar", "screen")]


class Made(msgspec.Struct, frozen=True):
    """Answer to a poll made: its id."""

    seq: int
    poll: str


class Looked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Answer to a vote, or to a look at a poll: whether one voted, the results if one may see them, and in how many seconds it is
    worth looking ``again``."""

    seq: int
    voted: bool = False
    tally: dict[str, ItemTally] | None = None
    again: int = 0


class OnePoll(Order, frozen=True):
    """Names a poll."""

    poll: Id


class PollVote(OnePoll, frozen=True, kw_only=True, tag="poll.vote"):
    """Answer a poll, once."""

    answers: dict[Id, Answer]
    name: Short = ""


class PollLook(OnePoll, frozen=True, tag="poll.look"):
    """Ask whether one voted, and for the results if one may see them."""


class PollMake(Order, frozen=True, kw_only=True, tag="poll.make"):
    """Prepare a poll; with ``opens_at`` it opens by itself."""

    items: Items
    title: Short = ""
    anonymous: bool = True
    results: Results = "voted"
    place: Place = "sidebar"
    seconds: int | None = None
    opens_at: int | None = None


class PollChange(OnePoll, frozen=True, tag="poll.change"):
    """Change a poll before its first vote."""

    items: Items | None = None
    title: Short | None = None
    anonymous: bool | None = None
    results: Results | None = None
    place: Place | None = None
    seconds: int | None = None
    opens_at: int | None = None
    version: int | None = None


class PollCopy(OnePoll, frozen=True, tag="poll.copy"):
    """A copy to correct, as a draft."""


class PollOpen(OnePoll, frozen=True, tag="poll.open"):
    """Open a poll, for some seconds or until it is closed."""

    seconds: int | None = None


class PollClose(OnePoll, frozen=True, tag="poll.close"):
    """Close a poll; its results stay."""


class PollRemove(OnePoll, frozen=True, tag="poll.remove"):
    """Remove a draft."""


class PollArchive(OnePoll, frozen=True, kw_only=True, tag="poll.archive"):
    """Put a poll away, or bring it back."""

    archived: bool


class PollPlace(OnePoll, frozen=True, kw_only=True, tag="poll.place"):
    """Show a poll on the screen for everyone, or in the sidebar."""

    place: Place


class PollResults(OnePoll, frozen=True, kw_only=True, tag="poll.results"):
    """Choose who sees the results."""

    results: Results
