"""Admin pages that set registration up: who may register, the form builder with its live preview."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.consent import items
from app.core import i18n
from app.core.errors import Problem, not_found
from app.core.http import body, form, lang_of, page, see_other
from app.core.mail import Outbox
from app.core.permissions import Permission
from app.core.unit import Work
from app.registration import builder, fields, policy, sheet
from app.registration.answers import Upload
from app.registration.form import Field, Plan, load
from app.registration.label import label
from app.rooms import webinars
from app.rooms.models import Webinar
from app.rooms.pages import view


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a new order: ids of all questions."""

    order: list[str]


class SetupPages:
    """Handlers and their routes."""

    def __init__(self, work: Work, mailer: Outbox, origin: str) -> None:
        self._work = work
        self._mailer = mailer
        self._origin = origin

    def routes(self) -> list[Route]:
        """For the URL map."""
        of = "/admin/webinars/{webinar}"
        return [
            Route(of + "/registration", self.policy, methods=["GET", "POST"]),
            Route(of + "/form", self.builder),
            Route(of + "/form/order", self.order, methods=["POST"]),
            Route(of + "/form/preview", self.preview, methods=["GET", "POST"]),
            Route(of + "/form/{field}", self.question, methods=["GET", "POST"]),
            Route(of + "/form/{field}/{step}", self.step, methods=["POST"]),
        ]

    @needs(Permission.REGISTRANTS_MANAGE)
    async def policy(self, request: Request) -> Response:
        """Who may register."""
        row, plan = await self._of(request)
        if request.method == "GET":
            return await self._policy_page(request, row, plan, policy.values_of(plan.policy, row.zone))
        values = await form(request, policy.CONTROLS)
        try:
            wanted = policy.read(values)
            async with self._work.unit() as unit:
                await policy.save(unit, row, wanted)
        except Problem as problem:
            return await self._policy_page(request, row, plan, values, problem)
        return see_other(f"/admin/webinars/{row.id}/registration?saved=1")

    @needs(Permission.REGISTRANTS_MANAGE)
    async def builder(self, request: Request) -> Response:
        """The questions in their order, and the form as people will see it."""
        row, plan = await self._of(request)
        async with self._work.read() as session:
            answered = await fields.answered(session, row.id)
        advice: dict[str, list[str]] = {}
        for one in fields.advice(plan):
            advice.setdefault(one.identifier, []).append(one.text)
        lang = lang_of(request)
        conditions = {field.identifier: sheet.only_if(plan, field, lang) for field in plan.fields if field.when_field}
        context: dict[str, Any] = {
            "plan": plan,
            "answered": answered,
            "advice": advice,
            "kinds": builder.KINDS,
            "ready": builder.READY,
        }
        return page(request, "registration/builder.html", webinar=view(row), conditions=conditions, **context)

    @needs(Permission.REGISTRANTS_MANAGE)
    async def order(self, request: Request) -> Response:
        """A new order, by drag or keyboard."""
        row, plan = await self._of(request)
        wanted = await body(request, Order)
        await self._save(request, row, builder.place(plan.fields, wanted.order))
        return JSONResponse({"ok": True})

    @needs(Permission.REGISTRANTS_MANAGE)
    async def step(self, request: Request) -> Response:
        """Move a question by one, or remove it with its answers; without script."""
        row, plan = await self._of(request)
        at = next((n for n, field in enumerate(plan.fields) if field.id == request.path_params["field"]), None)
        step, kept = request.path_params["step"], list(plan.fields)
        if at is None or step not in ("up", "down", "remove"):
            raise not_found()
        field = kept.pop(at)
        if step != "remove":
            kept.insert(max(0, at + (-1 if step == "up" else 1)), field)
        try:
            await self._save(request, row, kept)
        except Problem as problem:
            if not problem.fields:
                raise
            raise Problem("form.order", next(iter(problem.fields.values())), status=409) from problem
        return see_other(f"/admin/webinars/{row.id}/form?saved=1")

    @needs(Permission.REGISTRANTS_MANAGE)
    async def question(self, request: Request) -> Response:
        """Make or change one question."""
        row, plan = await self._of(request)
        known = self._known(request, plan)
        if request.method == "GET":
            start = known or builder.READY.get(request.query_params.get("ready", "")) or _EMPTY
            values = builder.values_of(start, row.zone)
            values["identifier"] = values["identifier"] if known else ""
            return self._question_page(request, row, plan, known, values)
        sent = await _sent(request)
        try:
            field = builder.read(sent, known)
            kept = [field if one.id == field.id else one for one in plan.fields] if known else [*plan.fields, field]
            await self._save(request, row, kept)
        except Problem as problem:
            shown = {name: values if name == "when" else values[-1] for name, values in sent.items()}
            return self._question_page(request, row, plan, known, shown, problem)
        return see_other(f"/admin/webinars/{row.id}/form?saved=1")

    @needs(Permission.REGISTRANTS_MANAGE)
    async def preview(self, request: Request) -> Response:
        """The form as people will see it; with a posted question in its place, not saved."""
        row, plan = await self._of(request)
        request.scope["state"]["frame_ancestors"] = "'self'"
        problem = None
        if request.method == "POST":
            known = next((field for field in plan.fields if field.id == request.query_params.get("field")), None)
            try:
                field = builder.read(await _sent(request), known)
                shown = [field if known and one.id == known.id else one for one in plan.fields]
                fields.check(shown if known else [*shown, field])
                plan = Plan(plan.webinar_id, plan.policy, (field,))
            except Problem as found:
                plan, problem = Plan(plan.webinar_id, plan.policy, ()), found
        lang = lang_of(request)
        async with self._work.read() as session:
            asked = await items.shown(session, row.id, lang)
        context: dict[str, Any] = {
            "webinar": view(row),
            "policy": plan.policy,
            "one": request.method == "POST",
            "questions": sheet.drawn(plan, lang, self._work.clock.now(), {}, {}),
            "rules": sheet.rules(plan),
            "asked": asked,
            "privacy_label": label(row, plan, lang),
            "problem": problem,
        }
        return page(request, "registration/preview.html", **context)

    async def _save(self, request: Request, row: Webinar, kept: Sequence[Field]) -> None:
        async with self._work.unit() as unit:
            if not (await load(unit.session, row.id)).policy.on:
                raise Problem("registration.none", "Choose first who may register.", status=409)
            await fields.save(unit, row.id, kept)

    async def _of(self, request: Request) -> tuple[Webinar, Plan]:
        async with self._work.read() as session:
            row = await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])
            return row, await load(session, row.id)

    def _known(self, request: Request, plan: Plan) -> Field | None:
        wanted = request.path_params["field"]
        found = next((field for field in plan.fields if field.id == wanted), None)
        if found is None and wanted != "new":
            raise not_found()
        return found

    async def _policy_page(
        self, request: Request, row: Webinar, plan: Plan, values: dict[str, str], problem: Problem | None = None
    ) -> Response:
        zones = [(name, name.replace("_", " ")) for name in i18n.zones()]
        context: dict[str, Any] = {
            "webinar": view(row), "plan": plan, "values": values, "problem": problem, "zones": zones,
            "mails": self._mailer.ready, "origin": self._origin,
        }  # fmt: skip
        return page(request, "registration/policy.html", status=problem.status if problem else 200, **context)

    def _question_page(
        self,
        request: Request,
        row: Webinar,
        plan: Plan,
        known: Field | None,
        values: dict[str, Any],
        problem: Problem | None = None,
    ) -> Response:
        lang = lang_of(request)
        errors = dict(problem.fields) if problem else {}
        # What is wrong with the question as a whole stands above the form.
        general = [text for name, text in errors.items() if name not in builder.controls() | {"after"}]
        context: dict[str, Any] = {
            "webinar": view(row), "plan": plan, "known": known, "values": values, "errors": errors, "general": general,
            "problem": problem if problem and not problem.fields else None, "kinds": builder.KINDS, "bases": builder.BASES,
            "seen": builder.SEEN, "langs": i18n.own_names(), "zones": [(n, n.replace("_", " ")) for n in i18n.zones()],
            "conditions": builder.conditions(plan, known.identifier if known else "", lang),
        }  # fmt: skip
        return page(request, "registration/question.html", status=problem.status if problem else 200, **context)


_EMPTY = Field(identifier="", kind="line", labels={}, purpose="")


async def _sent(request: Request) -> dict[str, list[str]]:
    found = await sheet.posted(request, builder.controls())
    return {name: values for name, values in found.items() if not isinstance(values, Upload)}
