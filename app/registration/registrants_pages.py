"""Admin pages of registrants: the list with search and actions, one registrant, and adding one by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.consent import marks
from app.core.errors import Problem, forbidden, invalid, not_found
from app.core.http import lang_of, page, see_other
from app.core.permissions import Permission
from app.core.unit import Work
from app.privacy.erase.ask import By, erase_persons
from app.privacy.erase.pipeline import Pipeline
from app.privacy.vault import Vault
from app.registration import answers, kinds, mails, notes, registrants, sheet, signup
from app.registration.answers import Upload
from app.registration.choosing import CONTROLS, chosen, last
from app.registration.directory import Directory
from app.registration.form import Field, Plan, load, may_see
from app.registration.models import MailSent
from app.registration.registrants import Query
from app.rooms import webinars
from app.rooms.models import Webinar
from app.rooms.pages import view

COLUMNS = 3
"""Answers beside name and address; the rest is on the registrant's own page."""
ACTIONS = ("approve", "deny", "mail", "restrict", "lift", "erase")
SAID = {"subject", "text", "phrase"}


class RegistrantsPages:
    """Handlers and their routes."""

    def __init__(self, work: Work, vault: Vault, directory: Directory, pipeline: Pipeline) -> None:
        self._work = work
        self._vault = vault
        self._directory = directory
        self._pipeline = pipeline

    def routes(self) -> list[Route]:
        """For the URL map."""
        of = "/admin/webinars/{webinar}/registrants"
        return [
            Route(of, self.everybody),
            Route(of + "/act", self.act, methods=["POST"]),
            Route(of + "/new", self.new, methods=["GET", "POST"]),
            Route(of + "/{person}", self.one, methods=["GET", "POST"]),
            Route(of + "/{person}/files/{field}", self.file),
            Route(of + "/{person}/edit", self.edit),
            Route(of + "/{person}/{step}", self.step, methods=["POST"]),
        ]

    @needs(Permission.WEBINAR_SEE)
    async def everybody(self, request: Request) -> Response:
        """Everybody who registered; who has no right to addresses sees names and what is meant for the crew."""
        row, plan = await self._of(request)
        who = staff_of(request)
        full = Permission.REGISTRANTS_SEE in who.permissions
        if not full and Permission.CREW_SEE not in who.permissions:
            raise forbidden()
        query = _query(request) if full else Query(page=_query(request).page, states=("confirmed",))
        if full and not registrants.needs_opening(query):
            self._directory.warm(row.id)
        async with self._work.read() as session:
            found = await registrants.search(session, self._vault, self._directory, row.id, query)
            held = await marks.restricted(session, row.id)
        seen = [field for field in plan.fields if may_see(field, who.permissions)]
        context: dict[str, Any] = {
            "webinar": view(row), "plan": plan, "full": full, "query": query, "found": found, "restricted": held,
            "columns": seen[:COLUMNS], "cells": self._cells(found.rows or [], seen[:COLUMNS], lang_of(request)),
            "heads": _heads(query, seen[:COLUMNS], lang_of(request), full), "states": signup.STATES,
            "url": f"?{_said(query)}&page={{page}}", "here": f"?{_said(query)}",
        }  # fmt: skip
        return page(request, "registration/registrants.html", **context)

    @needs(Permission.REGISTRANTS_MANAGE)
    async def act(self, request: Request) -> Response:
        """Do one thing with those chosen, or with everybody the search found."""
        row, _ = await self._of(request)
        sent = await sheet.posted(request, CONTROLS | SAID)
        values = {name: list(found) for name, found in sent.items() if not isinstance(found, Upload)}
        action = last(values, "action")
        if action not in ACTIONS:
            raise not_found()
        persons = await chosen(self._work, self._directory, row.id, values)
        if action in ("mail", "erase"):
            return await self._asked(request, row, action, persons, values)
        async with self._work.unit() as unit:
            if action in ("approve", "deny"):
                await signup.decide(unit, row.id, persons, approve=action == "approve")
            else:
                for person in persons:
                    await (marks.restrict if action == "restrict" else marks.lift)(unit, row.id, person)
        return see_other(f"/admin/webinars/{row.id}/registrants?saved={len(persons)}")

    @needs(Permission.REGISTRANTS_MANAGE)
    async def new(self, request: Request) -> Response:
        """Somebody added by hand: confirmed at once, and told by mail."""
        row, plan = await self._of(request)
        if not plan.policy.on:
            return see_other(f"/admin/webinars/{row.id}/registration")
        if request.method == "GET":
            return self._edit_page(request, row, plan, {}, None)
        raw = await sheet.posted(request, answers.names_of(plan))
        try:
            async with self._work.unit() as unit:
                who = signup.Newcomer(source="staff", lang=row.lang)
                found = answers.read(plan, raw, answers.Context(now=unit.now, lang=row.lang, staff=True))
                done = await signup.register(unit, self._vault, row, plan, found, who)
            if done.row is None:
                raise invalid({"email": "This address is registered already."})
        except Problem as problem:
            return self._edit_page(request, row, plan, raw, problem)
        return see_other(f"/admin/webinars/{row.id}/registrants/{done.row.id}?saved=1")

    @needs(Permission.REGISTRANTS_SEE)
    async def one(self, request: Request) -> Response:
        """One registrant with answers and mails; corrections by who may manage."""
        row, plan = await self._of(request)
        person = request.path_params["person"]
        who = staff_of(request)
        if request.method == "GET":
            async with self._work.read() as session:
                found = await registrants.own(session, self._vault, row.id, person)
                sent = (
                    (
                        await session.execute(
                            select(MailSent).where(MailSent.person == person).order_by(MailSent.at.desc()).limit(50)
                        )
                    )
                    .scalars()
                    .all()
                )
                held = await marks.of_person(session, row.id, person)
            seen = [field for field in plan.fields if may_see(field, who.permissions)]
            lang = lang_of(request)
            shown = [(field, kinds.show(field, found.answers.get(field.identifier, ""), lang)) for field in seen]
            context: dict[str, Any] = {
                "webinar": view(row),
                "one": found,
                "answered": shown,
                "sent": sent,
                "marks": held,
                "kinds": mails.KINDS,
            }
            return page(request, "registration/registrant.html", **context)
        return await self._corrected(request, row, plan, person)

    @needs(Permission.REGISTRANTS_SEE)
    async def file(self, request: Request) -> Response:
        """A file somebody sent, as a download that no browser opens."""
        row, plan = await self._of(request)
        field = plan.field(request.path_params["field"])
        if field is None or field.kind != "file" or not may_see(field, staff_of(request).permissions):
            raise not_found()
        async with self._work.read() as session:
            found = await registrants.sent_file(session, self._vault, row.id, request.path_params["person"], field.id)
        headers = {"Content-Disposition": "attachment; filename*=UTF-8''" + found.quoted, "Cache-Control": "no-store"}
        return Response(found.data, media_type="application/octet-stream", headers=headers)

    @needs(Permission.REGISTRANTS_MANAGE)
    async def edit(self, request: Request) -> Response:
        """The page to correct answers."""
        row, plan = await self._of(request)
        person = request.path_params["person"]
        async with self._work.read() as session:
            raw = await registrants.raw_of(session, self._vault, row.id, person)
        return self._edit_page(request, row, plan, raw, None, person=person)

    @needs(Permission.REGISTRANTS_MANAGE)
    async def step(self, request: Request) -> Response:
        """One thing with one registrant: approve, deny, cancel, a new link, restrict, lift."""
        row, _ = await self._of(request)
        person, step = request.path_params["person"], request.path_params["step"]
        async with self._work.unit() as unit:
            await signup.one(unit, row.id, person)
            if step in ("approve", "deny"):
                await signup.decide(unit, row.id, [person], approve=step == "approve")
            elif step == "cancel":
                await signup.cancel(unit, row.id, person)
            elif step == "link":
                await registrants.renew_link(unit, row.id, person)
            elif step in ("restrict", "lift"):
                await (marks.restrict if step == "restrict" else marks.lift)(unit, row.id, person)
            else:
                raise not_found()
        return see_other(f"/admin/webinars/{row.id}/registrants/{person}?saved=1")

    async def _corrected(self, request: Request, row: Webinar, plan: Plan, person: str) -> Response:
        who = staff_of(request)
        if Permission.REGISTRANTS_MANAGE not in who.permissions:
            raise forbidden()
        raw: dict[str, Any] = await sheet.posted(request, answers.names_of(plan))
        async with self._work.read() as session:
            before = await registrants.raw_of(session, self._vault, row.id, person)
        # What somebody may not see they cannot change: it stays as it is.
        for field in plan.fields:
            if not may_see(field, who.permissions) and field.name in before:
                raw[field.name] = before[field.name]
        try:
            async with self._work.unit() as unit:
                await registrants.correct(unit, self._vault, row, person, raw, staff=True)
        except Problem as problem:
            if not problem.fields:
                raise
            return self._edit_page(request, row, plan, raw, problem, person=person)
        return see_other(f"/admin/webinars/{row.id}/registrants/{person}?saved=1")

    async def _asked(
        self, request: Request, row: Webinar, action: str, persons: list[str], values: dict[str, list[str]]
    ) -> Response:
        """Mail and erasing ask once more: for words, or for the webinar's title."""
        errors: dict[str, str] = {}
        if action == "erase" and "phrase" in values:
            if last(values, "phrase").strip() == row.title:
                return see_other(f"/admin/privacy/erasures/{await self._erased(request, row, persons)}")
            errors["phrase"] = "Type the title exactly as it stands above."
        if action == "mail" and "text" in values:
            try:
                async with self._work.unit() as unit:
                    said = {"subject": last(values, "subject"), "text": last(values, "text")}
                    number = await notes.send(unit, row.id, persons, **said)
                return see_other(f"/admin/webinars/{row.id}/registrants?saved={number}")
            except Problem as problem:
                errors = problem.fields
        context = {
            "webinar": view(row), "action": action, "number": len(persons), "values": values, "errors": errors,
            "places": mails.PLACEHOLDERS,
        }  # fmt: skip
        return page(request, "registration/act.html", status=422 if errors else 200, **context)

    async def _erased(self, request: Request, row: Webinar, persons: Sequence[str]) -> str:
        who = staff_of(request)
        if Permission.PARTICIPANTS_ERASE not in who.permissions:
            raise forbidden()
        async with self._work.unit() as unit:
            return await erase_persons(unit, self._pipeline, By(row.account_id, who.staff_id, who.role), row.id, persons)

    async def _of(self, request: Request) -> tuple[Webinar, Plan]:
        async with self._work.read() as session:
            row = await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])
            return row, await load(session, row.id)

    def _cells(self, rows: Sequence[registrants.Row], columns: Sequence[Field], lang: str) -> dict[str, list[str]]:
        return {row.person: [kinds.show(field, row.answers.get(field.identifier, ""), lang) for field in columns] for row in rows}

    def _edit_page(
        self, request: Request, row: Webinar, plan: Plan, raw: answers.Raw, problem: Problem | None, *, person: str = ""
    ) -> Response:
        who, lang = staff_of(request), lang_of(request)
        errors = problem.fields if problem else {}
        shown = msgspec.structs.replace(
            plan, fields=tuple(_eased(field) for field in plan.fields if may_see(field, who.permissions))
        )
        context: dict[str, Any] = {
            "webinar": view(row), "policy": plan.policy, "person": person, "problem": problem, "errors": errors,
            "questions": sheet.drawn(shown, lang, self._work.clock.now(), raw, errors), "rules": sheet.rules(shown),
            "values": {name: _text(raw, name) for name in answers.BUILT_IN},
            "files": any(field.kind == "file" for field in shown.fields),
        }  # fmt: skip
        return page(request, "registration/edit.html", status=problem.status if problem else 200, **context)


