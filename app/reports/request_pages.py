"""The inbox of data subjects' requests: what was asked, by when it must be answered, and the answer."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.consent import requests
from app.consent.models import SubjectRequest
from app.core.errors import Problem, not_found
from app.core.http import form, lang_of, page, see_other
from app.core.i18n import translate, words
from app.core.permissions import Permission
from app.core.unit import Work
from app.privacy.vault import Vault
from app.registration import registrants
from app.reports.request_mail import tell_person
from app.rooms import webinars
from app.rooms.models import Webinar

KINDS = {
    "question": words("A question about my data"),
    "correct": words("Correct something"),
    "copy": words("A copy of everything"),
    "erase": words("Erase something"),
    "restrict": words("Restrict my data"),
    "object": words("Object to a use"),
    "other": words("Something else"),
}
"""Kinds of requests as people read them."""


def kinds_in(lang: str) -> dict[str, str]:
    """The kinds in a reader's language."""
    return {kind: translate(lang, text) for kind, text in KINDS.items()}


class RequestPages:
    """Handlers and their routes."""

    def __init__(self, work: Work, vault: Vault) -> None:
        self._work = work
        self._vault = vault

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/admin/privacy/requests", self.inbox),
            Route("/admin/privacy/requests/{request}", self.one, methods=["GET", "POST"]),
        ]

    @needs(Permission.CONSENT_MANAGE)
    async def inbox(self, request: Request) -> Response:
        """All requests, the most urgent on top."""
        async with self._work.read() as session:
            rows = {row.id: row for row in await webinars.of_account(session, staff_of(request).account_id)}
            found = await requests.inbox(session, self._vault, rows, self._work.clock.now())
        return page(request, "me/inbox.html", requests=found, webinars=rows, kinds=kinds_in(lang_of(request)))

    @needs(Permission.CONSENT_MANAGE)
    async def one(self, request: Request) -> Response:
        """Read and answer one."""
        row, webinar = await self._own(request)
        if request.method == "GET":
            return await self._show(request, row, webinar)
        values = await form(request, {"answer", "state"})
        try:
            async with self._work.unit() as unit:
                fresh = await requests.one(unit.session, row.id)
                if values.get("state") == "extend":
                    await requests.extend(unit, self._vault, fresh, values.get("answer", ""))
                else:
                    await requests.answer(unit, self._vault, fresh, values.get("state", ""), values.get("answer", ""))
                tell_person(unit, fresh)
        except Problem as problem:
            return await self._show(request, row, webinar, values, problem)
        return see_other("/admin/privacy/requests?saved=1")

    async def _own(self, request: Request) -> tuple[SubjectRequest, Webinar]:
        async with self._work.read() as session:
            row = await requests.one(session, request.path_params["request"])
            try:
                return row, await webinars.one_of(session, staff_of(request).account_id, row.webinar_id)
            except Problem:
                raise not_found() from None

    async def _show(
        self,
        request: Request,
        row: SubjectRequest,
        webinar: Webinar,
        values: dict[str, str] | None = None,
        problem: Problem | None = None,
    ) -> Response:
        opened = await requests.opened(self._vault, row, self._work.clock.now())
        async with self._work.read() as session:
            known = await registrants.of_persons(session, self._vault, row.webinar_id, [row.person])
        person = ", ".join(text for text in (known[0].name, known[0].email) if text) if known else ""
        context = {"item": opened, "webinar": webinar, "person": person, "values": values or {}, "problem": problem}
        status = problem.status if problem else 200
        return page(request, "me/request.html", status=status, kinds=kinds_in(lang_of(request)), **context)
