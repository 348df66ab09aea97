"""Pages of notice and consent: what the organiser writes, and the notice everybody can read."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.consent import items, notices
from app.consent.items import ItemDetails, Setup, Words
from app.core.errors import Problem, not_found
from app.core.http import form, lang_of, page, see_other
from app.core.i18n import translate, words
from app.core.permissions import Permission
from app.core.unit import Work
from app.rooms import webinars
from app.rooms.label import privacy_label
from app.rooms.models import Webinar
from app.rooms.pages import view
from app.rooms.seats import webinar_by_slug

ITEM_FIELDS = {"kind", "purpose", "required"}
WORD_FIELDS = ("label", "url", "dialog")


class ConsentPages:
    """Handlers and their routes."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def routes(self) -> list[Route]:
        """For the URL map."""
        of = "/admin/webinars/{webinar}"
        return [
            Route("/w/{slug}/notice", self.read),
            Route(of + "/consent", self.overview),
            Route(of + "/consent/setup", self.set_up, methods=["POST"]),
            Route(of + "/consent/items/new", self.item, methods=["GET", "POST"]),
            Route(of + "/consent/items/{item}", self.item, methods=["GET", "POST"]),
            Route(of + "/consent/items/{item}/{step}", self.step, methods=["POST"]),
            Route(of + "/notice/{lang}", self.notice, methods=["GET", "POST"]),
        ]

    async def read(self, request: Request) -> Response:
        """The notice in force, for everybody."""
        row = await webinar_by_slug(self._work, request.path_params["slug"], publications=(*webinars.OPEN_TO_ALL, "cancelled"))
        async with self._work.read() as session:
            ready = await notices.ready(session, row.id)
            lang = lang_of(request) if "lang" not in request.query_params else request.query_params["lang"]
            notice = await notices.published(session, row.id, lang)
        names = {code: notices.wordings()[code].language for code in ready}
        return page(
            request, "consent/notice.html", webinar=view(row), notice=notice, ready=names, privacy_label=privacy_label(row)
        )

    @needs(Permission.CONSENT_MANAGE)
    async def overview(self, request: Request) -> Response:
        """Notice, questions before entering and consent items, with what participants will see."""
        row = await self._row(request)
        lang = request.query_params.get("show", "")
        lang = lang if lang in notices.wordings() else (row.lang if row.lang in notices.wordings() else "en")
        async with self._work.read() as session:
            found = await items.of_webinar(session, row.id)
            setup = await items.setup(session, row.id)
            versions = await notices.versions(session, row.id)
        return page(
            request,
            "consent/overview.html",
            webinar=view(row),
            items=[(item, items.shown_item(item, lang), items.warnings(item)) for item in found],
            setup=setup,
            versions=versions,
            languages_of_notices={code: wording.language for code, wording in notices.wordings().items()},
            show=lang,
            stores=_stores(row),
            purposes=_purposes(request),
        )

    @needs(Permission.CONSENT_MANAGE)
    async def set_up(self, request: Request) -> Response:
        """Age gate and recording question."""
        row = await self._row(request)
        values = await form(request, {"age_min", "ask_recording"})
        age = values.get("age_min", "")
        if age and (not age.isascii() or not age.isdigit() or len(age) > 2):
            raise Problem("fields.invalid", "Choose an age from 13 to 18.", status=422)
        async with self._work.unit() as unit:
            await items.save_setup(unit, row.id, Setup(int(age) if age else None, "ask_recording" in values))
        return see_other(f"/admin/webinars/{row.id}/consent?saved=1")

    @needs(Permission.CONSENT_MANAGE)
    async def item(self, request: Request) -> Response:
        """Make or change a consent item."""
        row = await self._row(request)
        item_id = request.path_params.get("item", "")
        async with self._work.read() as session:
            known = await items.one_of(session, row.id, item_id) if item_id else None
        if request.method == "GET":
            return self._item_form(
                request, row, item_id, _values_of(known) if known else {"kind": "text", "purpose": "marketing"}
            )
        boxes = {f"{name}_{lang}" for name in WORD_FIELDS for lang in notices.wordings()}
        values = await form(request, ITEM_FIELDS | boxes)
        try:
            async with self._work.unit() as unit:
                await items.save(unit, row.id, _details(values), item_id)
        except Problem as problem:
            return self._item_form(request, row, item_id, values, problem)
        return see_other(f"/admin/webinars/{row.id}/consent?saved=1")

    @needs(Permission.CONSENT_MANAGE)
    async def step(self, request: Request) -> Response:
        """Move an item up or down, or ask it no more."""
        row = await self._row(request)
        await form(request, set())
        item_id, step = request.path_params["item"], request.path_params["step"]
        async with self._work.unit() as unit:
            if step == "drop":
                await items.drop(unit, row.id, item_id)
            elif step in ("up", "down"):
                await items.move(unit, row.id, item_id, -1 if step == "up" else 1)
            else:
                raise not_found()
        return see_other(f"/admin/webinars/{row.id}/consent?saved=1")

    @needs(Permission.CONSENT_MANAGE)
    async def notice(self, request: Request) -> Response:
        """Write and publish the notice in one language."""
        row, lang = await self._row(request), request.path_params["lang"]
        if lang not in notices.wordings():
            raise not_found()
        if request.method == "GET":
            async with self._work.read() as session:
                values = await notices.draft(session, row.id, lang, row.retention_days)
            return self._notice_form(request, row, lang, values)
        values = await form(request, {*notices.SLOTS, "publish"})
        slots = {slot: values.get(slot, "") for slot in notices.SLOTS}
        try:
            async with self._work.unit() as unit:
                if "publish" in values:
                    await notices.publish(unit, row.id, lang, slots, stores=_stores(row))
                else:
                    await notices.save(unit, row.id, lang, slots)
        except Problem as problem:
            return self._notice_form(request, row, lang, slots, problem)
        return see_other(f"/admin/webinars/{row.id}/consent?saved=1")

    async def _row(self, request: Request) -> Webinar:
        async with self._work.read() as session:
            return await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])

    def _item_form(
        self, request: Request, row: Webinar, item_id: str, values: dict[str, str], problem: Problem | None = None
    ) -> Response:
        first = row.lang if row.lang in notices.wordings() else "en"
        languages = sorted(notices.wordings().items(), key=lambda pair: (pair[0] != first, pair[0]))
        context: dict[str, Any] = {"values": values, "problem": problem, "item_id": item_id, "word_languages": languages}
        status = problem.status if problem else 200
        return page(request, "consent/item.html", status=status, webinar=view(row), purposes=_purposes(request), **context)

    def _notice_form(
        self, request: Request, row: Webinar, lang: str, values: dict[str, str], problem: Problem | None = None
    ) -> Response:
        wording = notices.wordings()[lang]
        context: dict[str, Any] = {
            "values": values,
            "problem": problem,
            "wording": wording,
            "needed": notices.needed(_stores(row)),
        }
        context |= {"slots": notices.SLOTS, "notice_lang": lang, "stores": _stores(row)}
        return page(request, "consent/notice_form.html", status=problem.status if problem else 200, webinar=view(row), **context)


