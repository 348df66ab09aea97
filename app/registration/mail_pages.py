"""Admin pages of mails: which kinds go out, in whose words, with a preview in every language."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.core import i18n
from app.core.errors import Problem, not_found
from app.core.http import form, lang_of, page, see_other
from app.core.mail import Outbox
from app.core.permissions import Permission
from app.core.unit import Work
from app.registration import jobs, mails
from app.registration.form import load
from app.registration.mails import KINDS, MailRoom
from app.registration.models import MailSent, MailText
from app.rooms import webinars
from app.rooms.models import Webinar
from app.rooms.pages import view


class MailPages:
    """Handlers and their routes."""

    def __init__(self, work: Work, room: MailRoom, mailer: Outbox) -> None:
        self._work = work
        self._room = room
        self._mailer = mailer

    def routes(self) -> list[Route]:
        """For the URL map."""
        of = "/admin/webinars/{webinar}/mails"
        return [
            Route(of, self.kinds),
            Route(of + "/{kind}/{lang}", self.text, methods=["GET", "POST"]),
            Route(of + "/{kind}/{lang}/preview", self.preview, methods=["GET", "POST"]),
            Route(of + "/{kind}/{lang}/test", self.test, methods=["POST"]),
        ]

    @needs(Permission.REGISTRANTS_MANAGE)
    async def kinds(self, request: Request) -> Response:
        """All kinds with what went out of each."""
        row = await self._of(request)
        async with self._work.read() as session:
            plan = await load(session, row.id)
            query = select(MailSent.kind, MailSent.state, func.count()).where(MailSent.webinar_id == row.id)
            sent = {(one[0], one[1]): one[2] for one in await session.execute(query.group_by(MailSent.kind, MailSent.state))}
            texts = (await session.execute(select(MailText).where(MailText.webinar_id == row.id))).scalars().all()
        own = {(one.kind, one.lang): one for one in texts}
        context: dict[str, Any] = {
            "webinar": view(row), "plan": plan, "kinds": KINDS, "sent": sent, "own": own, "langs": i18n.own_names(),
            "ready": self._mailer.ready,
        }  # fmt: skip
        return page(request, "registration/mails.html", **context)

    @needs(Permission.REGISTRANTS_MANAGE)
    async def text(self, request: Request) -> Response:
        """The words of one kind in one language."""
        row = await self._of(request)
        kind, lang = self._which(request)
        async with self._work.read() as session:
            own = await session.get(MailText, (row.id, kind, lang))
        if request.method == "GET":
            values = {
                "subject": own.subject if own else "",
                "text": own.text if own else "",
                "on": "" if own and own.off else "on",
            }
            return self._text_page(request, row, values, None)
        values = await form(request, {"subject", "text", "on"})
        try:
            async with self._work.unit() as unit:
                await mails.save_text(
                    unit,
                    row.id,
                    kind,
                    lang,
                    subject=values.get("subject", ""),
                    text=values.get("text", ""),
                    off=values.get("on") != "on",
                )
        except Problem as problem:
            return self._text_page(request, row, values, problem)
        return see_other(f"/admin/webinars/{row.id}/mails/{kind}/{lang}?saved=1")

    @needs(Permission.REGISTRANTS_MANAGE)
    async def preview(self, request: Request) -> Response:
        """The mail as it would arrive, to somebody invented."""
        row = await self._of(request)
        kind, lang = self._which(request)
        request.scope["state"]["frame_ancestors"] = "'self'"
        async with self._work.read() as session:
            own = await session.get(MailText, (row.id, kind, lang))
            letter = await mails.sample(session, row, kind, lang, self._work.clock.now(), own)
        if request.method == "POST":
            values = await form(request, {"subject", "text", "on"})
            own = MailText(
                webinar_id=row.id, kind=kind, lang=lang, subject=values.get("subject", ""), text=values.get("text", ""), off=False
            )
            letter = msgspec.structs.replace(letter, own=own)
        made = self._room.compose(letter)
        return page(
            request,
            "registration/mail_preview.html",
            made=made,
            lang_shown=lang,
            attachments=[one.name for one in made.attachments],
        )

    @needs(Permission.REGISTRANTS_MANAGE)
    async def test(self, request: Request) -> Response:
        """The mail as it is saved, to whoever asks."""
        row = await self._of(request)
        kind, lang = self._which(request)
        await form(request, set())
        async with self._work.unit() as unit:
            await jobs.test(unit, row, kind, lang, staff_of(request).staff_id)
        return see_other(f"/admin/webinars/{row.id}/mails/{kind}/{lang}?saved=1&sent=1")

    def _text_page(self, request: Request, row: Webinar, values: dict[str, str], problem: Problem | None) -> Response:
        kind, lang = self._which(request)
        context: dict[str, Any] = {
            "webinar": view(row), "kind": kind, "about": KINDS[kind], "values": values, "problem": problem, "of": lang,
            "ours": {"subject": i18n.translate(lang, KINDS[kind].subject), "text": i18n.translate(lang, KINDS[kind].text)},
            "langs": i18n.own_names(), "places": mails.PLACEHOLDERS, "shown_lang": lang_of(request), "ready": self._mailer.ready,
            "sent": "sent" in request.query_params,
        }  # fmt: skip
        return page(request, "registration/mail_text.html", status=problem.status if problem else 200, **context)

    def _which(self, request: Request) -> tuple[str, str]:
        kind, lang = request.path_params["kind"], request.path_params["lang"]
        if kind not in KINDS or lang not in i18n.languages():
            raise not_found()
        return kind, lang

    async def _of(self, request: Request) -> Webinar:
        async with self._work.read() as session:
            return await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])
