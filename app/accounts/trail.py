"""The trail of what staff do in pages and API: each request that changed something becomes an entry of the account's audit log.

Written here once for every page there is, so that none can be forgotten: which action (the address without its ids), on what (the ids
in the address), and the names of the fields that were sent. Never a value. A verb that writes a better entry itself is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.accounts.staff import Current
from app.core.ids import is_id
from app.core.unit import Work
from app.privacy.audit import Act, listen, note

log = structlog.get_logger(__name__)

READS = frozenset({"GET", "HEAD", "OPTIONS"})
UNSAID = ("ticket",)
"""What happens with every page that is opened and changes nothing."""


class AuditTrail:
    """Behind the sign-in; see the module."""

    def __init__(self, app: ASGIApp, work: Work) -> None:
        self._app = app
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = scope.get("state", {}).get("staff") if scope["type"] == "http" else None
        if scope["type"] != "http" or scope["method"] in READS or not isinstance(who, Current):
            await self._app(scope, receive, send)
            return
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with listen() as noted:
            await self._app(scope, receive, watch)
        if status < 400 and not noted:
            await self._note(scope, who)

    async def _note(self, scope: Scope, who: Current) -> None:
        params: Mapping[str, Any] = scope.get("path_params", {})
        action = action_of(scope["path"], params)
        if action.endswith(UNSAID):
            return
        kind, thing = _thing(params, who.account_id)
        act = Act(
            account_id=who.account_id,
            actor=who.staff_id,
            role=who.role,
            action=action[:60],
            object_kind=kind[:30],
            object_id=thing,
            fields=scope.get("state", {}).get("sent", ()),
        )
        try:
            async with self._work.unit() as unit:
                await note(unit, act)
        except Exception:
            # It is done and said to be done; that its entry is missing must be seen by the operator, not by who did it.
            log.exception("audit.missed", action=act.action)


def action_of(path: str, params: Mapping[str, Any]) -> str:
    """``/admin/webinars/ID/edit`` → ``webinars.edit``."""
    values = {str(value) for value in params.values()}
    parts = [part for part in path.split("/") if part and part not in values]
    return ".".join(parts[1:] if parts[:1] == ["admin"] else parts) or "home"


def _thing(params: Mapping[str, Any], account_id: str) -> tuple[str, str]:
    """The last id in the address: the innermost thing acted on."""
    named = [(name, str(value)) for name, value in params.items() if is_id(str(value))]
    return named[-1] if named else ("account", account_id)
