"""A webinar's home page with its figures and next steps; duplicating it, a series of sessions, cancelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.consent import notices
from app.core import i18n
from app.core.errors import Problem, invalid
from app.core.http import form, page, see_other
from app.core.i18n import words, zone
from app.core.permissions import Permission
from app.core.unit import Work
from app.privacy.vault import Vault
from app.registration import registrants, series
from app.registration.form import Plan, load
from app.registration.label import label
from app.registration.series import Repeat
from app.rooms import webinars
from app.rooms.models import Webinar
from app.rooms.pages import view

CONTROLS = {"title", "starts_date", "starts_time", "starts_zone", "count", "days"}


class Step(msgspec.Struct, frozen=True):
    """One thing to do before the webinar, and where."""

    text: str
    done: bool
    path: str
    permission: Permission


class HomePages:
    """Handlers and their routes; the home page comes before the rooms' own, which knows no registration."""

    def __init__(self, work: Work, vault: Vault, origin: str) -> None:
        self._work = work
        self._vault = vault
        self._origin = origin

    def routes(self) -> list[Route]:
        """For the URL map."""
        of = "/admin/webinars/{webinar}"
        return [
            Route(of, self.home),
            Route(of + "/duplicate", self.duplicate, methods=["GET", "POST"]),
            Route(of + "/cancel", self.cancel, methods=["POST"]),
            Route(of + "/publish", self.publish, methods=["POST"]),
        ]

    @needs(Permission.WEBINAR_SEE)
    async def home(self, request: Request) -> Response:
        """State, next steps, figures, links to copy."""
        who = staff_of(request)
        async with self._work.read() as session:
            row = await webinars.one_of(session, who.account_id, request.path_params["webinar"])
            plan = await load(session, row.id)
            counts = await registrants.by_state(session, row.id) if plan.policy.on else {}
            ready = await notices.ready(session, row.id)
            together = [view(one) for one in await series.sessions(session, row.id)]
        steps = [step for step in _steps(row, plan, told=bool(ready)) if step.permission in who.permissions]
        context: dict[str, Any] = {
            "webinar": view(row), "origin": self._origin, "staff": who, "steps": steps, "counts": counts, "plan": plan,
            "together": together,
        }  # fmt: skip
        return page(request, "admin/webinar.html", **context)

    @needs(Permission.WEBINAR_EDIT)
    async def duplicate(self, request: Request) -> Response:
        """One more like this one, or a whole series."""
        who = staff_of(request)
        async with self._work.read() as session:
            row = await webinars.one_of(session, who.account_id, request.path_params["webinar"])
        if request.method == "GET":
            later = row.starts_at + timedelta(days=7)
            while later <= self._work.clock.now():
                later += timedelta(days=7)
            local = later.astimezone(zone(row.zone))
            values = {
                "title": row.title, "starts_date": local.date().isoformat(), "starts_time": local.strftime("%H:%M"),
                "starts_zone": row.zone, "count": "1", "days": "7",
            }  # fmt: skip
            return self._page(request, row, values, None)
        values = await form(request, CONTROLS)
        try:
            wanted = _read(values)
            async with self._work.unit() as unit:
                made = await series.duplicate(unit, who.account_id, row.id, wanted)
        except Problem as problem:
            return self._page(request, row, values, problem)
        return see_other(f"/admin/webinars/{made[0].id}?saved=1")

    @needs(Permission.WEBINAR_EDIT)
    async def cancel(self, request: Request) -> Response:
        """It does not take place; whoever registered is told."""
        return await self._called_off(request, off=True)

    @needs(Permission.WEBINAR_EDIT)
    async def publish(self, request: Request) -> Response:
        """It takes place after all."""
        return await self._called_off(request, off=False)

    async def _called_off(self, request: Request, *, off: bool) -> Response:
        webinar_id = request.path_params["webinar"]
        async with self._work.unit() as unit:
            await series.call_off(unit, self._vault, staff_of(request).account_id, webinar_id, off=off)
        return see_other(f"/admin/webinars/{webinar_id}?saved=1")

    def _page(self, request: Request, row: Webinar, values: dict[str, str], problem: Problem | None) -> Response:
        zones = [(name, name.replace("_", " ")) for name in i18n.zones()]
        status = problem.status if problem else 200
        return page(
            request, "registration/duplicate.html", status=status, webinar=view(row), values=values, problem=problem, zones=zones
        )


def _steps(row: Webinar, plan: Plan, *, told: bool) -> list[Step]:
    base = f"/admin/webinars/{row.id}"
    stores = bool(label(row, plan, "en")["stored"])
    asked = words("Decide who may come in") if not plan.policy.on else words("Registration is set up")
    steps = [
        Step(
            words("Open it: by link, or to everyone"),
            row.publication in webinars.OPEN_TO_ALL,
            f"{base}/edit",
            Permission.WEBINAR_EDIT,
        ),
        Step(asked, plan.policy.on, f"{base}/registration", Permission.REGISTRANTS_MANAGE),
    ]
    if stores:
        steps.append(
            Step(words("Tell participants what happens with their data"), told, f"{base}/consent", Permission.CONSENT_MANAGE)
        )
    steps.append(
        Step(
            words("Try camera and sound in the studio"),
            row.live_since is not None,
            f"/w/{row.slug}/studio",
            Permission.STAGE_PUBLISH,
        )
    )
    return steps


def _read(values: dict[str, str]) -> Repeat:
    wrong: dict[str, str] = {}
    title = " ".join(values.get("title", "").split())
    if not 3 <= len(title) <= 160:
        wrong["title"] = "Give the webinar a title of 3 to 160 characters."
    starts_at = datetime(2000, 1, 1, tzinfo=UTC)
    try:
        local = datetime.fromisoformat(f"{values.get('starts_date', '')}T{values.get('starts_time', '')}")
        starts_at = local.replace(tzinfo=zone(values.get("starts_zone", "UTC"))).astimezone(UTC)
    except ValueError:
        wrong["starts"] = "Choose a date and a time."
    numbers = {name: values.get(name, "1") for name in ("count", "days")}
    for name, most in (("count", series.SESSIONS_MAX), ("days", 366)):
        if not numbers[name].isascii() or not numbers[name].isdigit() or not 1 <= int(numbers[name]) <= most:
            wrong[name] = "Write a number from 1 to 52." if name == "count" else "Write a number of days from 1 to 366."
    if wrong:
        raise invalid(wrong)
    return Repeat(title, starts_at, int(numbers["count"]), int(numbers["days"]))
