"""The part of "my data" that registration has: correct what was answered, give the seat back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.consent.mydata import Me, MyData
from app.consent.owner import tell
from app.core.errors import Problem, not_found
from app.core.http import form, lang_of, page, see_other
from app.core.unit import Work
from app.privacy.vault import Vault
from app.registration import answers, kinds, registrants, sheet, signup
from app.registration.form import Plan, load
from app.registration.models import Registrant
from app.rooms.models import Webinar
from app.rooms.pages import view

CAN_CANCEL = ("pending", "approval", "waiting", "confirmed")


class MySeatPages:
    """Handlers and their routes."""

    def __init__(self, work: Work, vault: Vault, links: MyData) -> None:
        self._work = work
        self._vault = vault
        self._links = links

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/me/{token}/correct", self.correct, methods=["GET", "POST"]),
            Route("/me/{token}/cancel", self.cancel, methods=["GET", "POST"]),
        ]

    async def seat(self, me: Me, lang: str) -> dict[str, Any] | None:
        """The registration as the page shows it; None for somebody who did not register."""
        async with self._work.read() as session:
            row = await session.get(Registrant, me.person)
            if row is None or row.webinar_id != me.webinar:
                return None
            plan = await load(session, me.webinar)
            found = await registrants.of_persons(session, self._vault, me.webinar, [me.person])
        if not found:
            return None
        one = found[0]
        answered = [(field.label(lang), kinds.show(field, one.answers.get(field.identifier, ""), lang)) for field in plan.fields]
        return {
            "state": one.state,
            "name": one.name,
            "email": one.email,
            "answers": [(label, text) for label, text in answered if text],
            "can_cancel": one.state in CAN_CANCEL,
            "can_correct": bool(plan.fields) or plan.policy.ask_name != "off",
        }

    async def correct(self, request: Request) -> Response:
        """The own form again, filled; what is wrong is said beside it."""
        me = self._links.read(request.path_params["token"])
        webinar, plan, raw = await self._own(me)
        if request.method == "GET":
            return self._form(request, webinar, plan, raw, None)
        sent: dict[str, Any] = await sheet.posted(request, answers.names_of(plan))
        if plan.policy.confirm_email or "email" not in sent:
            # Another address would have to be proven first: it stays, whatever was sent.
            sent["email"] = raw["email"]
        try:
            async with self._work.unit() as unit:
                await registrants.correct(unit, self._vault, webinar, me.person, sent)
                await tell(unit, "participant.rectified", me.webinar, me.person)
        except Problem as problem:
            if not problem.fields:
                raise
            return self._form(request, webinar, plan, sent, problem)
        return see_other(f"/me/{request.path_params['token']}?saved=1#seat")

    async def cancel(self, request: Request) -> Response:
        """Ask once, then free the place for somebody else."""
        me = self._links.read(request.path_params["token"])
        webinar, _, _ = await self._own(me)
        if request.method == "GET":
            return page(request, "me/cancel.html", webinar=view(webinar), token=request.path_params["token"])
        await form(request, set())
        async with self._work.unit() as unit:
            await signup.cancel(unit, me.webinar, me.person)
        return see_other(f"/me/{request.path_params['token']}?saved=1#seat")

    async def _own(self, me: Me) -> tuple[Webinar, Plan, dict[str, list[str]]]:
        async with self._work.read() as session:
            row = await session.get(Registrant, me.person)
            webinar = await session.get(Webinar, me.webinar)
            if row is None or row.webinar_id != me.webinar or webinar is None:
                raise not_found()
            plan = await load(session, me.webinar)
            return webinar, plan, await registrants.raw_of(session, self._vault, me.webinar, me.person)

    def _form(
        self, request: Request, webinar: Webinar, plan: Plan, raw: Mapping[str, Sequence[str]], problem: Problem | None
    ) -> Response:
        errors = dict(problem.fields) if problem else {}
        now = self._work.clock.now()
        return page(
            request,
            "me/correct.html",
            status=problem.status if problem else 200,
            webinar=view(webinar),
            token=request.path_params["token"],
            policy=plan.policy,
            questions=sheet.drawn(plan, lang_of(request), now, raw, errors),
            rules=sheet.rules(plan),
            values={name: value[-1] for name, value in raw.items() if isinstance(value, list) and value},
            errors=errors,
            labels={field.name: field.label(lang_of(request)) for field in plan.fields},
            files=any(field.kind == "file" for field in plan.fields),
        )
