"""The link to "my data": signed, for one person in one webinar. No account, no cookie; whoever holds it is that person."""

from __future__ import annotations

import msgspec

from app.core.errors import Problem, not_found
from app.core.ids import is_id
from app.core.tokens import TokenExpired, TokenInvalid, Tokens

AGE = 400 * 86_400
"""Longer than any webinar's data is kept; after an erasure the link finds nobody anyway."""


class Me(msgspec.Struct, frozen=True):
    """Whose data a link opens."""

    webinar: str
    person: str


class MyData:
    """Makes and reads the links."""

    def __init__(self, tokens: Tokens, origin: str) -> None:
        self._tokens = tokens
        self._origin = origin

    def path(self, webinar_id: str, person: str) -> str:
        """Address within this server, for pages."""
        return f"/me/{self._tokens.sign('me', Me(webinar_id, person))}"

    def link(self, webinar_id: str, person: str) -> str:
        """Whole address, for mails."""
        return self._origin + self.path(webinar_id, person)

    def read(self, token: str) -> Me:
        """Whose link it is. Raises 410 for one too old, 404 for one that is none of ours."""
        try:
            me = self._tokens.read("me", token, Me, max_age=AGE)
        except TokenExpired as error:
            text = "This link is too old. Ask the organiser for a new one."
            raise Problem("link.expired", text, status=410) from error
        except TokenInvalid as error:
            raise not_found("link") from error
        if not is_id(me.webinar) or not is_id(me.person):
            raise not_found("link")
        return me