def _eased(field: Field) -> Field:
    """For staff nothing is required, and the agreement to a special category is not theirs to give."""
    return msgspec.structs.replace(field, need="optional", special=False)


def _query(request: Request) -> Query:
    given = request.query_params
    sort = given.get("sort", "-made")
    name = sort.removeprefix("-")
    number = given.get("page", "1")
    state = given.get("state", "")
    return Query(
        text=given.get("q", "").strip()[:200],
        states=(state,) if state in signup.STATES else (),
        sort=name if name in registrants.SORTS else "made",
        down=sort.startswith("-"),
        page=max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 7 else 1,
    )


def _said(query: Query, **changes: str) -> str:
    values = {
        "q": query.text,
        "state": query.states[0] if query.states else "",
        "sort": ("-" if query.down else "") + query.sort,
        **changes,
    }
    return urlencode({name: value for name, value in values.items() if value})


def _heads(query: Query, columns: Sequence[Field], lang: str, full: bool) -> list[dict[str, Any]]:
    """Column heads; a press on one sorts by it, once more the other way."""
    heads: list[dict[str, Any]] = []
    for name in ("name", "email", "state", "made") if full else ("name",):
        sorted_by = ("descending" if query.down else "ascending") if query.sort == name else ""
        turned = ("-" if not query.down else "") + name if query.sort == name else ("-made" if name == "made" else name)
        heads.append({"key": name, "sort": f"?{_said(query, sort=turned)}" if full else "", "sorted": sorted_by})
    return heads + [{"key": "", "text": field.label(lang)} for field in columns]


def _text(raw: answers.Raw, name: str) -> str:
    found = raw.get(name, ())
    return "" if isinstance(found, Upload) or not found else found[-1]
