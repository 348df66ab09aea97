"""An owner takes the whole account along."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.accounts import staff
from app.accounts.current import needs, staff_of
from app.accounts.passwords import Passwords
from app.core.errors import Problem, invalid
from app.core.http import form, page
from app.core.limits import Throttle
from app.core.permissions import Permission
from app.core.unit import Unit, Work
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.reports.portability.archive import Archive


class ArchivePages:
    """Handlers and their routes."""

    def __init__(self, work: Work, vault: Vault, passwords: Passwords, shelf: Shelf) -> None:
        self._work = work
        self._vault = vault
        self._passwords = passwords
        self._shelf = shelf
        self._tries = Throttle(work.counters, "archive", 10, 900)

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [Route("/admin/settings/archive", self.archive, methods=["GET", "POST"])]

    @needs(Permission.ACCOUNT_ERASE)
    async def archive(self, request: Request) -> Response:
        """The archive, streamed; the password is asked once more."""
        who = staff_of(request)
        if request.method == "GET":
            return page(request, "accounts/archive.html", problem=None)
        values = await form(request, {"password"})
        try:
            await self._tries.check(who.staff_id)
            async with self._work.read() as session:
                member = await staff.one(Unit(session, self._work.clock.now()), who.staff_id)
            if not await self._passwords.fits(member.password, values.get("password", "")):
                raise invalid({"password": "This is not your present password."})
        except Problem as problem:
            return page(request, "accounts/archive.html", status=problem.status, problem=problem)
        headers = {"Content-Disposition": f'attachment; filename="account-{who.account_id}.zip"', "Cache-Control": "no-store"}
        stream = Archive(self._work, self._vault, self._shelf, who.account_id).stream()
        return StreamingResponse(stream, media_type="application/zip", headers=headers)
