"""Staff pages: first run, sign-in, invitation, own data, team, account settings."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts import agreement, organisation, second_factor, staff
from app.accounts.current import cookie_name, needs, staff_of, with_cookie
from app.accounts.invitations import InvitationLinks
from app.accounts.jobs import enqueue_invitation
from app.accounts.models import Staff
from app.accounts.passwords import Passwords
from app.core.errors import Problem, invalid
from app.core.http import form, page, see_other
from app.core.i18n import languages
from app.core.limits import Throttle
from app.core.permissions import Permission, Role
from app.core.subprocessors import digest
from app.core.tokens import Tokens
from app.core.unit import Unit, Work
from app.privacy.vault import Vault
from app.settings import Settings

OFFERED = [role for role in Role if role is not Role.PARTICIPANT]


class AccountPages:
    """Handlers and their routes."""

    def __init__(self, settings: Settings, work: Work, passwords: Passwords, vault: Vault) -> None:
        self._vault = vault
        self._settings = settings
        self._work = work
        self._passwords = passwords
        self._tokens = Tokens(settings.secret)
        self._links = InvitationLinks(settings)
        self._by_address = Throttle(work.counters, "sign-in address", 40, 900)
        self._by_name = Throttle(work.counters, "sign-in name", 10, 900)

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/sign-in", self.sign_in, methods=["GET", "POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/first-run", self.first_run, methods=["GET", "POST"]),
            Route("/invite/{token}", self.accept, methods=["GET", "POST"]),
            Route("/admin/me", self.profile, methods=["GET", "POST"]),
            Route("/admin/me/password", self.password, methods=["POST"]),
            Route("/admin/me/sessions", self.sessions, methods=["POST"]),
            Route("/admin/team", self.team, methods=["GET", "POST"]),
            Route("/admin/team/{staff}", self.member, methods=["POST"]),
            Route("/admin/settings", self.settings, methods=["GET", "POST"]),
        ]

    async def sign_in(self, request: Request) -> Response:
        """Address and password."""
        async with self._work.read() as session:
            if not await staff.any_staff(Unit(session, self._work.clock.now())):
                return see_other("/first-run")
        onward = request.query_params.get("next", "/admin")
        if request.method == "GET":
            return page(
                request, "accounts/sign_in.html", values={"next": onward}, problem=None, fresh="changed" in request.query_params
            )
        values = await form(request, {"email", "password", "next"})
        try:
            return await self._signed_in(request, values)
        except Problem as problem:
            return page(request, "accounts/sign_in.html", status=problem.status, values=values, problem=problem)

    async def _signed_in(self, request: Request, values: dict[str, str]) -> Response:
        address, email = request.client.host if request.client else "", values.get("email", "")
        await self._by_address.check(address)
        await self._by_name.check(email.casefold())
        async with self._work.read() as session:
            unit = Unit(session, self._work.clock.now())
            member = await staff.by_credentials(unit, self._passwords, email, values.get("password", ""))
        await self._by_name.forget(email.casefold())
        if member.totp_on:
            shown = {"token": second_factor.half(self._tokens, member), "next": values.get("next", "")}
            return page(request, "accounts/code.html", values=shown, problem=None)
        async with self._work.unit() as unit:
            secret = await staff.sign_in(unit, member)
        return with_cookie(self._settings, see_other(values.get("next") or "/admin"), secret)

    async def sign_out(self, request: Request) -> Response:
        """End this session."""
        async with self._work.unit() as unit:
            await staff.sign_out(unit, request.cookies.get(cookie_name(self._settings), ""))
        answer = see_other("/sign-in")
        answer.delete_cookie(cookie_name(self._settings), secure=self._settings.secure, httponly=True, samesite="lax")
        answer.headers["Clear-Site-Data"] = '"cache", "storage"'
        return answer

    async def first_run(self, request: Request) -> Response:
        """The first owner of a fresh installation."""
        async with self._work.read() as session:
            if await staff.any_staff(Unit(session, self._work.clock.now())):
                return see_other("/sign-in")
        if request.method == "GET":
            return page(request, "accounts/first_run.html", values={}, problem=None, agreement=agreement.current())
        values = await form(request, {"organisation", "name", "email", "password", "agree"})
        try:
            async with self._work.unit() as unit:
                member = await staff.first_owner(
                    unit,
                    self._passwords,
                    organisation=values.get("organisation", ""),
                    name=values.get("name", ""),
                    email=values.get("email", ""),
                    password=values.get("password", ""),
                )
                await unit.session.flush()
                if values.get("agree"):
                    await self._agreed(unit, member)
                secret = await staff.sign_in(unit, member)
        except Problem as problem:
            return page(
                request,
                "accounts/first_run.html",
                status=problem.status,
                values=values,
                problem=problem,
                agreement=agreement.current(),
            )
        return with_cookie(self._settings, see_other("/admin"), secret)

    async def _agreed(self, unit: Unit, member: Staff) -> None:
        await agreement.accept(
            unit,
            self._vault,
            member.account_id,
            staff_id=member.id,
            name=member.name,
            role=member.role,
            hash_read=agreement.current().hash,
            processors=digest(self._settings),
        )

    async def accept(self, request: Request) -> Response:
        """Take up an invitation."""
        asked = self._links.read(request.path_params["token"])
        async with self._work.read() as session:
            found, account = await staff.invitation(Unit(session, self._work.clock.now()), asked)
        shown = {"email": found.email, "organisation": account.name, "role": found.role}
        if request.method == "GET":
            return page(request, "accounts/invite.html", invitation=shown, values={}, problem=None)
        values = await form(request, {"name", "password"})
        try:
            async with self._work.unit() as unit:
                member = await staff.accept(
                    unit, self._passwords, asked, name=values.get("name", ""), password=values.get("password", "")
                )
                await unit.session.flush()
                cookie = await staff.sign_in(unit, member)
        except Problem as problem:
            return page(request, "accounts/invite.html", status=problem.status, invitation=shown, values=values, problem=problem)
        return with_cookie(self._settings, see_other("/admin"), cookie)

    @needs()
    async def profile(self, request: Request) -> Response:
        """Own name, address, language."""
        who = staff_of(request)
        values = {"name": who.name, "email": who.email, "lang": who.lang}
        if request.method == "GET":
            return self._profile(request, values)
        values = await form(request, {"name", "email", "lang", "password"})
        try:
            if (lang := values.get("lang", "")) and lang not in languages():
                raise invalid({"lang": "Choose a language."})
            async with self._work.unit() as unit:
                await staff.change_own(
                    unit,
                    self._passwords,
                    who,
                    name=values.get("name", ""),
                    email=values.get("email", ""),
                    lang=lang,
                    password=values.get("password", ""),
                )
        except Problem as problem:
            return self._profile(request, values, problem)
        return see_other("/admin/me?saved=1")

    @needs()
    async def password(self, request: Request) -> Response:
        """A new password."""
        who = staff_of(request)
        values = await form(request, {"old_password", "password"})
        try:
            async with self._work.unit() as unit:
                secret = await staff.change_password(
                    unit, self._passwords, who, old=values.get("old_password", ""), new=values.get("password", "")
                )
        except Problem as problem:
            return self._profile(request, {"name": who.name, "email": who.email, "lang": who.lang}, problem)
        return with_cookie(self._settings, see_other("/admin/me?saved=1"), secret)

    @needs()
    async def sessions(self, request: Request) -> Response:
        """Sign out everywhere else."""
        who = staff_of(request)
        async with self._work.unit() as unit:
            await staff.sign_out_everywhere(unit, who.staff_id, except_mark=who.session)
        return see_other("/admin/me?saved=1")

    @needs(Permission.TEAM_MANAGE)
    async def team(self, request: Request) -> Response:
        """Colleagues; a posted form invites one."""
        if request.method == "GET":
            return await self._team(request)
        who, values = staff_of(request), await form(request, {"email", "role"})
        try:
            async with self._work.unit() as unit:
                asked = await staff.invite(unit, who, email=values.get("email", ""), role=values.get("role", ""))
                if self._settings.smtp_url:
                    enqueue_invitation(unit, asked, who.account_id, who.staff_id)
        except Problem as problem:
            return await self._team(request, values=values, problem=problem)
        return await self._team(request, link=self._links.link(asked), asked=values.get("email", ""))

    @needs(Permission.TEAM_MANAGE)
    async def member(self, request: Request) -> Response:
        """Change a colleague's role, or take the access away."""
        who, member = staff_of(request), request.path_params["staff"]
        values = await form(request, {"role", "remove", "factor"})
        async with self._work.unit() as unit:
            if values.get("remove"):
                await staff.remove(unit, who, member)
            elif values.get("factor") == "off":
                await second_factor.take_off(unit, who, member)
            else:
                await staff.set_role(unit, who, member, values.get("role", ""))
        return see_other("/admin/team")

    @needs(Permission.ACCOUNT_MANAGE)
    async def settings(self, request: Request) -> Response:
        """Name and colour of the organisation."""
        who = staff_of(request)
        values = {"name": who.account_name, "colour": who.colour}
        if request.method == "GET":
            return page(request, "accounts/settings.html", values=values, problem=None)
        values = await form(request, {"name", "colour"})
        try:
            async with self._work.unit() as unit:
                said = {"name": values.get("name", ""), "colour": values.get("colour", "")}
                await organisation.change(unit, who.account_id, **said)
        except Problem as problem:
            return page(request, "accounts/settings.html", status=problem.status, values=values, problem=problem)
        return see_other("/admin/settings?saved=1")

    def _profile(self, request: Request, values: dict[str, str], problem: Problem | None = None) -> Response:
        status = problem.status if problem else 200
        return page(request, "accounts/profile.html", status=status, values=values, problem=problem)

    async def _team(
        self,
        request: Request,
        *,
        values: dict[str, str] | None = None,
        problem: Problem | None = None,
        link: str = "",
        asked: str = "",
    ) -> Response:
        async with self._work.read() as session:
            members, open_ = await staff.team(Unit(session, self._work.clock.now()), staff_of(request).account_id)
        return page(
            request,
            "accounts/team.html",
            status=problem.status if problem else 200,
            members=members,
            invitations=open_,
            roles=OFFERED,
            values=values or {},
            problem=problem,
            link=link,
            asked=asked,
            mailed=bool(self._settings.smtp_url),
        )
