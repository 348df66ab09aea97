"""Pages of the webinar: public page and room, tickets, studio and console, and the organiser's list and forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.accounts.staff import Current
from app.consent import items, notices, records
from app.core import i18n
from app.core.errors import Problem, not_found
from app.core.http import body, form, lang_of, page, see_other
from app.core.ice import IceServers
from app.core.permissions import Permission
from app.core.together import Together
from app.core.unit import Work
from app.privacy.retention import DAYS, erase_at
from app.privacy.vault import Vault
from app.rooms import calendar, webinars
from app.rooms.door import Closed, Door, Entry, OpenDoor
from app.rooms.label import privacy_label
from app.rooms.models import Webinar
from app.rooms.modes import modes_of
from app.rooms.seats import Seats, webinar_by_slug
from app.rooms.view import DEFAULT_TEXTS, picture_of, pictures_of
from app.settings import Settings

FIELDS = {
    "title", "summary", "starts_date", "starts_time", "starts_zone", "minutes", "publication", "chat_mode", "questions", "slug",
    "retention_days", "rewind", "ladder",
}  # fmt: skip


class TicketWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a ticket request."""

    seat: str | None = None
    crew: bool = False


Leaves = Callable[[AsyncSession, Webinar], Awaitable[str]]
"""Says in words which personal values of a webinar's people leave this server, and to whom; empty when none do."""


