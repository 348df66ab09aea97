"""Pages of signing up: the form on the webinar's page (and in a frame), the link by mail, and the personal link into the room.

Everything works without script, cookies and storage. No answer says whether an address is registered.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.consent import items, notices
from app.consent.items import Choices, Setup, ShownItem
from app.consent.mydata import MyData
from app.core import i18n
from app.core.errors import Problem, invalid, not_found
from app.core.http import form, lang_of, page, see_other
from app.core.ids import new_id
from app.core.limits import Throttle
from app.core.mail import Outbox
from app.core.unit import Work
from app.privacy.vault import Vault
from app.registration import answers, jobs, kinds, series, sheet, signup
from app.registration.answers import Context, Raw
from app.registration.door import sit_down
from app.registration.form import Plan, load
from app.registration.label import label
from app.registration.links import Links
from app.registration.models import Invitee, Registrant
from app.rooms import webinars
from app.rooms.models import Webinar
from app.rooms.pages import RoomPages, view
from app.rooms.seats import Seats, webinar_by_slug
from app.settings import Settings

OWN = {"word", "zone", "invited"}


class SignUp(msgspec.Struct, frozen=True):
    """What every page of signing up needs to know."""

    webinar: Webinar
    plan: Plan
    lang: str
    embedded: bool
    asked: tuple[ShownItem, ...] = ()
    setup: Setup = Setup()


class SignUpPages:
    """Handlers and their routes. Without registration the webinar's page is the rooms' own."""

    def __init__(
        self,
        settings: Settings,
        work: Work,
        vault: Vault,
        seats: Seats,
        links: Links,
        my_data: MyData,
        mailer: Outbox,
        rooms: RoomPages,
    ) -> None:
        self._settings = settings
        self._work = work
        self._vault = vault
        self._seats = seats
        self._links = links
        self._my_data = my_data
        self._mailer = mailer
        self._rooms = rooms
        self._by_address = Throttle(work.counters, "sign-up address", 60, 60)
        self._by_email = Throttle(work.counters, "sign-up mail", 5, 600)

    def routes(self) -> list[Route]:
        """For the URL map, before those of the rooms."""
        return [
            Route("/w/{slug}", self.webinar, methods=["GET", "POST"]),
            Route("/embed/{slug}/register", self.embedded, methods=["GET", "POST"]),
            Route("/w/{slug}/sent", self.sent),
            Route("/embed/{slug}/sent", self.sent),
            Route("/w/{slug}/resend", self.resend, methods=["GET", "POST"]),
            Route("/w/{slug}/confirm/{token}", self.confirm, methods=["GET", "POST"]),
            Route("/w/{slug}/enter/{token}", self.enter, methods=["GET", "POST"]),
            Route("/embed/{slug}/enter/{token}", self.enter),
        ]

    async def webinar(self, request: Request) -> Response:
        """The webinar's page, with the form when it has one."""
        at = await self._at(request)
        if not at.plan.policy.on:
            if request.method == "POST":
                raise Problem("registration.none", "This webinar needs no registration.", status=409)
            return await self._rooms.webinar(request)
        return await self._form(request, at)

    async def embedded(self, request: Request) -> Response:
        """The form for a frame on another site, if the organiser named that site."""
        at = await self._at(request, embedded=True)
        if not at.plan.policy.on:
            raise not_found("webinar")
        return await self._form(request, at)

    async def sent(self, request: Request) -> Response:
        """A mail is on its way: the same page for everybody."""
        at = await self._at(request, embedded=request.url.path.startswith("/embed/"))
        return page(request, "registration/sent.html", at=at, webinar=view(at.webinar), mailbox=self._mailer.mailbox)

    async def resend(self, request: Request) -> Response:
        """Send the personal link again, to whoever is registered by this address."""
        at = await self._at(request)
        if not at.plan.policy.on or at.plan.policy.ask_email == "off":
            raise not_found()
        if request.method == "GET":
            return page(request, "registration/resend.html", at=at, webinar=view(at.webinar), values={}, errors={})
        values = await form(request, {"email"})
        try:
            email = kinds.email(kinds.clean_line(values.get("email", "")))
        except kinds.Wrong as error:
            context = {"values": values, "errors": {"email": error.text}}
            return page(request, "registration/resend.html", status=422, at=at, webinar=view(at.webinar), **context)
        await self._slow_down(request, email)
        index = (await self._vault.box(at.webinar.id)).blind(email, "registrant.email")
        async with self._work.unit() as unit:
            row = await signup.by_index(unit, at.webinar.id, index)
            if row is not None:
                jobs.mail(unit, row, jobs.ALREADY.get(row.state, "already"))
        return see_other(f"/w/{at.webinar.slug}/sent")

    async def confirm(self, request: Request) -> Response:
        """The address is proven by a press, so that no mail scanner confirms by looking."""
        at = await self._at(request)
        known = self._links.read("confirm", request.path_params["token"], at.webinar.id)
        if request.method == "GET":
            async with self._work.read() as session:
                row = await session.get(Registrant, known.person)
            if row is None or row.mark != known.mark:
                raise not_found("link")
            if row.state != "pending":
                return see_other(self._links.enter_path(at.webinar.slug, row))
            return page(request, "registration/confirm.html", at=at, webinar=view(at.webinar))
        async with self._work.unit() as unit:
            row = await signup.confirm(unit, at.webinar, at.plan, known.person, known.mark)
        return see_other(self._links.enter_path(at.webinar.slug, row))

    async def enter(self, request: Request) -> Response:
        """The personal link: where the registration stands, and the way into the room."""
        at = await self._at(request, embedded=request.url.path.startswith("/embed/"))
        known = self._links.read("enter", request.path_params["token"], at.webinar.id)
        async with self._work.read() as session:
            row = await session.get(Registrant, known.person)
        if row is None or row.webinar_id != at.webinar.id or row.mark != known.mark:
            raise not_found("link")
        if request.method == "GET":
            return await self._state(request, at, row)
        values = await form(request, {"shown_name"})
        try:
            shown = kinds.clean_line(values.get("shown_name", ""))[:60]
        except kinds.Wrong as error:
            return await self._state(request, at, row, {"shown_name": error.text})
        async with self._work.unit() as unit:
            seat = await sit_down(unit, self._vault, self._seats, at.webinar.id, row.id, shown)
        return see_other(f"/w/{at.webinar.slug}/room?seat={seat}")

    async def _at(self, request: Request, *, embedded: bool = False) -> SignUp:
        shown = (*webinars.OPEN_TO_ALL, "cancelled")
        row = await webinar_by_slug(self._work, request.path_params["slug"], publications=shown)
        async with self._work.read() as session:
            plan = await load(session, row.id)
            asked = await items.shown(session, row.id, lang_of(request)) if plan.policy.on else []
            setup = await items.setup(session, row.id)
        if embedded:
            request.scope["state"]["frame_ancestors"] = " ".join(("'self'", *plan.policy.embed_hosts))
        return SignUp(row, plan, lang_of(request), embedded, tuple(asked), setup)

    async def _form(self, request: Request, at: SignUp) -> Response:
        if request.method == "GET":
            return await self._drawn(request, at, {}, None, await self._invited(request.query_params.get("invited", ""), at))
        raw = await sheet.posted(request, self._known(at))
        invited = await self._invited(_last(raw, "invited"), at)
        try:
            return await self._sign_up(request, at, raw, invited)
        except Problem as problem:
            if problem.code == "field.unknown":
                raise
            return await self._drawn(request, at, raw, problem, invited)

    async def _sign_up(self, request: Request, at: SignUp, raw: Raw, invited: Invitee | None) -> Response:
        self._check_word(at, raw)
        context = Context(now=self._work.clock.now(), lang=at.lang)
        found, choices = self._read(at, raw, context)
        await self._slow_down(request, found.email)
        zone = _last(raw, "zone")
        person = new_id()
        # Before the transaction: the key store writes to a disk of its own, and nobody should wait for that with the database locked.
        await self._vault.make(at.webinar.id, [person])
        who = signup.Newcomer(
            source="form",
            lang=at.lang,
            zone=zone if zone in i18n.zones() else "",
            invited=invited.id if invited and await self._same(at, invited, found.email) else "",
            mails=self._mailer.ready,
            person=person,
        )
        async with self._work.unit() as unit:
            done = await signup.register(unit, self._vault, at.webinar, at.plan, found, who, choices)
        base = "/embed" if at.embedded else "/w"
        if done.row is None:
            return see_other(f"{base}/{at.webinar.slug}/sent")
        path = self._links.enter_path(at.webinar.slug, done.row)
        return see_other(path.replace("/w/", f"{base}/", 1) + "?new=1")

    async def _drawn(self, request: Request, at: SignUp, raw: Raw, problem: Problem | None, invited: Invitee | None) -> Response:
        now = self._work.clock.now()
        errors = problem.fields if problem else {}
        shown: Raw = raw or await self._known_of(at, invited)
        context: dict[str, Any] = {
            "at": at,
            "webinar": view(at.webinar),
            "policy": at.plan.policy,
            "closed": self._why_closed(at, invited),
            "questions": sheet.drawn(at.plan, at.lang, now, raw, errors),
            "rules": sheet.rules(at.plan),
            "values": {name: _last(shown, name) for name in ("name", "email", "word", "zone", *items.fields(at.asked, at.setup))},
            "invited": request.query_params.get("invited", "") or _last(raw, "invited"),
            "errors": errors,
            "labels": {field.name: field.label(at.lang) for field in at.plan.fields},
            "problem": problem,
            "files": any(field.kind == "file" for field in at.plan.fields),
            "privacy_label": await self._rooms.labelled(at.webinar, label(at.webinar, at.plan, at.lang)),
            "others": await self._others(at),
            "notice_href": await self._notice(at),
            "moved": "moved" in request.query_params,
        }
        return page(request, "registration/form.html", status=problem.status if problem else 200, **context)

    async def _state(self, request: Request, at: SignUp, row: Registrant, errors: dict[str, str] | None = None) -> Response:
        box = await self._vault.box(row.webinar_id, row.id)
        name = box.open_text(row.name, f"registrant.name|{row.id}") if row.name else ""
        shown = box.open_text(row.shown_name, f"registrant.shown_name|{row.id}") if row.shown_name else ""
        context: dict[str, Any] = {
            "at": at,
            "webinar": view(at.webinar),
            "state": row.state,
            "name": name,
            "shown_name": shown,
            "open_elsewhere": bool(row.session),
            "fresh": "new" in request.query_params,
            "has_email": bool(row.email),
            "my_data": self._my_data.path(row.webinar_id, row.id),
            "link": self._links.enter(at.webinar.slug, row),
            "errors": errors or {},
        }
        return page(request, "registration/enter.html", status=422 if errors else 200, **context)

    async def _invited(self, token: str, at: SignUp) -> Invitee | None:
        if not token:
            return None
        known = self._links.read("invited", token, at.webinar.id)
        async with self._work.read() as session:
            row = await session.get(Invitee, known.person)
        return row if row is not None and row.webinar_id == at.webinar.id and row.state != "registered" else None

    async def _known_of(self, at: SignUp, invited: Invitee | None) -> Raw:
        """What the invitation knows already, so that one press is left."""
        if invited is None:
            return {}
        box = await self._vault.box(at.webinar.id, invited.id)
        name = box.open_text(invited.name, f"invitee.name|{invited.id}") if invited.name else ""
        return {"name": [name], "email": [box.open_text(invited.email, f"invitee.email|{invited.id}")]}

    async def _same(self, at: SignUp, invited: Invitee, email: str) -> bool:
        """The invitation proves the invited address only."""
        if email and (await self._vault.box(at.webinar.id)).blind(email, "registrant.email") != invited.email_index:
            raise invalid({"email": "This invitation is for another address. Use the one it was sent to."})
        return True

    async def _others(self, at: SignUp) -> list[dict[str, Any]]:
        """Other sessions of the same series that are still to come."""
        async with self._work.read() as session:
            rows = await series.sessions(session, at.webinar.id)
        now = self._work.clock.now()
        return [view(row) for row in rows if row.id != at.webinar.id and row.publication == "public" and row.starts_at > now]

    async def _notice(self, at: SignUp) -> str:
        async with self._work.read() as session:
            return f"/w/{at.webinar.slug}/notice" if await notices.ready(session, at.webinar.id) else ""

    def _why_closed(self, at: SignUp, invited: Invitee | None) -> Problem | None:
        try:
            who = signup.Newcomer(source="form", lang=at.lang, invited=invited.id if invited else "")
            signup.check_open(at.webinar, at.plan, self._work.clock.now(), who)
        except Problem as problem:
            return problem
        return None

    def _check_word(self, at: SignUp, raw: Raw) -> None:
        if at.plan.policy.password and _last(raw, "word").strip().casefold() != at.plan.policy.password.casefold():
            raise invalid({"word": "This is not the word the organiser gave out."})

    async def _slow_down(self, request: Request, email: str) -> None:
        await self._by_address.check(request.client.host if request.client else "")
        if email:
            await self._by_email.check(email.casefold())

    def _read(self, at: SignUp, raw: Raw, context: Context) -> tuple[answers.Answers, Choices]:
        """Answers and consents; what is wrong in either is said at once."""
        boxes = items.fields(at.asked, at.setup)
        wrong: dict[str, str] = {}
        found, choices = answers.Answers("", "", {}), Choices()
        try:
            found = answers.read(at.plan, {name: value for name, value in raw.items() if name not in OWN | boxes}, context)
        except Problem as problem:
            if not problem.fields:
                raise
            wrong |= problem.fields
        try:
            choices = items.read_choices(at.asked, at.setup, {name: _last(raw, name) for name in boxes})
        except Problem as problem:
            if not problem.fields:
                raise
            wrong |= problem.fields
        if wrong:
            raise invalid(wrong)
        return found, choices

    def _known(self, at: SignUp) -> Collection[str]:
        return answers.names_of(at.plan) | OWN | items.fields(at.asked, at.setup)


def _last(raw: Raw, name: str) -> str:
    value = raw.get(name, ())
    return value[-1] if value and not isinstance(value, answers.Upload) else ""
