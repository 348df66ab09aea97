"""The audit log as its account sees it: who did what, whether the log is whole, and when the operator looked at its data."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.accounts.models import Staff
from app.core.http import page
from app.core.permissions import Permission
from app.core.unit import Work
from app.privacy.audit import entries, verify
from app.privacy.models import OperatorAccess
from app.rooms.models import Webinar

PAGE = 50


class AuditPages:
    """Handlers and their routes."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [Route("/admin/audit", self.log)]

    @needs(Permission.AUDIT_SEE)
    async def log(self, request: Request) -> Response:
        """The newest entries; ``before`` pages back."""
        who = staff_of(request)
        text = request.query_params.get("before", "")
        before = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
        async with self._work.read() as session:
            found = await entries(session, who.account_id, before=before, limit=PAGE + 1)
            wrong = await verify(session, who.account_id)
            query = (
                select(OperatorAccess).where(OperatorAccess.account_id == who.account_id).order_by(OperatorAccess.since.desc())
            )
            accesses = list((await session.execute(query.limit(20))).scalars())
            people = await _named(session, Staff.id, Staff.name, {entry.actor for entry in found})
            titles = await _named(session, Webinar.id, Webinar.title, {entry.object_id for entry in found})
        shown = found[:PAGE]
        return page(
            request,
            "reports/audit.html",
            entries=shown,
            more=shown[-1].n if len(found) > PAGE else None,
            wrong=wrong,
            accesses=accesses,
            people=people,
            titles=titles,
            at=self._work.clock.now(),
        )


async def _named(session: AsyncSession, key: object, name: object, ids: Iterable[str]) -> dict[str, str]:
    query = select(key, name).where(key.in_(list(ids)))  # type: ignore[call-overload, attr-defined]
    return {row[0]: row[1] for row in (await session.execute(query)).all()}