PURPOSES = (
    ("terms", words("Rules of the webinar")),
    ("marketing", words("News and offers from the organiser")),
    ("partner", words("Passing data to a partner")),
    ("recording", words("Being recorded")),
    ("special", words("Special categories of data (Art. 9)")),
    ("other", words("Something else")),
)


def _purposes(request: Request) -> list[tuple[str, str]]:
    return [(name, translate(lang_of(request), text)) for name, text in PURPOSES]


def _stores(row: Webinar) -> bool:
    return bool(privacy_label(row)["stored"])


def _details(values: dict[str, str]) -> ItemDetails:
    found = {}
    for lang in notices.wordings():
        label, url, dialog = (values.get(f"{name}_{lang}", "") for name in WORD_FIELDS)
        if label or url or dialog:
            kind = values.get("kind", "")
            found[lang] = Words(label, url if kind == "link" else "", dialog if kind == "dialog" else "")
    return ItemDetails(values.get("kind", ""), values.get("purpose", ""), "required" in values, found)


def _values_of(item: Any) -> dict[str, str]:
    values = {"kind": item.kind, "purpose": item.purpose} | ({"required": "on"} if item.required else {})
    for lang, said in item.texts.items():
        values |= {f"{name}_{lang}": said.get(name, "") for name in WORD_FIELDS}
    return values
