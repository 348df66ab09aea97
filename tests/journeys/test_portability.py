"""An account taken from one server to another: equal afterwards, and working there."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.core.permissions import Role
from app.privacy.files import SealedReader, SealedWriter, Shelf
from app.privacy.vault import KeyDestroyed
from app.registration.models import Registrant
from app.reports.portability.archive import Archive
from app.reports.portability.form import Manifest
from app.reports.portability.restore import NotImported, read_in
from tests.registration.stand import COMPANY, OWNER, Desk, desk_on
from tests.support.product import PASSWORD, Product, product_on
from tests.support.receiver import Receiver
from tests.support.server import Serve
from tests.support.smtp import Mailbox
from tests.webhooks.test_deliveries import LOCAL, Hooked

ADA = {"name": "Ada Bee", "email": "ada@example.org", "q_company": "Hive Ltd"}


@pytest.fixture
async def desk(tmp_path: Path, serve_app: Serve, smtp_server: Mailbox) -> AsyncIterator[Desk]:
    """An account with something of everything, and a neighbour whose things must stay."""
    async with desk_on(tmp_path / "old", serve_app, smtp_server, also=LOCAL) as made:
        await made.set(COMPANY, ask_email="required", ask_name="required", confirm_email=False)
        await made.post(ADA)
        await made.post({**ADA, "name": "Bob", "email": "bob@example.org"})
        hooked = Hooked(made, await Receiver().begin(serve_app))
        await hooked.make("registration.created", asymmetric="on")
        async with made.product.join(made.webinar.id, name="Cleo") as guest:
            await guest.ask("chat.say", text="a line of the chat")
        shelf = Shelf(made.product.parts.settings.data_dir)
        box = await made.product.parts.vault.things_box(made.webinar.id)
        path = shelf.things(made.webinar.id) / "r" / "part"
        path.parent.mkdir(parents=True)
        with SealedWriter(path, box, "part") as out:
            out.write(b"a recording " * 20_000)
        other = await made.product.account("Neighbour")
        await made.product.member(other, Role.OWNER, "neighbour@example.org")
        await made.product.webinar(other, title="Not yours to take")
        yield made


async def archive_of(product: Product, account: str) -> bytes:
    parts = product.parts
    blocks = [block async for block in Archive(parts.work, parts.vault, Shelf(parts.settings.data_dir), account).stream()]
    return b"".join(blocks)


async def take_in(product: Product, data: bytes, folder: Path) -> Manifest:
    path = folder / "archive.zip"
    path.write_bytes(data)
    parts = product.parts
    return await read_in(parts.work, parts.vault, Shelf(parts.settings.data_dir), path)


def content(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}


def rows(data: bytes, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(data)[name].splitlines()]


async def test_export_import_export_gives_the_same_and_everything_works_there(
    desk: Desk, tmp_path: Path, serve_app: Serve
) -> None:
    account = desk.webinar.account_id
    first = await archive_of(desk.product, account)
    async with product_on(tmp_path / "new", serve_app) as fresh:
        manifest = await take_in(fresh, first, tmp_path)
        assert manifest.account == account
        assert content(await archive_of(fresh, account)) == content(first)
        async with fresh.client() as owner:
            await fresh.sign_in(owner, OWNER)
            page = await owner.get(f"/admin/webinars/{desk.webinar.id}/registrants")
            assert page.status_code == 200
        async with fresh.work.read() as session:
            people = (await session.execute(select(Registrant).where(Registrant.webinar_id == desk.webinar.id))).scalars().all()
        names = set()
        for row in people:
            box = await fresh.parts.vault.box(desk.webinar.id, row.id)
            names.add(box.open_text(row.name, f"registrant.name|{row.id}"))
        assert names == {"Ada Bee", "Bob"}
        here, there = await desk.product.parts.vault.box(desk.webinar.id), await fresh.parts.vault.box(desk.webinar.id)
        assert here.blind("ada@example.org", "registrant") == there.blind("ADA@example.org ", "registrant"), (
            "indexes still find her"
        )
        assert (await visitor(fresh, desk.path, {**ADA, "email": "dora@example.org"})).status_code in (200, 303), "and it goes on"
        path = Shelf(fresh.parts.settings.data_dir).things(desk.webinar.id) / "r" / "part"
        with SealedReader(path, await fresh.parts.vault.things_box(desk.webinar.id), "part") as sealed:
            assert sealed.read(0, 24) == b"a recording a recording "


async def visitor(product: Product, path: str, values: dict[str, str]) -> Any:
    async with product.client() as client:
        return await client.post(path, data=values)


async def test_the_readable_part_is_plain_and_holds_nothing_that_signs_in_and_nothing_of_others(desk: Desk) -> None:
    data = await archive_of(desk.product, desk.webinar.account_id)
    registrants = rows(data, "readable/registrant.ndjson")
    assert {(row["name"], row["email"]) for row in registrants} == {("Ada Bee", "ada@example.org"), ("Bob", "bob@example.org")}
    assert [row["value"] for row in rows(data, "readable/answer.ndjson")] == ["Hive Ltd", "Hive Ltd"]
    assert [row["text"] for row in rows(data, "readable/message.ndjson")] == ["a line of the chat"]
    readable = b"".join(body for name, body in content(data).items() if name.startswith("readable/"))
    for secret in (b"argon2", b"whsec_", b"whsk_", b"password"):
        assert secret not in readable, secret
    everything = b"".join(content(data).values())
    assert b"Not yours to take" not in everything
    assert b"neighbour@example.org" not in everything
    assert b"ada@example.org" not in b"".join(body for name, body in content(data).items() if name.startswith("tables/"))


async def test_who_was_erased_stays_erased_there(desk: Desk, tmp_path: Path, serve_app: Serve) -> None:
    person = (await desk.registrants())[0].id
    await desk.product.parts.vault.destroy_persons(desk.webinar.id, [person])
    data = await archive_of(desk.product, desk.webinar.account_id)
    async with product_on(tmp_path / "new", serve_app) as fresh:
        await take_in(fresh, data, tmp_path)
        with pytest.raises(KeyDestroyed):
            await fresh.parts.vault.box(desk.webinar.id, person)
        assert [row for row in rows(data, "readable/registrant.ndjson") if row["id"] == person and row["email"]] == []


async def test_what_does_not_fit_is_refused_and_leaves_nothing(desk: Desk, tmp_path: Path, serve_app: Serve) -> None:
    account = desk.webinar.account_id
    data = await archive_of(desk.product, account)
    with pytest.raises(NotImported, match="on this server already"):
        await take_in(desk.product, data, tmp_path)
    async with product_on(tmp_path / "new", serve_app) as fresh:
        for broken, words in (
            (b"no archive", "not an archive"),
            (changed(data, "tables/message.ndjson", b"{}\n"), "is damaged"),
            (changed(data, "files/../../../escape", b"x"), "other files than its manifest"),
        ):
            with pytest.raises(NotImported, match=words):
                await take_in(fresh, broken, tmp_path)
        taken = await fresh.account("Taken")
        await fresh.member(taken, Role.OWNER, OWNER)
        with pytest.raises(NotImported, match="somebody's e-mail address"):
            await take_in(fresh, data, tmp_path)
        assert await fresh.parts.vault.carried(f"webinar:{desk.webinar.id}") == {}
        assert [row["name"] for row in rows(await archive_of(fresh, taken), "readable/account.ndjson")] == ["Taken"]
        assert content(await archive_of(fresh, account))["tables/account.ndjson"] == b""


def changed(data: bytes, name: str, body: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for known in old.namelist():
            new.writestr(known, body if known == name else old.read(known))
        if name not in old.namelist():
            new.writestr(name, body)
    return out.getvalue()


async def test_only_an_owner_takes_it_with_the_password_once_more(desk: Desk) -> None:
    await desk.product.member(desk.webinar.account_id, Role.ADMIN, "admin@example.org")
    path = "/admin/settings/archive"
    async with desk.product.client() as owner, desk.product.client() as admin:
        await desk.product.sign_in(owner, OWNER)
        await desk.product.sign_in(admin, "admin@example.org")
        assert (await admin.post(path, data={"password": PASSWORD})).status_code == 403
        assert (await owner.post(path, data={"password": "not this one"})).status_code == 422
        answer = await owner.post(path, data={"password": PASSWORD})
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert "tables/webinar.ndjson" in content(answer.content)
