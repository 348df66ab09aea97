"""Views beside the room, each by a link of its own that allows only what it is for: hall, speaker's phone, overlay for OBS.

A link carries a signed key of one webinar and one view; new links change the webinar's mark, so that the old keys stop. Who comes
by the hall's link is a participant without a name and may ask, vote and answer polls; the other two only read.
"""

from __future__ import annotations

import msgspec

from app.core.errors import not_found
from app.core.ids import new_id
from app.core.permissions import Permission
from app.core.tokens import TokenExpired, TokenInvalid, Tokens
from app.core.unit import Unit
from app.live.change import Kick
from app.protocol.codes import Close
from app.rooms.models import Webinar

VIEWS = {
    "hall": frozenset({Permission.QUESTIONS_READ, Permission.QUESTIONS_ASK, Permission.QUESTIONS_VOTE, Permission.POLLS_VOTE}),
    "speaker": frozenset({Permission.QUESTIONS_READ}),
    "overlay": frozenset[Permission](),
}
"""View → what may be done through its link."""

KEY_AGE = 400 * 24 * 3600


class ViewKey(msgspec.Struct, frozen=True):
    """What the key in a link says."""

    webinar: str
    view: str
    mark: str


async def marked(unit: Unit, webinar_id: str, *, renew: bool) -> Webinar:
    """The webinar with a mark for its links; a new one makes the old links stop, and closes what is open by them."""
    row = await unit.session.get_one(Webinar, webinar_id)
    if renew and row.views_mark:
        unit.announce(Kick(row.id, Close.REVOKED, session=row.views_mark))
    if renew or not row.views_mark:
        row.views_mark = new_id()
    return row


def key(tokens: Tokens, row: Webinar, view: str) -> str:
    """The key of a link."""
    return tokens.sign("view", ViewKey(row.id, view, row.views_mark))


def check(tokens: Tokens, row: Webinar, view: str, given: str) -> None:
    """Raises 404 unless ``given`` is a key of this webinar's ``view``."""
    try:
        known = tokens.read("view", given, ViewKey, max_age=KEY_AGE)
    except (TokenExpired, TokenInvalid):
        known = None
    if known is None or not row.views_mark or (known.webinar, known.view, known.mark) != (row.id, view, row.views_mark):
        raise not_found("link")
