"""Pages of the second factor and of a forgotten password."""

from __future__ import annotations

import io

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts import reset, second_factor, staff
from app.accounts.current import needs, staff_of, with_cookie
from app.accounts.passwords import Passwords
from app.accounts.reset import ResetLinks
from app.core.errors import Problem, invalid
from app.core.http import form, page, see_other
from app.core.limits import Throttle
from app.core.tokens import Tokens
from app.core.unit import Unit, Work
from app.privacy.vault import Vault
from app.settings import Settings


class SecondFactorPages:
    """Handlers and their routes."""

    def __init__(self, settings: Settings, work: Work, passwords: Passwords, vault: Vault) -> None:
        self._settings = settings
        self._work = work
        self._passwords = passwords
        self._vault = vault
        self._tokens = Tokens(settings.secret)
        self._links = ResetLinks(settings)
        self._codes = Throttle(work.counters, "code", 6, 900)
        self._resets = Throttle(work.counters, "reset", 4, 3600)
        self._reset_addresses = Throttle(work.counters, "reset address", 30, 3600)

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/sign-in/code", self.code, methods=["POST"]),
            Route("/sign-in/forgot", self.forgot, methods=["GET", "POST"]),
            Route("/reset/{token}", self.reset, methods=["GET", "POST"]),
            Route("/admin/me/second-factor", self.factor, methods=["GET", "POST"]),
            Route("/admin/me/second-factor.svg", self.picture),
        ]

    async def code(self, request: Request) -> Response:
        """The second step of a sign-in."""
        values = await form(request, {"token", "code", "next"})
        try:
            async with self._work.read() as session:
                unit = Unit(session, self._work.clock.now())
                member = await second_factor.read_half(unit, self._tokens, values.get("token", ""))
        except Problem as problem:
            return page(request, "accounts/sign_in.html", status=problem.status, values=values, problem=problem)
        try:
            await self._codes.check(member.id)
            async with self._work.unit() as unit:
                await second_factor.check(unit, self._vault, member, values.get("code", ""))
                secret = await staff.sign_in(unit, member)
        except Problem as problem:
            return page(request, "accounts/code.html", status=problem.status, values=values, problem=problem)
        await self._codes.forget(member.id)
        return with_cookie(self._settings, see_other(values.get("next") or "/admin"), secret)

    async def forgot(self, request: Request) -> Response:
        """Have a link mailed; the answer is the same for every address."""
        mails = bool(self._settings.smtp_url)
        if request.method == "GET" or not mails:
            return page(request, "accounts/forgot.html", values={}, problem=None, mails=mails, sent=False)
        values = await form(request, {"email"})
        try:
            if not (email := values.get("email", "").casefold()):
                raise invalid({"email": "Type your address."})
            await self._reset_addresses.check(request.client.host if request.client else "")
            await self._resets.check(email)
            async with self._work.unit() as unit:
                await reset.ask(unit, email)
        except Problem as problem:
            return page(
                request, "accounts/forgot.html", status=problem.status, values=values, problem=problem, mails=True, sent=False
            )
        return page(request, "accounts/forgot.html", values=values, problem=None, mails=True, sent=True)

    async def reset(self, request: Request) -> Response:
        """The link of the mail: a new password, once."""
        async with self._work.read() as session:
            member = await self._links.read(Unit(session, self._work.clock.now()), request.path_params["token"])
        if request.method == "GET":
            return page(request, "accounts/reset.html", email=member.email, problem=None)
        values = await form(request, {"password"})
        try:
            async with self._work.unit() as unit:
                await reset.set_password(unit, self._passwords, member, values.get("password", ""))
        except Problem as problem:
            if not problem.fields:
                raise
            return page(request, "accounts/reset.html", status=problem.status, email=member.email, problem=problem)
        return see_other("/sign-in?changed=1")

    @needs()
    async def factor(self, request: Request) -> Response:
        """Set it up, switch it on and off, new recovery codes."""
        if request.method == "GET":
            return await self._factor(request)
        who, values = staff_of(request), await form(request, {"do", "code", "password"})
        entered = {"password": values.get("password", ""), "code": values.get("code", "")}
        codes: list[str] = []
        try:
            if values.get("do") != "begin":
                await self._codes.check(who.staff_id)
            async with self._work.unit() as unit:
                match values.get("do"):
                    case "begin":
                        await second_factor.begin(unit, self._vault, who)
                    case "on":
                        codes = await second_factor.switch_on(unit, self._vault, who, entered["code"])
                    case "codes":
                        codes = await second_factor.renew_codes(unit, self._vault, self._passwords, who, **entered)
                    case "off":
                        await second_factor.switch_off(unit, self._vault, self._passwords, who, **entered)
                    case _:
                        raise invalid({"do": "Choose what to do."})
        except Problem as problem:
            return await self._factor(request, do=values.get("do", ""), problem=problem)
        await self._codes.forget(who.staff_id)
        return await self._factor(request, codes=codes) if codes else see_other("/admin/me/second-factor?saved=1")

    @needs()
    async def picture(self, request: Request) -> Response:
        """The secret being set up, to be scanned. A picture of our own, fetched by nobody but this page."""
        async with self._work.read() as session:
            unit = Unit(session, self._work.clock.now())
            fresh = await second_factor.fresh(unit, self._vault, staff_of(request), self._issuer)
        out = io.BytesIO()
        segno.make(fresh.uri, error="m").save(
            out, kind="svg", scale=5, border=4, light="#fff", nl=False, svgclass=None, lineclass=None
        )
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return Response(out.getvalue(), media_type="image/svg+xml", headers=headers)

    @property
    def _issuer(self) -> str:
        return "Lectern " + self._settings.origin.partition("://")[2].replace(":", " ")

    async def _factor(
        self, request: Request, *, do: str = "", codes: list[str] | None = None, problem: Problem | None = None
    ) -> Response:
        who = staff_of(request)
        async with self._work.read() as session:
            unit = Unit(session, self._work.clock.now())
            member = await staff.one(unit, who.staff_id)
            left = await second_factor.codes_left(unit, who.staff_id)
            setting_up = member.totp is not None and not member.totp_on
            fresh = await second_factor.fresh(unit, self._vault, who, self._issuer) if setting_up else None
        context = {"on": member.totp_on, "fresh": fresh, "left": left, "codes": codes or [], "do": do, "problem": problem}
        return page(request, "accounts/second_factor.html", status=problem.status if problem else 200, **context)
