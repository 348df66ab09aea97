"""The pages of "my data": everything a person can see and do about their data in one webinar, without an account or script."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.consent import marks, receipts, records, requests
from app.consent.mydata import Me, MyData
from app.core.brand import Brand
from app.core.errors import Problem, not_found
from app.core.http import form, lang_of, page, see_other
from app.core.i18n import translate
from app.core.unit import Unit, Work
from app.privacy.certificate import Signer
from app.privacy.erase.ask import PARTICIPANT, By, erase_persons
from app.privacy.erase.pipeline import Pipeline
from app.privacy.export import export_html, export_json
from app.privacy.map import DataMap
from app.privacy.scope import Target
from app.privacy.vault import Vault
from app.reports.my_data import Held, Looker
from app.reports.my_seat_pages import MySeatPages
from app.reports.request_mail import tell_team
from app.reports.request_pages import kinds_in
from app.rooms.pages import view
from app.rooms.seats import Seats, webinar_by_slug

FIELDS = {"do", "item", "kind", "text"}
Act = Callable[[Unit, Me, dict[str, str], str], Awaitable[None]]


class MyDataPages:
    """Handlers and their routes."""

    def __init__(
        self, work: Work, vault: Vault, links: MyData, pipeline: Pipeline, data_map: DataMap, signer: Signer, seats: Seats
    ) -> None:
        self._work = work
        self._vault = vault
        self._links = links
        self._pipeline = pipeline
        self._signer = signer
        self._seats = seats
        self._looker = Looker(work, vault, data_map)
        self._seat = MySeatPages(work, vault, links)

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/w/{slug}/my-data", self.from_room, methods=["POST"]),
            Route("/me/{token}", self.me, methods=["GET", "POST"]),
            Route("/me/{token}/erase", self.erase, methods=["GET", "POST"]),
            Route("/me/{token}/erased", self.erased),
            *self._seat.routes(),
            Route("/me/{token}/{name}.{kind}", self.download),
        ]

    async def from_room(self, request: Request) -> Response:
        """From the room to the data of who sits there; the seat comes in the body, never in an address."""
        row = await webinar_by_slug(self._work, request.path_params["slug"])
        values = await form(request, {"seat"})
        seat = self._seats.seat_of(row.id, values.get("seat", ""))
        if seat is None:
            text = "Your seat was not recognised. Open the room again and choose “My data” there."
            raise Problem("seat.unknown", text, status=404)
        return see_other(self._links.path(row.id, seat.person))

    async def me(self, request: Request) -> Response:
        """See everything; decide about it."""
        me = self._links.read(request.path_params["token"])
        if request.method == "GET":
            return await self._show(request, me)
        values = await form(request, FIELDS)
        act = self._acts().get(values.get("do", ""))
        if act is None:
            raise not_found()
        try:
            # Nothing is written about somebody whose webinar is gone or who was erased.
            await self._held(request, me)
            async with self._work.unit() as unit:
                await act(unit, me, values, lang_of(request))
        except Problem as problem:
            if not problem.fields:
                raise
            return await self._show(request, me, values, problem)
        return see_other(f"{request.url.path}?saved=1#{values['do']}")

    async def erase(self, request: Request) -> Response:
        """What would go, and the button that does it."""
        me = self._links.read(request.path_params["token"])
        held = await self._held(request, me)
        target = Target("participant", held.account.id, me.webinar, (me.person,))
        if request.method == "GET":
            counts = await self._pipeline.preview(target)
            return page(
                request,
                "me/erase.html",
                webinar=view(held.webinar),
                counts=counts,
                groups=held.groups,
                token=request.path_params["token"],
            )
        await form(request, set())
        async with self._work.unit() as unit:
            await erase_persons(unit, self._pipeline, By(held.account.id, me.person, PARTICIPANT), me.webinar, [me.person])
        return see_other(f"/me/{request.path_params['token']}/erased")

    async def erased(self, request: Request) -> Response:
        """It is done, or nearly."""
        self._links.read(request.path_params["token"])
        return page(request, "me/erased.html", token=request.path_params["token"])

    async def download(self, request: Request) -> Response:
        """Everything as a file: for programs, for people; and the receipt of consents."""
        me = self._links.read(request.path_params["token"])
        held, lang = await self._held(request, me), lang_of(request)
        name = (request.path_params["name"], request.path_params["kind"])
        if name == ("my-data", "json"):
            return _file(export_json(held.export), "application/json", "my-data.json")
        if name == ("my-data", "html"):
            labels = {key: translate(lang, text) for key, text in HEADS.items()}
            return _file(export_html(held.export, lang, held.webinar.title, labels), "text/html", "my-data.html")
        if name == ("consents", "json"):
            return _file(await self._receipt(me, held, lang), "application/json", "consent-receipt.json")
        raise not_found()

    async def _receipt(self, me: Me, held: Held, lang: str) -> str:
        about = receipts.About(
            webinar_id=me.webinar,
            title=held.webinar.title,
            account_id=held.account.id,
            account_name=held.account.name,
            retention_days=held.webinar.retention_days,
            my_data=self._links.link(me.webinar, me.person),
        )
        async with self._work.read() as session:
            return await receipts.receipt(session, self._signer, about, me.person, lang, self._work.clock.now())

    async def _held(self, request: Request, me: Me) -> Held:
        held = await self._looker.look(me, lang_of(request))
        if held is None:
            text = "Everything of this webinar was erased, and with it all that was stored about you."
            raise Problem("me.gone", text, status=410)
        return held

    async def _show(
        self, request: Request, me: Me, values: dict[str, str] | None = None, problem: Problem | None = None
    ) -> Response:
        held = await self._held(request, me)
        return page(
            request,
            "me/me.html",
            status=problem.status if problem else 200,
            webinar=view(held.webinar),
            held=held,
            seat=await self._seat.seat(me, lang_of(request)),
            token=request.path_params["token"],
            values=values or {},
            problem=problem,
            request_kinds=kinds_in(lang_of(request)),
            request_options=list(kinds_in(lang_of(request)).items()),
            brand=Brand(name=held.account.name, accent=held.account.colour),
        )

    def _acts(self) -> dict[str, Act]:
        return {
            "consents": self._consent,
            "restrict": self._restrict,
            "lift": lambda unit, me, _values, _lang: marks.lift(unit, me.webinar, me.person),
            "object": self._object,
            "allow": lambda unit, me, _values, _lang: marks.withdraw_objection(unit, me.webinar, me.person),
            "ask": self._ask,
        }

    async def _consent(self, unit: Unit, me: Me, values: dict[str, str], lang: str) -> None:
        given = values.get("kind") == "give"
        await records.decide(unit, me.webinar, me.person, values.get("item", ""), given, lang=lang, method="my_data")

    async def _restrict(self, unit: Unit, me: Me, values: dict[str, str], _lang: str) -> None:
        await marks.restrict(unit, me.webinar, me.person)
        await self._file(unit, me, "restrict", values)

    async def _object(self, unit: Unit, me: Me, values: dict[str, str], _lang: str) -> None:
        await marks.object_to(unit, me.webinar, me.person)
        await self._file(unit, me, "object", values)

    async def _ask(self, unit: Unit, me: Me, values: dict[str, str], _lang: str) -> None:
        await self._file(unit, me, values.get("kind", ""), values)

    async def _file(self, unit: Unit, me: Me, kind: str, values: dict[str, str]) -> None:
        row = await requests.ask(unit, self._vault, me.webinar, me.person, kind, values.get("text", ""))
        await tell_team(unit, row)


HEADS = {"field": "Field", "value": "Value", "purpose": "Why", "retention": "How long"}


def _file(content: str | bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
