"""Admin pages that take lists in: the invitation list, and importing registrants from a CSV file."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.core.errors import Problem, invalid, not_found
from app.core.http import lang_of, page, see_other
from app.core.ids import is_id
from app.core.permissions import Permission
from app.core.unit import Work
from app.privacy.vault import Vault
from app.registration import invitations, sheet, tables
from app.registration.answers import Context, Upload
from app.registration.form import Plan, load
from app.registration.imports import Imports, Report
from app.registration.invitations import Added
from app.registration.tables import Checked, Table
from app.rooms import webinars
from app.rooms.models import Webinar
from app.rooms.pages import view

PREVIEWED = 5
PASTE_MAX = 15_000


class ListPages:
    """Handlers and their routes."""

    def __init__(self, work: Work, vault: Vault, imports: Imports) -> None:
        self._work = work
        self._vault = vault
        self._imports = imports

    def routes(self) -> list[Route]:
        """For the URL map, before those of single registrants."""
        of = "/admin/webinars/{webinar}"
        return [
            Route(of + "/invitations", self.invitations, methods=["GET", "POST"]),
            Route(of + "/invitations/{step}", self.step, methods=["POST"]),
            Route(of + "/registrants/import", self.choose, methods=["GET", "POST"]),
            Route(of + "/registrants/import/{file}", self.import_file, methods=["GET", "POST"]),
        ]

    @needs(Permission.REGISTRANTS_MANAGE)
    async def invitations(self, request: Request) -> Response:
        """The list; pasted lines or a file put people on it."""
        row, plan = await self._of(request)
        if request.method == "GET":
            return await self._list_page(request, row, plan)
        sent = await sheet.posted(request, {"lines", "file"})
        try:
            added = await self._add(row, sent)
        except Problem as problem:
            lines = sent.get("lines", ())
            return await self._list_page(request, row, plan, "" if isinstance(lines, Upload) else "".join(lines), problem=problem)
        return await self._list_page(request, row, plan, added=added)

    @needs(Permission.REGISTRANTS_MANAGE)
    async def step(self, request: Request) -> Response:
        """Send to who was not asked yet, remind who has not registered, or take some off the list."""
        row, _ = await self._of(request)
        step = request.path_params["step"]
        sent = await sheet.posted(request, {"pick"})
        async with self._work.unit() as unit:
            if step in ("send", "again"):
                number = await invitations.send(unit, row.id, again=step == "again")
            elif step == "remove":
                picked = sent.get("pick", ())
                persons = [] if isinstance(picked, Upload) else [one for one in picked if is_id(one)]
                number = await invitations.remove(unit, self._vault, row.id, persons)
            else:
                raise not_found()
        return see_other(f"/admin/webinars/{row.id}/invitations?saved={number}")

    @needs(Permission.REGISTRANTS_MANAGE)
    async def choose(self, request: Request) -> Response:
        """First step of an import: the file."""
        row, plan = await self._of(request)
        problem = None
        if request.method == "POST":
            sent = await sheet.posted(request, {"file"})
            file = sent.get("file")
            try:
                if not isinstance(file, Upload):
                    raise invalid({"file": "Choose a CSV file."})
                async with self._work.unit() as unit:
                    kept = await self._imports.keep(unit, row.id, file.data)
                return see_other(f"/admin/webinars/{row.id}/registrants/import/{kept}")
            except Problem as found:
                problem = found
        context = {"webinar": view(row), "plan": plan, "problem": problem, "most": tables.ROWS_MAX}
        return page(request, "registration/import.html", status=problem.status if problem else 200, **context)

    @needs(Permission.REGISTRANTS_MANAGE)
    async def import_file(self, request: Request) -> Response:
        """Second step: which column is what; a check that changes nothing, then the import."""
        row, plan = await self._of(request)
        file = request.path_params["file"]
        table = await self._imports.table(row.id, file)
        if request.method == "GET":
            return self._columns_page(request, row, plan, table, tables.guess(table, plan, lang_of(request)))
        names = {f"column_{at}" for at in range(len(table.heads))}
        sent = await sheet.posted(request, names | {"action", "tell"})
        mapping = [_one(sent, f"column_{at}") for at in range(len(table.heads))]
        try:
            _check_mapping(mapping, plan)
        except Problem as problem:
            return self._columns_page(request, row, plan, table, mapping, problem=problem)
        context = Context(now=self._work.clock.now(), lang=lang_of(request), staff=True)
        rows = tables.check(table, mapping, plan, context)
        if _one(sent, "action") != "import":
            return self._columns_page(request, row, plan, table, mapping, checked=rows, tell=_one(sent, "tell") == "on")
        report = await self._imports.bring_in(row, plan, rows, tell=_one(sent, "tell") == "on")
        await self._imports.drop(row.id, file)
        return self._columns_page(request, row, plan, table, mapping, report=report)

    async def _add(self, row: Webinar, sent: dict[str, Any]) -> Added:
        file, lines = sent.get("file"), sent.get("lines", ())
        text = "" if isinstance(lines, Upload) else "\n".join(lines)
        if isinstance(file, Upload):
            text += "\n" + file.data.decode("utf-8-sig", errors="replace")
        entries = tables.addresses(text)
        if not entries:
            raise invalid({"lines": "There is no e-mail address in this. Write one on each line."})
        if len(entries) > tables.ROWS_MAX:
            raise invalid({"lines": "Add at most 5000 at once."})
        async with self._work.unit() as unit:
            return await invitations.add(unit, self._vault, row.id, entries)

    async def _list_page(
        self, request: Request, row: Webinar, plan: Plan, lines: str = "", *,
        added: Added | None = None, problem: Problem | None = None,
    ) -> Response:  # fmt: skip
        number = request.query_params.get("page", "1")
        at = max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else 1
        async with self._work.read() as session:
            listed, counts = await invitations.page_of(session, self._vault, row.id, at)
        pages = max(1, -(-sum(counts.values()) // invitations.PER_PAGE))
        context: dict[str, Any] = {
            "webinar": view(row), "plan": plan, "listed": listed, "counts": counts, "page_at": at, "pages": pages,
            "lines": lines, "added": added, "problem": problem, "most": PASTE_MAX,
        }  # fmt: skip
        return page(request, "registration/invitations.html", status=problem.status if problem else 200, **context)

    def _columns_page(
        self, request: Request, row: Webinar, plan: Plan, table: Table, mapping: list[str], **more: Any
    ) -> Response:
        checked: list[Checked] | None = more.get("checked")
        report: Report | None = more.get("report")
        problem: Problem | None = more.get("problem")
        bad = report.problems if report else [one for one in checked or [] if one.errors]
        labels = {field.name: field.label(lang_of(request)) for field in plan.fields}
        context: dict[str, Any] = {
            "webinar": view(row), "plan": plan, "table": table, "mapping": mapping, "sample": table.rows[:PREVIEWED],
            "meanings": tables.words_for(plan, lang_of(request)), "checked": checked, "report": report, "bad": bad,
            "labels": labels, "problem": problem, "tell": more.get("tell", True),
        }  # fmt: skip
        return page(request, "registration/import_columns.html", status=problem.status if problem else 200, **context)

    async def _of(self, request: Request) -> tuple[Webinar, Plan]:
        async with self._work.read() as session:
            row = await webinars.one_of(session, staff_of(request).account_id, request.path_params["webinar"])
            return row, await load(session, row.id)


def _check_mapping(mapping: list[str], plan: Plan) -> None:
    used = [name for name in mapping if name]
    known = {"name", "email", *(field.identifier for field in plan.fields if field.kind != "file")}
    if set(used) - known:
        raise Problem("import.column", "There is no such question. Load the page again.", status=422)
    if len(set(used)) != len(used):
        raise Problem("import.twice", "Two columns mean the same. Leave one out.", status=422)
    if not used:
        raise Problem("import.nothing", "Say of one column at least what it is.", status=422)


def _one(sent: dict[str, Any], name: str) -> str:
    found = sent.get(name, ())
    return "" if isinstance(found, Upload) or not found else str(found[-1])