class RoomPages:
    """Handlers and their routes."""

    def __init__(
        self, settings: Settings, work: Work, vault: Vault, seats: Seats, door: Door | None = None, leaves: Leaves | None = None
    ) -> None:
        self._leaves = leaves
        self._settings = settings
        self._ice = IceServers(settings, work.clock)
        self._work = work
        self._vault = vault
        self._seats = seats
        self._door = door or OpenDoor(seats)
        self._webinar_of_ticket = Together(lambda slug: webinar_by_slug(work, slug))
        """Thousands ask for tickets at once, after a restart."""

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/", self.landing),
            Route("/w/{slug}", self.webinar),
            Route("/w/{slug}/room", self.room),
            Route("/w/{slug}/agree", self.agree, methods=["POST"]),
            Route("/w/{slug}/ticket", self.ticket, methods=["POST"]),
            Route("/w/{slug}/calendar.ics", self.calendar),
            Route("/w/{slug}/studio", self.studio),
            Route("/w/{slug}/console", self.console),
            Route("/admin", self.list),
            Route("/admin/webinars/new", self.new, methods=["GET", "POST"]),
            Route("/admin/webinars/{webinar}", self.home),
            Route("/admin/webinars/{webinar}/edit", self.edit, methods=["GET", "POST"]),
        ]

    async def labelled(self, row: Webinar, label: dict[str, Any]) -> dict[str, Any]:
        """The privacy label with what leaves this server."""
        if self._leaves is None:
            return label
        async with self._work.read() as session:
            said = await self._leaves(session, row)
        return {**label, "leaves": said} if said else label

    async def landing(self, request: Request) -> Response:
        """What this server is, and its public webinars."""
        async with self._work.read() as session:
            rows = await webinars.upcoming(session, self._work.clock.now())
        return page(request, "rooms/landing.html", webinars=[view(row) for row in rows])

    async def webinar(self, request: Request) -> Response:
        """The public page."""
        row = await self._public(request)
        return page(
            request,
            "rooms/webinar.html",
            webinar=view(row),
            privacy_label=await self.labelled(row, privacy_label(row)),
            notice_href=await self._notice_href(row),
        )

    async def room(self, request: Request) -> Response:
        """The room: waiting page, picture and chat, farewell. No cookie, nothing stored."""
        row = await self._public(request)
        lang = lang_of(request)
        found = await self._door.enter(row, request.query_params.get("seat"))
        if isinstance(found, Closed):
            return see_other(found.path)
        if await self._must_agree(request, row, found):
            text = items.recording_text(lang)
            return page(request, "rooms/agree.html", webinar=view(row), text=text, seat=request.query_params.get("seat", ""))
        ticket, seat = self._seats.participant(row.id, found.person, lang, name=found.name, session=found.session)
        boot = {**self._boot(row, lang), "ticket": ticket, "seat": seat, "registered": bool(found.session)}
        context: dict[str, Any] = {"webinar": view(row), "boot": boot}
        # Somebody may be brought on the stage from here: the browser may then ask for camera and microphone.
        request.scope["state"]["devices"] = any(modes_of(row, phase).hands != "off" for phase in ("before", "live", "after"))
        context["privacy_label"] = await self.labelled(row, await self._door.label(row, lang))
        context["notice_href"] = await self._notice_href(row)
        return page(request, "rooms/room.html", **context)

    async def agree(self, request: Request) -> Response:
        """Somebody agrees to be recorded: written down for a registered participant, for others only said to this browser."""
        row = await self._public(request)
        given = await form(request, {"seat"})
        found = await self._door.enter(row, given.get("seat") or None)
        if isinstance(found, Closed):
            return see_other(found.path)
        if not found.session:
            return see_other(f"/w/{row.slug}/room?agreed={self._seats.agreed(row.id)}")
        async with self._work.unit() as unit:
            await records.record_recording(unit, row.id, found.person, lang_of(request))
        return see_other(f"/w/{row.slug}/room?seat={quote(given['seat'])}")

    async def _must_agree(self, request: Request, row: Webinar, found: Entry) -> bool:
        """Whether somebody still has to agree before entering a webinar that is recorded."""
        if not row.recording or row.broadcast == "ended":
            return False
        async with self._work.read() as session:
            if not (await items.setup(session, row.id)).ask_recording:
                return False
            if found.session:
                return await records.state_of(session, row.id, found.person, items.RECORDING) != "given"
        return not self._seats.has_agreed(row.id, request.query_params.get("agreed"))

    async def ticket(self, request: Request) -> Response:
        """A fresh ticket for a socket that must come back; crew by their session, participants by their seat."""
        wanted = await body(request, TicketWanted)
        row = await self._webinar_of_ticket.ask(request.path_params["slug"])
        lang = lang_of(request)
        who = request.state.staff
        if wanted.crew:
            if not isinstance(who, Current) or who.account_id != row.account_id or Permission.CREW_SEE not in who.permissions:
                raise Problem("ticket.refused", "Sign in again.", status=403)
            return _private_json({"ticket": self._crew_ticket(row, who, lang), "seat": None})
        if row.publication not in webinars.OPEN_TO_ALL:
            raise not_found("webinar")
        found = await self._door.enter(row, wanted.seat)
        if isinstance(found, Closed):
            raise Problem("ticket.refused", "This seat is not open here any more.", status=403)
        if wanted.seat and await self._vault.erased(row.id, found.person):
            raise Problem(
                "person.erased", "What you wrote here was erased. Open the page again to join as somebody new.", status=410
            )
        ticket, seat = self._seats.participant(row.id, found.person, lang, name=found.name, session=found.session)
        return _private_json({"ticket": ticket, "seat": seat})

    async def calendar(self, request: Request) -> Response:
        """The webinar as a calendar file."""
        row = await self._public(request)
        data = calendar.event(row, self._settings.origin, self._work.clock.now())
        headers = {"Content-Disposition": f'attachment; filename="{row.slug}.ics"'}
        return Response(data, media_type="text/calendar", headers=headers)

    @needs(Permission.STAGE_PUBLISH)
    async def studio(self, request: Request) -> Response:
        """Where presenters go live."""
        row, who = await self._own(request)
        request.scope["state"]["devices"] = True
        boot = self._crew_boot(row, who, lang_of(request))
        return page(request, "studio/studio.html", webinar=view(row), boot=boot, staff=who)

    @needs(Permission.CHAT_MODERATE)
    async def console(self, request: Request) -> Response:
        """Where moderators work."""
        row, who = await self._own(request)
        boot = self._crew_boot(row, who, lang_of(request))
        return page(request, "console/console.html", webinar=view(row), boot=boot, staff=who)

    @needs()
    async def list(self, request: Request) -> Response:
        """The account's webinars."""
        async with self._work.read() as session:
            rows = await webinars.of_account(session, staff_of(request).account_id)
        groups = _grouped([view(row) for row in rows], self._work.clock.now())
        return page(
            request, "admin/webinars.html", groups=groups, may_edit=Permission.WEBINAR_EDIT in staff_of(request).permissions
        )

    @needs(Permission.WEBINAR_EDIT)
    async def new(self, request: Request) -> Response:
        """Make a webinar."""
        who = staff_of(request)
        if request.method == "GET":
            return self._form(request, self._fresh_values(), heading="New webinar")
        values = await form(request, FIELDS)
        try:
            details = webinars.read_details(values)
            async with self._work.unit() as unit:
                row = await webinars.make(unit, who.account_id, details, lang_of(request))
        except Problem as problem:
            return self._form(request, values, heading="New webinar", problem=problem)
        return see_other(f"/admin/webinars/{row.id}")

    @needs(Permission.WEBINAR_SEE)
    async def home(self, request: Request) -> Response:
        """One webinar: state, next steps, links to copy."""
        row = await self._of_account(request)
        return page(request, "admin/webinar.html", webinar=view(row), origin=self._settings.origin, staff=staff_of(request))

    @needs(Permission.WEBINAR_EDIT)
    async def edit(self, request: Request) -> Response:
        """Change a webinar."""
        row = await self._of_account(request)
        if request.method == "GET":
            return self._form(request, _values_of(row), heading="Edit webinar", webinar=view(row))
        values = await form(request, FIELDS)
        try:
            details = webinars.read_details(values, webinars.longest(row.source))
            async with self._work.unit() as unit:
                await webinars.change(unit, self._vault, staff_of(request).account_id, row.id, details)
        except Problem as problem:
            return self._form(request, values, heading="Edit webinar", webinar=view(row), problem=problem)
        return see_other(f"/admin/webinars/{row.id}?saved=1")

    async def _public(self, request: Request) -> Webinar:
        return await webinar_by_slug(self._work, request.path_params["slug"], publications=(*webinars.OPEN_TO_ALL, "cancelled"))

    async def _own(self, request: Request) -> tuple[Webinar, Current]:
        who = staff_of(request)
        row = await webinar_by_slug(self._work, request.path_params["slug"])
        if row.account_id != who.account_id:
            raise not_found("webinar")
        return row, who

    async def _of_account(self, request: Request) -> Webinar:
        async with self._work.read() as session:
            return await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])

    async def _notice_href(self, row: Webinar) -> str:
        async with self._work.read() as session:
            return f"/w/{row.slug}/notice" if await notices.ready(session, row.id) else ""

    def _boot(self, row: Webinar, lang: str) -> dict[str, Any]:
        return {"webinar": row.id, "slug": row.slug, "lang": lang, "live": f"/live/{row.id}", "crew": False}

    def _crew_boot(self, row: Webinar, who: Current, lang: str) -> dict[str, Any]:
        you: dict[str, Any] = {"id": who.staff_id, "name": who.name, "role": str(who.role)}
        ticket = self._crew_ticket(row, who, lang)
        boot = {**self._boot(row, lang), "crew": True, "ticket": ticket, "seat": None, "you": you}
        if Permission.STAGE_PUBLISH in who.permissions:
            boot["stage_token"] = self._seats.stage(row.id, who.staff_id, who.name, who.session)
            boot["whip"], boot["whep"] = f"/whip/{row.id}", f"/whep/{row.id}"
            boot["ice_servers"] = msgspec.to_builtins(self._ice.grant())
        return boot

    def _crew_ticket(self, row: Webinar, who: Current, lang: str) -> str:
        return self._seats.crew(row.id, who.staff_id, who.name, who.role, who.session, lang)

    def _fresh_values(self) -> dict[str, str]:
        start = (self._work.clock.now() + timedelta(days=7)).replace(minute=0, second=0, microsecond=0)
        return {
            "starts_date": start.date().isoformat(),
            "starts_time": "14:00",
            "starts_zone": "Europe/Brussels",
            "minutes": "60",
            "publication": "unlisted",
            "chat_mode": "stored",
            "retention_days": str(DAYS),
            "questions": "moderated",
        }

    def _form(
        self,
        request: Request,
        values: dict[str, str],
        *,
        heading: str,
        webinar: dict[str, Any] | None = None,
        problem: Problem | None = None,
    ) -> Response:
        zones = [(name, name.replace("_", " ")) for name in i18n.zones()]
        context = {"values": values, "problem": problem, "zones": zones, "heading": heading, "webinar": webinar}
        return page(request, "admin/webinar_form.html", status=problem.status if problem else 200, **context)


