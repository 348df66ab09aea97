"""The account as its owner ends it: take everything along, choose the day, take it back; and the mail that tells the team."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.accounts.current import needs, staff_of
from app.accounts.models import Account, Staff
from app.core import i18n
from app.core.brand import Brand
from app.core.errors import Problem, invalid, not_found
from app.core.http import form, page, see_other
from app.core.jobs import Handler, Job
from app.core.mail import Outbox
from app.core.permissions import Permission, Role
from app.core.templates import Pages
from app.core.unit import Unit, Work
from app.privacy import plan
from app.privacy.account_export import AccountExport
from app.privacy.erase.ask import By
from app.privacy.erase.pipeline import Pipeline
from app.privacy.files import SealedReader, SealedWriter, Shelf
from app.privacy.map import DataMap
from app.privacy.models import AccountEnd
from app.privacy.vault import Vault
from app.settings import Settings

EXPORT, MAIL = "account.export", "mail.plan_ends"
KEPT = timedelta(days=7)
TOLD = (Role.OWNER, Role.ADMIN)


class Given(Protocol):
    """What the jobs need of the parts of reports."""

    @property
    def settings(self) -> Settings: ...
    @property
    def work(self) -> Work: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def pipeline(self) -> Pipeline: ...
    @property
    def data_map(self) -> DataMap: ...


class OfAccount(msgspec.Struct, frozen=True):
    """Payload: which account."""

    account: str


class MailOf(msgspec.Struct, frozen=True):
    """Payload: whom to tell."""

    staff: str


class AccountFile:
    """The sealed file with everything of an account."""

    def __init__(self, vault: Vault, shelf: Shelf) -> None:
        self._vault = vault
        self._shelf = shelf

    def path(self, account_id: str) -> Path:
        """Where it lies once it is whole."""
        return self._shelf.account(account_id) / "return.zip"

    async def read(self, account_id: str) -> SealedReader:
        """Open it. Raises FileNotFoundError."""
        return SealedReader(self.path(account_id), await self._vault.account_box(account_id), f"account|{account_id}")

    async def make(self, work: Work, data_map: DataMap, account_id: str) -> None:
        """Write it anew; the one before goes when this one is whole."""
        partial = self.path(account_id).with_suffix(".partial")
        partial.unlink(missing_ok=True)
        async with work.read() as session:
            if await session.get(Account, account_id) is None:
                return
            with SealedWriter(partial, await self._vault.account_box(account_id), f"account|{account_id}") as writer:
                export = AccountExport(session, self._vault, data_map, self._shelf, account_id)
                await export.write(writer, work.clock.now())  # type: ignore[arg-type]
        partial.replace(self.path(account_id))

    def tidy(self, now: datetime) -> None:
        """Files that lay long enough go by themselves."""
        for path in self._shelf.account("").glob("*/return.*"):
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < now - KEPT:
                path.unlink(missing_ok=True)


class AccountPages:
    """Handlers and their routes."""

    def __init__(self, work: Work, file: AccountFile) -> None:
        self._work = work
        self._file = file

    def routes(self) -> list[Route]:
        """For the URL map."""
        return [
            Route("/admin/account", self.account, methods=["GET", "POST"]),
            Route("/admin/account/keep", self.keep, methods=["POST"]),
            Route("/admin/account/export", self.prepare, methods=["POST"]),
            Route("/admin/account/export.zip", self.download),
        ]

    @needs(Permission.ACCOUNT_ERASE)
    async def account(self, request: Request) -> Response:
        """Everything to take along, and the end."""
        if request.method == "GET":
            return await self._page(request)
        values = await form(request, {"ends", "choice", "phrase"})
        who = staff_of(request)
        try:
            if values.get("phrase", "").strip() != who.account_name:
                raise invalid({"phrase": "Type the name exactly as it stands above."})
            async with self._work.unit() as unit:
                by = By(who.account_id, who.staff_id, who.role)
                await plan.set_end(unit, by, read_day(values.get("ends", "")), values.get("choice", ""))
        except Problem as problem:
            return await self._page(request, values, problem)
        return see_other("/admin/account?saved=1")

    @needs(Permission.ACCOUNT_ERASE)
    async def keep(self, request: Request) -> Response:
        """Take the end back."""
        who = staff_of(request)
        async with self._work.unit() as unit:
            await plan.keep(unit, By(who.account_id, who.staff_id, who.role))
        return see_other("/admin/account?saved=1")

    @needs(Permission.ACCOUNT_ERASE)
    async def prepare(self, request: Request) -> Response:
        """Have the file made."""
        account_id = staff_of(request).account_id
        async with self._work.unit() as unit:
            await prepare(unit, account_id)
        return see_other("/admin/account#file")

    @needs(Permission.ACCOUNT_ERASE)
    async def download(self, request: Request) -> Response:
        """The file, opened on its way out."""
        try:
            reader = await self._file.read(staff_of(request).account_id)
        except FileNotFoundError:
            raise not_found() from None

        def chunks() -> Iterator[bytes]:
            with reader:
                yield from reader.chunks()

        headers = {
            "Content-Disposition": 'attachment; filename="account.zip"',
            "Content-Length": str(reader.size),
            "Cache-Control": "no-store",
        }
        return StreamingResponse(chunks(), media_type="application/zip", headers=headers)

    async def _page(self, request: Request, values: dict[str, str] | None = None, problem: Problem | None = None) -> Response:
        who = staff_of(request)
        async with self._work.unit() as unit:
            end = await unit.session.get(AccountEnd, who.account_id)
            busy = await preparing(unit.session, who.account_id)
        path = self._file.path(who.account_id)
        made = datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None
        first = (self._work.clock.now() + plan.NOTICE + timedelta(days=1)).date().isoformat()
        context: dict[str, Any] = {"end": end, "preparing": busy, "made": made, "gone": made + KEPT if made else None}
        context |= {"first": first, "values": values or {}, "problem": problem}
        return page(request, "accounts/account.html", status=problem.status if problem else 200, **context)


def read_day(text: str) -> datetime:
    """A day from a form: its first moment."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise invalid({"ends": "Say the day, such as 2027-01-31."}) from None


