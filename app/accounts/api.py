"""The API's own endpoint: what the key is and may do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.accounts.models import Account
from app.core.api import Answer, Call, Content, Endpoint


class KeyContent(Content, frozen=True, kw_only=True):
    """The key that calls."""

    id: str
    name: str
    account: str
    account_name: str
    scopes: list[str]
    expires_at: datetime | None


class KeyApi:
    """Endpoints of keys."""

    def endpoints(self) -> Sequence[Endpoint]:
        """For the API."""
        return [
            Endpoint(
                method="GET",
                path="/key",
                name="readKey",
                summary="The key that calls, and what it may do",
                tag="Key",
                needs=None,
                handler=self.read,
                answer=KeyContent,
            )
        ]

    async def read(self, call: Call[Any]) -> Answer:
        """Good for a first try."""
        account = await call.session.get_one(Account, call.caller.account_id)
        content = KeyContent(
            id=call.caller.key_id,
            name=call.caller.name,
            account=account.id,
            account_name=account.name,
            scopes=sorted(call.caller.permissions),
            expires_at=call.caller.expires_at,
        )
        return Answer(content=content)
