"""Exports: what is stored comes out whole, for those who may, without those who do not want it, and is gone afterwards."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import openpyxl
import pytest
from sqlalchemy import select, update

from app.consent import items, marks, records
from app.consent.items import Choices, ItemDetails, Words
from app.core.ids import new_id
from app.core.permissions import Role
from app.privacy.erase.ask import By, erase_persons
from app.privacy.files import Shelf
from app.registration.models import Answer, FormField, Registrant, RegistrationPolicy
from app.reports.export import files
from app.reports.models import ExportFile
from app.rooms.models import Webinar
from tests.api.stand import program
from tests.support.product import Product
from tests.support.until import until

NEWS = ItemDetails("text", "marketing", False, {"en": Words("I agree to get news by mail.")})

BEES = {"kind": "single", "text": "Do bees sleep?", "options": [{"text": "yes"}, {"text": "no"}]}
WORDS = {"kind": "text", "text": "What did you learn?"}


async def registrants(product: Product, webinar_id: str, names: list[str], *, seen_by: str = "managers") -> list[str]:
    """A form with two questions, and people who answered them."""
    ids = [new_id() for _ in names]
    city, diet = new_id(), new_id()
    async with product.work.unit() as unit:
        unit.session.add(_policy(webinar_id))
        await unit.session.flush()
        unit.session.add_all(
            [_field(webinar_id, city, "city", "line", 0, seen_by), _field(webinar_id, diet, "vegan", "boolean", 1)]
        )
        await unit.session.flush()
        for person, name in zip(ids, names, strict=True):
            box = await product.parts.vault.box(webinar_id, person)
            unit.session.add(
                Registrant(
                    id=person,
                    webinar_id=webinar_id,
                    state="confirmed",
                    source="form",
                    lang="en",
                    zone="UTC",
                    name=box.seal(name, f"registrant.name|{person}"),
                    shown_name=b"",
                    email=box.seal(f"{name.lower()}@example.org", f"registrant.email|{person}"),
                    mark=new_id(),
                    session="",
                    made_at=unit.now,
                    changed_at=unit.now,
                )
            )
            await unit.session.flush()
            for field, value in ((city, f"=City of {name}"), (diet, "yes")):
                sealed = box.seal(value, f"answer.value|{person},{field}")
                unit.session.add(Answer(registrant_id=person, field_id=field, value=sealed, file_name=b"", agreed=""))
    return ids


def _policy(webinar_id: str) -> RegistrationPolicy:
    return RegistrationPolicy(
        webinar_id=webinar_id,
        mode="open",
        ask_name="required",
        ask_email="required",
        confirm_email=False,
        late_entry=True,
        waiting_list=True,
        domains=[],
        password="",
        attendance=False,
        embed_hosts=[],
    )


def _field(webinar_id: str, field_id: str, name: str, kind: str, position: int, seen_by: str = "managers") -> FormField:
    return FormField(
        id=field_id,
        webinar_id=webinar_id,
        position=position,
        identifier=name,
        kind=kind,
        labels={"en": name},
        helps={},
        need="optional",
        low="",
        high="",
        choices=[],
        when_field="",
        when_values=[],
        purpose="plan the day",
        basis="consent",
        seen_by=seen_by,
        special=False,
    )


@asynccontextmanager
async def staff(product: Product, role: Role = Role.OWNER) -> AsyncIterator[tuple[httpx2.AsyncClient, Webinar]]:
    """Somebody of the staff, signed in, and a webinar of theirs."""
    account = await product.account()
    await product.member(account, role, "olivia@example.org")
    async with product.client() as client:
        await product.sign_in(client, "olivia@example.org")
        yield client, await product.webinar(account)


async def taken(client: httpx2.AsyncClient, row: Webinar, kind: str, form: str = "json", *, names: bool = True) -> Any:
    """An export as a program reads it."""
    data = {"kind": kind, "form": form} | ({"names": "on"} if names else {})
    answer = await client.post(f"/admin/webinars/{row.id}/exports", data=data)
    assert answer.status_code == 200, answer.text
    if form == "json":
        return json.loads(answer.content)
    if form == "csv":
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    return [list(values) for values in sheet.iter_rows(values_only=True)]


async def test_registrants_with_and_without_names_in_every_form(product: Product) -> None:
    async with staff(product) as (client, row):
        ids = await registrants(product, row.id, ["Ada", "Bob"])
        rows = await taken(client, row, "registrants")
        assert {(r["id"], r["name"], r["email"], r["city"], r["vegan"]) for r in rows} == {
            (ids[0], "Ada", "ada@example.org", "=City of Ada", "✓"),
            (ids[1], "Bob", "bob@example.org", "=City of Bob", "✓"),
        }
        sheet = await taken(client, row, "registrants", "xlsx")
        assert sheet[0] == list(rows[0])
        text = await taken(client, row, "registrants", "csv")
        assert {line[text[0].index("city")] for line in text[1:]} == {"'=City of Ada", "'=City of Bob"}
        bare = await taken(client, row, "registrants", names=False)
        assert set(bare[0]) == {"id", "state", "source", "language", "registered", "vegan"}


async def test_a_withdrawal_and_a_restriction_show_in_the_very_next_export(product: Product) -> None:
    async with staff(product) as (client, row):
        ada, bob = await registrants(product, row.id, ["Ada", "Bob"])
        async with product.work.unit() as unit:
            item = items.shown_item(await items.save(unit, row.id, NEWS), "en")
            for person in (ada, bob):
                choices = Choices((item,), frozenset({item.id}))
                await records.record(unit, row.id, person, choices, lang="en", method="form")
        assert {(r["name"], r["state"]) for r in await taken(client, row, "consents")} == {("Ada", "given"), ("Bob", "given")}
        async with product.work.unit() as unit:
            await records.decide(unit, row.id, ada, item.id, False, lang="en", method="my_data")
        assert {(r["name"], r["state"], r["words"]) for r in await taken(client, row, "consents")} == {
            ("Ada", "withdrawn", "I agree to get news by mail."),
            ("Bob", "given", "I agree to get news by mail."),
        }
        async with product.work.unit() as unit:
            await marks.restrict(unit, row.id, bob)
        for kind in ("consents", "registrants"):
            assert [r["name"] for r in await taken(client, row, kind)] == ["Ada"], kind


async def test_chat_questions_and_statistics_while_the_webinar_is_live(product: Product) -> None:
    async with staff(product) as (client, row):
        async with product.work.unit() as unit:
            await unit.session.execute(update(Webinar).where(Webinar.id == row.id).values(broadcast="live"))
        async with product.join(row.id) as guest:
            await guest.ask("chat.say", text='=HYPERLINK("https://evil.example")', name="Ada")
            said = await taken(client, row, "chat")
            assert [(r["name"], r["text"]) for r in said] == [("Ada", '=HYPERLINK("https://evil.example")')]
            assert (await taken(client, row, "chat", "csv", names=False))[1][2].startswith("'=")
            assert "name" not in (await taken(client, row, "chat", names=False))[0]
        assert await taken(client, row, "questions") == []
        numbers = {(r["figure"], r["of"]): r["number"] for r in await taken(client, row, "statistics", names=False)}
        assert numbers["chat messages", "all"] == "fewer than 5"


@pytest.mark.parametrize(("role", "columns"), [(Role.OWNER, True), (Role.REGISTRATION_MANAGER, False)])
async def test_answers_for_admins_leave_only_with_admins(product: Product, role: Role, columns: bool) -> None:
    async with staff(product, role) as (client, row):
        await registrants(product, row.id, ["Ada"], seen_by="admins")
        assert ("city" in (await taken(client, row, "registrants"))[0]) is columns


async def test_a_large_export_is_a_sealed_file_with_progress_gone_after_one_download(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.reports.export_pages.AT_ONCE", 1)
    async with staff(product) as (client, row):
        await registrants(product, row.id, ["Ada", "Bob"])
        page = f"/admin/webinars/{row.id}/exports"
        asked = await client.post(page, data={"kind": "registrants", "form": "json", "names": "on"})
        assert asked.status_code == 303
        (one,) = await waiting(product)
        await until(lambda: over(client, f"{page}/{one.id}/progress"), what="the file is made")
        (path,) = (product.parts.settings.data_dir / "files" / row.id / "people").iterdir()
        assert b"Ada" not in path.read_bytes()
        assert {r["name"] for r in (await client.post(f"{page}/{one.id}/file")).json()} == {"Ada", "Bob"}
        assert not path.exists()
        assert (await client.post(f"{page}/{one.id}/file")).status_code == 404


async def over(client: httpx2.AsyncClient, path: str) -> bool:
    return bool((await client.get(path)).json()["over"])


async def waiting(product: Product) -> list[ExportFile]:
    async with product.work.read() as session:
        return list((await session.execute(select(ExportFile))).scalars())


@asynccontextmanager
async def ready(product: Product, client: httpx2.AsyncClient, row: Webinar) -> AsyncIterator[tuple[str, Path, list[str]]]:
    """A large export that waits to be fetched."""
    people = await registrants(product, row.id, ["Ada", "Bob"])
    page = f"/admin/webinars/{row.id}/exports"
    await client.post(page, data={"kind": "registrants", "form": "csv", "names": "on"})
    (one,) = await waiting(product)
    await until(lambda: over(client, f"{page}/{one.id}/progress"), what="the file is made")
    yield f"{page}/{one.id}/file", product.parts.settings.data_dir / "files" / row.id / "people" / one.id, people


async def test_a_file_from_before_a_withdrawal_is_not_given_out_any_more(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.reports.export_pages.AT_ONCE", 1)
    async with staff(product) as (client, row), ready(product, client, row) as (address, path, people):
        async with product.work.unit() as unit:
            await marks.restrict(unit, row.id, people[0])
        answer = await client.post(address)
        assert (answer.status_code, path.exists()) == (410, False)


async def test_an_erasure_takes_the_file_with_it(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.reports.export_pages.AT_ONCE", 1)
    async with staff(product) as (client, row), ready(product, client, row) as (address, path, people):
        async with product.work.unit() as unit:
            by = By(row.account_id, "", "participant")
            await erase_persons(unit, product.parts.pipeline, by, row.id, [people[0]])
        await until(lambda: not path.exists(), what="the file is gone")
        assert (await client.post(address)).status_code == 410
        monkeypatch.undo()
        await until(lambda: only_bob(client, row), what="the next export holds the other one alone")


async def only_bob(client: httpx2.AsyncClient, row: Webinar) -> bool:
    return [r["name"] for r in await taken(client, row, "registrants")] == ["Bob"]


async def test_what_nobody_fetches_in_seven_days_goes(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.reports.export_pages.AT_ONCE", 1)
    async with staff(product) as (client, row), ready(product, client, row) as (address, path, _):
        exports = files.Exports(product.work, product.parts.vault, Shelf(product.parts.settings.data_dir))
        await exports.sweep(b"")
        assert path.exists()
        async with product.work.unit() as unit:
            await unit.session.execute(update(ExportFile).values(made_at=unit.now - files.KEPT - timedelta(seconds=1)))
        await exports.sweep(b"")
        assert not path.exists()
        assert (await client.post(address)).status_code == 404


async def test_a_manager_does_not_get_the_file_an_owner_made(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.reports.export_pages.AT_ONCE", 1)
    async with staff(product) as (client, row), ready(product, client, row) as (address, path, _):
        await product.member(row.account_id, Role.REGISTRATION_MANAGER, "rene@example.org")
        await product.member(await product.account("Elsewhere"), Role.OWNER, "eve@example.org")
        for email, status in (("rene@example.org", 403), ("eve@example.org", 404)):
            async with product.client() as other:
                await product.sign_in(other, email)
                assert (await other.post(address)).status_code == status
        assert path.exists()


async def test_attendance_comes_out_only_where_it_is_kept(product: Product) -> None:
    async with staff(product) as (client, row):
        ada, bob = await registrants(product, row.id, ["Ada", "Bob"])
        async with product.work.unit() as unit:
            await unit.session.execute(update(RegistrationPolicy).values(attendance=True))
            await unit.session.execute(update(Registrant).where(Registrant.id == ada).values(attended_at=unit.now))
        rows = await taken(client, row, "attendance")
        assert {(r["id"], r["name"], r["attended"], bool(r["first_seen"])) for r in rows} == {
            (ada, "Ada", True, True),
            (bob, "Bob", False, False),
        }
        assert set((await taken(client, row, "attendance", names=False))[0]) == {"id", "state", "attended", "first_seen"}
        assert "attended" in (await taken(client, row, "registrants"))[0]


async def test_an_objection_holds_for_answers_that_rest_on_an_interest(product: Product) -> None:
    async with staff(product) as (client, row):
        ada, _ = await registrants(product, row.id, ["Ada", "Bob"])
        async with product.work.unit() as unit:
            city = update(FormField).where(FormField.identifier == "city")
            await unit.session.execute(city.values(basis="legitimate_interests"))
            await marks.object_to(unit, row.id, ada)
        rows = await taken(client, row, "registrants")
        assert {(r["name"], r["city"], r["vegan"]) for r in rows} == {("Ada", "", "✓"), ("Bob", "=City of Bob", "✓")}
        async with program(product, row.account_id) as api:
            found = (await api.get(f"/webinars/{row.id}/registrants")).json()["items"]
        assert {(one["name"], one["answers"].get("city", "")) for one in found} == {("Ada", ""), ("Bob", "=City of Bob")}


async def test_other_roles_take_nothing_out(product: Product) -> None:
    account = await product.account()
    row = await product.webinar(account)
    for role in (Role.MODERATOR, Role.PRESENTER, Role.AUDITOR, Role.INTERPRETER):
        await product.member(account, role, f"{role}@example.org")
        async with product.client() as client:
            await product.sign_in(client, f"{role}@example.org")
            answer = await client.post(f"/admin/webinars/{row.id}/exports", data={"kind": "chat", "form": "csv"})
            assert answer.status_code == 403, role


async def test_what_is_not_kept_or_not_known_is_refused(product: Product) -> None:
    async with staff(product) as (client, row):
        for data in (
            {"kind": "attendance", "form": "csv"},
            {"kind": "registrants", "form": "csv"},
            {"kind": "everything", "form": "csv"},
            {"kind": "chat", "form": "exe"},
            {"kind": "chat", "form": "csv", "also": "this"},
        ):
            assert (await client.post(f"/admin/webinars/{row.id}/exports", data=data)).status_code == 422, data


async def test_polls_come_out_as_results_and_by_person_only_where_the_poll_said_so(product: Product) -> None:
    async with staff(product) as (client, row):
        async with product.join(row.id, Role.MODERATOR) as mo, product.join(row.id) as ann:
            for anonymous in (True, False):
                poll = (await mo.ask("poll.make", title="Bees", items=[BEES, WORDS], anonymous=anonymous))["poll"]
                assert (await mo.ask("poll.open", poll=poll))["type"] == "ok"
                answers = {"1": "2", "2": "=Wonderful"}
                assert (await ann.ask("poll.vote", poll=poll, answers=answers, name="Ann"))["type"] == "ok"
        await until(lambda: counted(client, row), what="the votes are counted")
        rows = await taken(client, row, "polls", names=False)
        assert {(r["poll"], r["option"], r["number"]) for r in rows if r["option"]} == {
            (1, "yes", 0), (1, "no", 1), (2, "yes", 0), (2, "no", 1),
        }  # fmt: skip
        assert [r["text"] for r in rows if r["text"]] == ["=Wonderful", "=Wonderful"]
        named = await taken(client, row, "ballots")
        assert {(r["poll"], r["person"], r["name"], r["answer"]) for r in named} == {
            (2, ann.person, "Ann", "no"),
            (2, ann.person, "Ann", "=Wonderful"),
        }
        assert "person" not in (await taken(client, row, "ballots", names=False))[0]
        async with product.work.unit() as unit:
            await marks.restrict(unit, row.id, ann.person)
        assert await taken(client, row, "ballots") == []
        assert [r["poll"] for r in await taken(client, row, "polls", names=False) if r["text"]] == [1], "nobody knows whose"


async def counted(client: httpx2.AsyncClient, row: Webinar) -> bool:
    rows = await taken(client, row, "polls", names=False)
    return sum(r["number"] or 0 for r in rows if r["option"]) == 2
