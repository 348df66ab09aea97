"""The end of a plan: told, taken along as one file, taken back, and on its day everything erased; the operator leaves a trace."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from app.accounts.models import Account, Staff
from app.cli import main
from app.core.clock import SetClock
from app.core.db import Base
from app.core.permissions import Role
from app.live.wire import LiveProtocol
from app.main import create_app
from app.privacy.audit import entries
from app.privacy.certificate import verify
from app.privacy.files import SealedWriter, Shelf
from app.privacy.models import AccountEnd, Erasure, OperatorAccess
from app.privacy.scan import Files, Place, Redis, forms_of, scan
from app.rooms.models import Message, Webinar
from app.settings import Settings, complete
from tests.support.product import Product, make_tables
from tests.support.server import Serve, listen
from tests.support.smtp import Mailbox
from tests.support.until import until

WORDS = "What Ada wrote"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture(params=["sqlite", "postgresql and redis"])
def store(request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings of where things are."""
    if request.param == "sqlite":
        return {}
    return {"database_url": request.getfixturevalue("postgres_url"), "broker_url": request.getfixturevalue("redis_url")}


@pytest.fixture
async def mailing(store: dict[str, str], tmp_path: Path, serve_app: Serve, smtp_server: Mailbox, clock: SetClock) -> Product:
    """The whole product with its own worker, a mail server, and time in our hands."""
    listener = listen()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings(data_dir=tmp_path / "data", public_url=url, smtp_url=smtp_server.url, **store)  # type: ignore[arg-type]
    app = create_app(complete(settings), clock)
    app.state.parts.settings.data_dir.mkdir(parents=True, exist_ok=True)
    await make_tables(app.state.parts.database.engine)
    await serve_app(app, listener, ws=LiveProtocol, access_log=False)
    return Product(url, app.state.parts)


async def stage(product: Product) -> tuple[str, Webinar]:
    """An account with words, a recording, and a neighbour."""
    account = await product.account("Meadow")
    for role in (Role.OWNER, Role.MODERATOR):
        await product.member(account, role, f"{role}@example.org")
    webinar = await product.webinar(account)
    async with product.join(webinar.id) as ann:
        await ann.ask("chat.say", text=WORDS, name="Ada")
    neighbour = await product.webinar(await product.account("Neighbour"), title="Other words")
    async with product.join(neighbour.id) as bob:
        await bob.ask("chat.say", text="Not yours", name="Bob")
    shelf, vault = Shelf(product.parts.settings.data_dir), product.parts.vault
    with SealedWriter(shelf.things(webinar.id) / "tape", await vault.things_box(webinar.id), "recording|tape") as tape:
        tape.write(b"picture and sound" * 10_000)
    return account, webinar


async def count(product: Product, table: Any) -> int:
    async with product.work.read() as session:
        return int((await session.execute(select(func.count()).select_from(table))).scalar_one())