def view(row: Webinar) -> dict[str, Any]:
    """A webinar as templates see it."""
    return {
        "id": row.id,
        "slug": row.slug,
        "title": row.title,
        "summary": row.summary,
        "broadcast": row.broadcast,
        "publication": row.publication,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "live_since": row.live_since,
        "live_ended": row.live_ended,
        "zone": row.zone,
        "chat_mode": row.chat_mode,
        "retention_days": row.retention_days,
        "erase_at": erase_at(row.ends_at, row.retention_days),
        "recording": row.recording,
        "source": row.source,
        "longest": webinars.longest(row.source),
        "texts": {**DEFAULT_TEXTS, **row.state_texts},
        "own_texts": row.state_texts,
        "default_texts": DEFAULT_TEXTS,
        "pictures": pictures_of(row),
        "picture_url": picture_of(row, row.broadcast if row.broadcast != "live" else "idle"),
    }


def _values_of(row: Webinar) -> dict[str, str]:
    local = row.starts_at.astimezone(i18n.zone(row.zone))
    return {
        "title": row.title,
        "summary": row.summary,
        "starts_date": local.date().isoformat(),
        "starts_time": local.strftime("%H:%M"),
        "starts_zone": row.zone,
        "minutes": str(round((row.ends_at - row.starts_at).total_seconds() / 60)),
        "publication": row.publication,
        "chat_mode": row.chat_mode,
        "questions": modes_of(row, "live").questions,
        "slug": row.slug,
        "retention_days": str(row.retention_days),
        "rewind": str(row.rewind),
        "ladder": "on" if row.ladder else "off",
    }


def _grouped(rows: list[dict[str, Any]], now: datetime) -> list[tuple[str, list[dict[str, Any]]]]:
    """Live first, then what comes, then what was, newest first."""
    live = [row for row in rows if row["broadcast"] in ("preview", "live", "paused")]
    over = [row for row in rows if row not in live and (row["broadcast"] == "ended" or row["ends_at"] < now)]
    coming = [row for row in rows if row not in live and row not in over]
    return [("live", live), ("upcoming", coming), ("ended", over[::-1])]


def _private_json(content: dict[str, object]) -> JSONResponse:
    return JSONResponse(content, headers={"Cache-Control": "no-store"})
