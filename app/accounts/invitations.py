"""The link of an invitation: the invitation's id, signed. Nothing that opens it is stored, so a job can make it again from the id."""

from __future__ import annotations

from app.accounts.staff import INVITATION
from app.core.errors import not_found
from app.core.tokens import TokenExpired, TokenInvalid, Tokens
from app.settings import Settings

PURPOSE = "invitation"


class InvitationLinks:
    """Makes and reads links."""

    def __init__(self, settings: Settings) -> None:
        self._origin = settings.origin
        self._tokens = Tokens(settings.secret)

    def link(self, invitation_id: str) -> str:
        """The address to hand to the invited colleague."""
        return f"{self._origin}/invite/{self._tokens.sign(PURPOSE, invitation_id)}"

    def read(self, token: str) -> str:
        """The id of the invitation. Raises 404 for what is not ours or too old."""
        try:
            return self._tokens.read(PURPOSE, token, str, max_age=int(INVITATION.total_seconds()))
        except (TokenExpired, TokenInvalid):
            raise not_found("link") from None