async def tell_team(unit: Unit, end: AccountEnd) -> None:
    """Enqueue a mail to every owner and admin."""
    query = select(Staff.id).where(Staff.account_id == end.account_id, Staff.role.in_(TOLD))
    for staff_id in (await unit.session.execute(query)).scalars().all():
        unit.enqueue(MAIL, MailOf(staff_id), about=end.account_id)


def handlers(given: Given, pages: Pages, mailer: Outbox) -> Mapping[str, Handler]:
    """Kind of job → what does it."""
    settings, work = given.settings, given.work
    file = AccountFile(given.vault, Shelf(settings.data_dir))
    ends = plan.PlanEnds(work, given.pipeline, tell_team)

    async def sweep(_payload: bytes) -> None:
        await ends.sweep()
        file.tidy(work.clock.now())

    async def export(payload: bytes) -> None:
        await file.make(work, given.data_map, msgspec.json.decode(payload, type=OfAccount).account)

    async def mail(payload: bytes) -> None:
        """Nobody hears of an end that was taken back meanwhile."""
        wanted = msgspec.json.decode(payload, type=MailOf).staff
        async with work.read() as session:
            member = await session.get(Staff, wanted)
            end = await session.get(AccountEnd, member.account_id) if member else None
            if member is None or end is None or not mailer.ready:
                return
            account = await session.get_one(Account, member.account_id)
        lang = member.lang if member.lang in i18n.languages() else i18n.SOURCE
        shown: dict[str, Any] = {
            "subject": i18n.translate(lang, "{organisation} ends here on {date}", _of(account, end, lang)),
            "organisation": account.name,
            "date": i18n.long_date(end.ends_at, lang, "UTC"),
            "returned": end.choice == "return",
            "action_href": f"{settings.origin}/admin/account",
            "action_text": i18n.translate(lang, "See what goes, and take it along"),
        }
        brand = Brand(name=account.name, accent=account.colour)
        text, html = (pages.render(f"mail/plan_ends.{kind}", lang=lang, brand=brand, **shown) for kind in ("txt", "html"))
        await mailer.send(member.email, shown["subject"], text, html)

    return {plan.ENDS: sweep, EXPORT: export, MAIL: mail}


def _of(account: Account, end: AccountEnd, lang: str) -> dict[str, object]:
    return {"organisation": account.name, "date": i18n.long_date(end.ends_at, lang, "UTC")}


async def prepare(unit: Unit, account_id: str) -> None:
    """Have the file made in the background, unless that is under way."""
    if not await preparing(unit.session, account_id):
        unit.enqueue(EXPORT, OfAccount(account_id), about=account_id, key=f"{EXPORT}:{account_id}")


async def preparing(session: AsyncSession, account_id: str) -> bool:
    """Whether it is being made."""
    query = select(Job.id).where(Job.key == f"{EXPORT}:{account_id}", Job.state == "due")
    return (await session.execute(query.limit(1))).first() is not None
