"""The data processing agreement as pages: its text, its annexes drawn from the server, and accepting it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts import agreement
from app.accounts.current import needs, staff_of
from app.accounts.processors import notice_of, object_to, reason_of
from app.core.errors import Problem, forbidden
from app.core.http import form, page, see_other
from app.core.permissions import Permission
from app.core.subprocessors import digest, listed
from app.core.unit import Work
from app.privacy.map import DataMap, Entry
from app.privacy.vault import KeyDestroyed, SealBroken, Vault
from app.reports.measures import Measure, measures
from app.reports.privacy_pages import Declared
from app.settings import Settings


class AgreementPages:
    """Handlers and their routes."""

    def __init__(self, settings: Settings, work: Work, vault: Vault, data_map: DataMap, declared: Sequence[Declared]) -> None:
        self._settings = settings
        self._work = work
        self._vault = vault
        self._map = data_map
        self._declared = declared

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/admin/privacy/agreement", self.agreement, methods=["GET", "POST"]),
            Route("/admin/privacy/agreement.md", self.download),
            Route("/admin/privacy/agreement/objection", self.object, methods=["POST"]),
        ]

    @needs(Permission.REGISTER_SEE)
    async def agreement(self, request: Request) -> Response:
        """Text and annexes; an owner or administrator accepts for the organisation."""
        if request.method == "GET":
            return await self._page(request)
        who, values = staff_of(request), await form(request, {"hash"})
        if Permission.ACCOUNT_MANAGE not in who.permissions:
            raise forbidden()
        try:
            async with self._work.unit() as unit:
                await agreement.accept(
                    unit,
                    self._vault,
                    who.account_id,
                    staff_id=who.staff_id,
                    name=who.name,
                    role=who.role,
                    hash_read=values.get("hash", ""),
                    processors=digest(self._settings),
                )
        except Problem as problem:
            return await self._page(request, problem)
        return see_other("/admin/privacy/agreement?saved=1")

    @needs(Permission.ACCOUNT_MANAGE)
    async def object(self, request: Request) -> Response:
        """Say no to a change of the list of sub-processors, and why."""
        who, values = staff_of(request), await form(request, {"reason"})
        try:
            async with self._work.unit() as unit:
                await object_to(unit, self._vault, who.account_id, who.staff_id, digest(self._settings), values.get("reason", ""))
        except Problem as problem:
            return await self._page(request, problem, values)
        return see_other("/admin/privacy/agreement?saved=1#sub-processors")

    @needs(Permission.REGISTER_SEE)
    async def download(self, request: Request) -> Response:
        """Text and annexes as one file, as they are now."""
        entries, rows = await self._annexes(staff_of(request).account_id)
        headers = {
            "Content-Disposition": f'attachment; filename="agreement-{agreement.current().version}.md"',
            "Cache-Control": "no-store",
        }
        return Response(self._markdown(entries, rows), media_type="text/markdown; charset=utf-8", headers=headers)

    async def _page(self, request: Request, problem: Problem | None = None, values: Mapping[str, str] | None = None) -> Response:
        who, processors = staff_of(request), digest(self._settings)
        async with self._work.read() as session:
            history = await agreement.all_accepted(session, who.account_id)
            notice = await notice_of(session, who.account_id, processors)
        entries, rows = await self._annexes(who.account_id)
        context: dict[str, Any] = {
            "agreement": agreement.current(),
            "is_current": agreement.is_current(history[0] if history else None, processors),
            "same_text": bool(history) and history[0].hash == agreement.current().hash,
            "history": [
                {"version": row.version, "at": row.at, "role": row.role, "name": await self._name(row)} for row in history
            ],
            "processors": listed(self._settings),
            "today": self._work.clock.now().date(),
            "notice": notice,
            "reason": await reason_of(self._vault, notice) if notice else "",
            "written": values or {},
            "places": len({entry.place for entry in entries}),
            "values": len(entries),
            "measures": rows,
            "operator": self._settings,
            "problem": problem,
        }
        return page(request, "privacy/agreement.html", status=problem.status if problem else 200, **context)

    async def _annexes(self, account_id: str) -> tuple[list[Entry], list[Measure]]:
        async with self._work.read() as session:
            found = [await declared(session, account_id) for declared in self._declared]
            rows = await measures(session, self._settings, account_id)
        return self._map.entries([entry for entries in found for entry in entries]), rows

    async def _name(self, row: Any) -> str:
        try:
            box = await self._vault.account_box(row.account_id)
            return box.open_text(row.name, f"agreement_acceptance.name|{row.id}")
        except (KeyDestroyed, SealBroken):
            return ""

    def _markdown(self, entries: Sequence[Entry], rows: Sequence[Measure]) -> str:
        lines = [agreement.current().text, "## Annex I: what is processed", "", "| where | value | category | why | how long | how it goes |", "|---|---|---|---|---|---|"]  # fmt: skip
        lines += [f"| {e.place} | {e.field} | {e.category} | {e.purpose} | {e.retention} | {e.erased} |" for e in entries]
        lines += ["", "## Annex II: measures in force", ""]
        lines += [f"- [{'x' if row.on else ' '}] {row.text.format(**row.params)}" for row in rows]
        lines += ["", "## Annex III: sub-processors", ""]
        lines += [
            f"- {e.name} ({', '.join(e.hosts)}): {e.purpose}; {e.place}{'; ' + e.transfer if e.transfer else ''}{f'; from {e.since}' if e.since else ''}"
            for e in listed(self._settings)
        ] or ["None."]
        lines += ["", f"Version {agreement.current().version}, SHA-256 of the text {agreement.current().hash}."]
        return "\n".join(lines) + "\n"