def read(data: bytes) -> tuple[dict[str, list[dict[str, Any]]], dict[str, bytes]]:
    """Rows by table, and files."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    tables, files = {}, {}
    for name in archive.namelist():
        if name.startswith("tables/"):
            rows = archive.read(name).decode().splitlines()
            tables[name.removeprefix("tables/").removesuffix(".jsonl")] = [json.loads(row) for row in rows]
        elif name.startswith("files/"):
            files[name] = archive.read(name)
    return tables, files


async def test_the_file_holds_everything_opened_and_nothing_of_others_or_secret(mailing: Product) -> None:
    account, webinar = await stage(mailing)
    async with mailing.client() as owner:
        await mailing.sign_in(owner, "owner@example.org")
        await owner.post("/admin/account/export")

        async def made() -> bool:
            return (await owner.get("/admin/account/export.zip")).status_code == 200

        await until(made, what="the file is made")
        data = (await owner.get("/admin/account/export.zip")).content
        assert "Save the file" in (await owner.get("/admin/account")).text
    tables, files = read(data)
    assert [row["text"] for row in tables["message"]] == [WORDS]
    assert {row["email"] for row in tables["staff"]} == {"owner@example.org", "moderator@example.org"}
    assert "password" not in tables["staff"][0]
    assert [row["id"] for row in tables["webinar"]] == [webinar.id]
    assert files == {f"files/{webinar.id}/tape": b"picture and sound" * 10_000}
    assert b"Not yours" not in data
    # On the disk it is sealed.
    lying = (Shelf(mailing.parts.settings.data_dir).account(account) / "return.zip").read_bytes()
    assert lying[:4] != b"PK\x03\x04"
    async with mailing.client() as moderator:
        await mailing.sign_in(moderator, "moderator@example.org")
        for path in ("/admin/account", "/admin/account/export.zip"):
            assert (await moderator.get(path)).status_code == 403


async def test_an_account_ends_on_its_day_after_everybody_was_told(
    mailing: Product, smtp_server: Mailbox, clock: SetClock
) -> None:
    account, webinar = await stage(mailing)
    secrets = ["owner@example.org", "moderator@example.org", "Meadow", account, webinar.id]
    assert await left(mailing, secrets) == set(secrets), "the search finds what is there"
    day = (clock.now() + timedelta(days=20)).date().isoformat()
    async with mailing.client() as owner:
        await mailing.sign_in(owner, "owner@example.org")
        soon = (clock.now() + timedelta(days=3)).date().isoformat()
        for wrong in ({"ends": soon}, {"choice": "keep"}, {"phrase": "meadow?"}, {"ends": "tomorrow"}):
            given = {"ends": day, "choice": "return", "phrase": "Meadow", **wrong}
            assert (await owner.post("/admin/account", data=given)).status_code == 422
        assert await count(mailing, AccountEnd) == 0
        await owner.post("/admin/account", data={"ends": day, "choice": "return", "phrase": "Meadow"})
        assert "This account ends." in (await owner.get("/admin")).text
        await owner.post("/admin/account/keep")
        assert "This account ends." not in (await owner.get("/admin")).text
        await owner.post("/admin/account", data={"ends": day, "choice": "return", "phrase": "Meadow"})
        clock.advance(timedelta(hours=1, minutes=1))
        mail = await smtp_server.arrives("owner@example.org")
        assert "Meadow ends here on" in mail["Subject"]
        for _ in range(21):
            clock.advance(timedelta(days=1))
    await until(lambda: gone(mailing, account), within=30, what="everything of the account is erased")
    assert await count(mailing, Webinar) == await count(mailing, Message) == 1, "the neighbour stays"
    assert not Shelf(mailing.parts.settings.data_dir).account(account).exists()
    assert await count(mailing, Staff) == 0
    async with mailing.work.read() as session:
        (erasure,) = (await session.execute(select(Erasure))).scalars().all()
    claim = verify(erasure.certificate or "")
    assert (claim.kind, claim.role, claim.scan.found, claim.scan.rows_left) == ("account", "plan", 0, 0)
    # The certificate names what it is of by its ids, and so does the ledger's mark.
    assert await left(mailing, secrets) == {account}


async def left(product: Product, values: list[str]) -> set[str]:
    """Which of these are in any row of the database, in Redis, or in any form in a file of the data folder."""
    settings = product.parts.settings
    places: list[Place] = [Files([settings.data_dir])] if product.work.database.sqlite else [Redis(settings.broker_url)]
    found = set()
    for value in values:
        if (await scan(places, forms_of([value.encode()], wide=True))).findings:
            found.add(value)
    async with product.work.read() as session:
        for table in Base.metadata.sorted_tables:
            rows = str((await session.execute(select(table))).all())
            found |= {value for value in values if value in rows}
    return found


async def gone(product: Product, account: str) -> bool:
    async with product.work.read() as session:
        states = (await session.execute(select(Erasure.state))).scalars().all()
        return await session.get(Account, account) is None and list(states) == ["done"]


async def test_the_operator_exports_with_a_reason_that_the_account_sees(
    mailing: Product, store: dict[str, str], tmp_path: Path
) -> None:
    account, _ = await stage(mailing)

    environ = {"LECTERN_DATA_DIR": str(tmp_path / "data"), **{f"LECTERN_{name.upper()}": value for name, value in store.items()}}

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, list(words), env=environ)
        return done.exit_code, done.output

    to = str(tmp_path / "account.zip")
    for reason in ("", "why"):
        code, _ = await asyncio.to_thread(run, "export", account, to, "--reason", reason)
        assert code == 1
    assert not await asyncio.to_thread(Path(to).exists)
    code, said = await asyncio.to_thread(run, "export", account, to, "--reason", "They lost their own copy")
    assert code == 0, said
    tables, _ = read(await asyncio.to_thread(Path(to).read_bytes))
    assert [row["text"] for row in tables["message"]] == [WORDS]
    async with mailing.work.read() as session:
        (access,) = (await session.execute(select(OperatorAccess))).scalars().all()
        (entry,) = await entries(session, account)
    assert (access.reason, access.until - access.since) == ("They lost their own copy", timedelta(hours=1))
    assert (entry.action, entry.role, entry.reason) == ("access.opened", "operator", "They lost their own copy")
    async with mailing.client() as owner:
        await mailing.sign_in(owner, "owner@example.org")
        assert "They lost their own copy" in (await owner.get("/admin/audit")).text
    code, said = await asyncio.to_thread(run, "plan", account, "--ends", "2099-01-31")
    assert (code, await count(mailing, AccountEnd)) == (0, 1), said
    code, said = await asyncio.to_thread(run, "plan", account, "--keep")
    assert (code, await count(mailing, AccountEnd)) == (0, 0), said
