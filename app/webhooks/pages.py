"""Admin pages of webhooks, under Integrations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.core.errors import Problem, invalid
from app.core.http import form, page, see_other
from app.core.outbound import Outbound
from app.core.permissions import Permission
from app.core.unit import Work
from app.privacy.vault import Vault
from app.protocol.events import EVENTS
from app.rooms.models import Webinar
from app.webhooks import endpoints, farewell, journal
from app.webhooks.endpoints import CHOICES, Keys, Wanted
from app.webhooks.fields import Fields
from app.webhooks.models import Endpoint

TEXTS = ("name", "url", "purpose", "asymmetric", "all_webinars")


class WebhookPages:
    """Handlers and their routes."""

    def __init__(self, work: Work, vault: Vault, outbound: Outbound, fields: Fields) -> None:
        self._work = work
        self._vault = vault
        self._outbound = outbound
        self._fields = fields

    def routes(self) -> list[Route]:
        """For the URL map."""
        base = "/admin/integrations"
        return [
            Route(base, self.list),
            Route(f"{base}/webhooks/new", self.new, methods=["GET", "POST"]),
            Route(f"{base}/webhooks/{{endpoint}}", self.one, methods=["GET", "POST"]),
            Route(f"{base}/webhooks/{{endpoint}}/edit", self.edit, methods=["GET", "POST"]),
        ]

    @needs(Permission.WEBHOOKS_MANAGE)
    async def list(self, request: Request) -> Response:
        """All endpoints of the account."""
        async with self._work.read() as session:
            rows = await endpoints.of_account(session, staff_of(request).account_id)
        return page(request, "webhooks/list.html", endpoints=rows)

    @needs(Permission.WEBHOOKS_MANAGE)
    async def new(self, request: Request) -> Response:
        """Make one."""
        if request.method == "GET":
            fresh = {"all_webinars": "on", **{f"event.{kind}": "on" for kind in ("webinar.live", "webinar.ended")}}
            return await self._form(request, fresh)
        values = await self._values(request)
        try:
            wanted = await self._checked(request, values)
            async with self._work.unit() as unit:
                row, keys = await endpoints.make(unit, self._vault, staff_of(request).account_id, wanted)
        except Problem as problem:
            return await self._form(request, values, problem=problem)
        return self._keys(request, row, keys)

    @needs(Permission.WEBHOOKS_MANAGE)
    async def edit(self, request: Request) -> Response:
        """Change one."""
        row = await self._row(request)
        if request.method == "GET":
            return await self._form(request, _values_of(row), endpoint=row)
        values = await self._values(request)
        try:
            wanted = await self._checked(request, values)
            async with self._work.unit() as unit:
                await endpoints.change(unit, self._vault, staff_of(request).account_id, row.id, wanted)
        except Problem as problem:
            return await self._form(request, values, endpoint=row, problem=problem)
        return see_other(f"/admin/integrations/webhooks/{row.id}?saved=1")

    @needs(Permission.WEBHOOKS_MANAGE)
    async def one(self, request: Request) -> Response:
        """Its settings and its log; a posted form does one thing to it."""
        row = await self._row(request)
        if request.method == "POST":
            return await self._do(request, row)
        number = request.query_params.get("page", "1")
        at = int(number) if number.isascii() and number.isdigit() and 0 < len(number) < 7 else 1
        async with self._work.read() as session:
            log = await journal.log_of(session, self._vault, row, max(1, at))
            labels = await self._fields.known(session, row.account_id)
            titles = await _webinars(session, row.account_id)
        pages = max(1, -(-log.total // journal.PAGE))
        context: dict[str, Any] = {"endpoint": row, "log": log, "labels": labels, "webinars": titles, "at": at, "pages": pages}
        return page(request, "webhooks/endpoint.html", **context)

    async def _do(self, request: Request, row: Endpoint) -> Response:
        values, account_id = await form(request, {"do", "delivery"}), staff_of(request).account_id
        async with self._work.unit() as unit:
            row = await endpoints.one_of(unit.session, account_id, row.id)
            match values.get("do"):
                case "test":
                    await journal.test(unit, row)
                case "rotate":
                    return self._keys(request, row, await endpoints.rotate(unit, self._vault, account_id, row.id))
                case "on" | "off" as state:
                    await endpoints.switch(unit, account_id, row.id, on=state == "on")
                case "replay":
                    await journal.replay(unit, row, values.get("delivery", ""))
                case "replay-dead":
                    await journal.replay_dead(unit, row)
                case "remove":
                    await farewell.remove(unit, self._vault, account_id, row.id)
                    return see_other("/admin/integrations?saved=1")
                case _:
                    raise invalid({"do": "Choose what to do."})
        return see_other(f"/admin/integrations/webhooks/{row.id}?saved=1#log")

    async def _row(self, request: Request) -> Endpoint:
        async with self._work.read() as session:
            return await endpoints.one_of(session, staff_of(request).account_id, request.path_params["endpoint"])

    async def _values(self, request: Request) -> dict[str, str]:
        async with self._work.read() as session:
            account = staff_of(request).account_id
            labels, titles = await self._fields.known(session, account), await _webinars(session, account)
        ticks = [
            *(f"event.{kind}" for kind in CHOICES),
            *(f"field.{name}" for name in labels),
            *(f"webinar.{webinar_id}" for webinar_id in titles),
        ]
        return await form(request, {*TEXTS, *ticks})

    async def _checked(self, request: Request, values: dict[str, str]) -> Wanted:
        wanted = Wanted(
            name=" ".join(values.get("name", "").split()),
            url=values.get("url", ""),
            events=_ticked(values, "event."),
            webinars=() if values.get("all_webinars") else _ticked(values, "webinar."),
            fields=_ticked(values, "field."),
            purpose=" ".join(values.get("purpose", "").split()),
            asymmetric=bool(values.get("asymmetric")),
        )
        if not values.get("all_webinars") and not wanted.webinars:
            raise invalid({"webinars": "Choose webinars, or all of them."})
        async with self._work.read() as session:
            return await endpoints.check(session, self._outbound, self._fields, staff_of(request).account_id, wanted)

    async def _form(
        self, request: Request, values: dict[str, str], *, endpoint: Endpoint | None = None, problem: Problem | None = None
    ) -> Response:
        async with self._work.read() as session:
            account = staff_of(request).account_id
            labels, titles = await self._fields.known(session, account), await _webinars(session, account)
        events = [(kind, EVENTS[kind]) for kind in CHOICES]
        context: dict[str, Any] = {
            "values": values,
            "problem": problem,
            "endpoint": endpoint,
            "labels": labels,
            "webinars": titles,
        }
        return page(request, "webhooks/form.html", status=problem.status if problem else 200, events=events, **context)

    def _keys(self, request: Request, row: Endpoint, keys: Keys) -> Response:
        return page(request, "webhooks/keys.html", endpoint=row, keys=keys)


def _ticked(values: dict[str, str], prefix: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(prefix) for name in values if name.startswith(prefix))


def _values_of(row: Endpoint) -> dict[str, str]:
    ticks = [f"event.{kind}" for kind in row.events] + [f"field.{n}" for n in row.fields] + [f"webinar.{i}" for i in row.webinars]
    return {
        "name": row.name,
        "url": row.url,
        "purpose": row.purpose,
        **({"asymmetric": "on"} if row.private_key else {}),
        **({} if row.webinars else {"all_webinars": "on"}),
        **dict.fromkeys(ticks, "on"),
    }


async def _webinars(session: Any, account_id: str) -> dict[str, str]:
    query = select(Webinar.id, Webinar.title).where(Webinar.account_id == account_id).order_by(Webinar.starts_at.desc())
    return {row.id: row.title for row in await session.execute(query)}
