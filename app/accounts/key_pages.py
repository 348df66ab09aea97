"""The page of API keys: make, see once, withdraw."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts import api_keys
from app.accounts.current import needs, staff_of
from app.core.errors import Problem
from app.core.http import form, lang_of, page, see_other
from app.core.i18n import translate
from app.core.permissions import Permission
from app.core.unit import Work


class KeyPages:
    """Handlers and their routes."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/admin/integrations/keys", self.keys, methods=["GET", "POST"]),
            Route("/admin/integrations/keys/{key}/withdraw", self.withdraw, methods=["POST"]),
        ]

    @needs(Permission.API_KEYS_MANAGE)
    async def keys(self, request: Request) -> Response:
        """All keys; a POST makes one and shows it once."""
        if request.method == "GET":
            return await self._show(request)
        names = {f"scope_{scope}" for scope in api_keys.SCOPES}
        values = await form(request, {"name", "days", *names})
        scopes = [name.removeprefix("scope_") for name in values if name.startswith("scope_")]
        days = int(values["days"]) if values.get("days", "").isascii() and values.get("days", "").isdigit() else 0
        try:
            async with self._work.unit() as unit:
                row, secret = await api_keys.make(unit, staff_of(request), name=values.get("name", ""), scopes=scopes, days=days)
        except Problem as problem:
            return await self._show(request, values=values, problem=problem)
        return await self._show(request, made=row.name, secret=secret)

    @needs(Permission.API_KEYS_MANAGE)
    async def withdraw(self, request: Request) -> Response:
        """End a key at once."""
        await form(request, set())
        async with self._work.unit() as unit:
            await api_keys.withdraw(unit, staff_of(request).account_id, request.path_params["key"])
        return see_other("/admin/integrations/keys?saved=1")

    async def _show(
        self,
        request: Request,
        *,
        values: dict[str, str] | None = None,
        problem: Problem | None = None,
        made: str = "",
        secret: str = "",
    ) -> Response:
        who, lang = staff_of(request), lang_of(request)
        async with self._work.read() as session:
            rows = await api_keys.of_account(session, who.account_id)
        names = {str(scope): translate(lang, text) for scope, text in api_keys.SCOPES.items()}
        context = {"values": values or {}, "problem": problem, "made": made, "secret": secret, "now": self._work.clock.now()}
        offered = [(scope, text) for scope, text in names.items() if scope in who.permissions]
        status = problem.status if problem else 200
        return page(
            request, "accounts/keys.html", status=status, keys=rows, scopes=offered, names=names, days=api_keys.DAYS, **context
        )
