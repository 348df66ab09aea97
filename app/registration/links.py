"""Links of registration: the personal link into the room, the one that confirms an address, and an invitation.

Each names the person by the random id and, signed, the purpose. A personal link also carries the registrant's mark, so that a new one
ends all that went before. Nothing that opens a link is stored: a job can make it again from the row.
"""

from __future__ import annotations

import msgspec

from app.core.errors import not_found
from app.core.tokens import TokenExpired, TokenInvalid, Tokens
from app.registration.models import Registrant

YEAR = 400 * 86_400
WEEK = 7 * 86_400
AGES = {"enter": YEAR, "confirm": WEEK, "invited": YEAR}


class Pass(msgspec.Struct, frozen=True):
    """What a link says."""

    webinar: str
    person: str
    mark: str = ""


class Links:
    """Makes and reads links."""

    def __init__(self, tokens: Tokens, origin: str) -> None:
        self._tokens = tokens
        self._origin = origin

    def enter(self, slug: str, row: Registrant) -> str:
        """The personal link, to be kept by the registrant."""
        return f"{self._origin}{self.enter_path(slug, row)}"

    def enter_path(self, slug: str, row: Registrant) -> str:
        """Its path."""
        return f"/w/{slug}/enter/{self._tokens.sign('enter', Pass(row.webinar_id, row.id, row.mark))}"

    def confirm(self, slug: str, row: Registrant) -> str:
        """The link that proves an address; good for a week."""
        return f"{self._origin}/w/{slug}/confirm/{self._tokens.sign('confirm', Pass(row.webinar_id, row.id, row.mark))}"

    def invited(self, slug: str, webinar_id: str, person: str) -> str:
        """The link of an invitation."""
        return f"{self._origin}/w/{slug}?invited={self._tokens.sign('invited', Pass(webinar_id, person))}"

    def read(self, purpose: str, token: str, webinar_id: str) -> Pass:
        """What a link says. Raises 404 for what is too old, not ours or of another webinar."""
        try:
            found = self._tokens.read(purpose, token, Pass, max_age=AGES[purpose])
        except (TokenExpired, TokenInvalid):
            raise not_found("link") from None
        if found.webinar != webinar_id:
            raise not_found("link")
        return found
