"""The list of registrants: search in what is sealed, actions on some or all, roles, and ids of somebody else's."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app.core.permissions import Role
from app.privacy.erase.ask import By, erase_persons
from app.privacy.export import subject_export
from app.privacy.scope import Target
from app.privacy.vault import Vault
from app.registration.directory import Directory
from app.registration.form import Field
from tests.registration.stand import COMPANY, OWNER, Desk
from tests.support.until import until

SECRET = Field(identifier="salary", kind="number", labels={"en": "Salary"}, purpose="to sort", seen_by="admins")
ROOM = Field(identifier="wish", kind="line", labels={"en": "Wish"}, purpose="to prepare", seen_by="crew")
PEOPLE = (("Ada Löf", "ada@example.org"), ("Bob Low", "bob@example.org"), ("Cleo", "cleo@example.org"))


@pytest.fixture
async def filled(desk: Desk) -> Desk:
    """Three registrants."""
    await desk.set(COMPANY, SECRET, ROOM, ask_name="required", ask_email="required", confirm_email=False)
    for name, email in PEOPLE:
        await desk.post({"name": name, "email": email, "q_company": f"{name} & Sons", "q_salary": "1234", "q_wish": "tea"})
        desk.clock.advance(timedelta(seconds=1))
    return desk


def page_of(desk: Desk) -> str:
    return f"/admin/webinars/{desk.webinar.id}/registrants"


@asynccontextmanager
async def staff(desk: Desk, role: Role) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody of this role, signed in."""
    await desk.product.member(desk.webinar.account_id, role, f"{role}@example.org")
    async with desk.product.client() as client:
        await desk.product.sign_in(client, f"{role}@example.org")
        yield client


async def test_search_finds_however_it_is_written_and_sorts_what_is_sealed(filled: Desk) -> None:
    async with filled.product.client() as owner:
        await filled.product.sign_in(owner, OWNER)

        async def names(query: str) -> list[str]:
            async def ready() -> bool:
                return "being opened" not in (await owner.get(page_of(filled) + query)).text

            await until(ready, what="the list is open")
            text = (await owner.get(page_of(filled) + query)).text
            return sorted((name for name, _ in PEOPLE if f">{name}<" in text), key=lambda name: text.index(f">{name}<"))

        assert await names("") == ["Cleo", "Bob Low", "Ada Löf"]
        assert await names("?sort=name") == ["Ada Löf", "Bob Low", "Cleo"]
        assert await names("?q=LO&sort=name") == ["Ada Löf", "Bob Low"]
        assert await names("?q=lof+ada") == ["Ada Löf"]
        assert await names("?q=cleo@") == ["Cleo"]
        assert await names("?q=nobody") == []
        await filled.post({"name": "Dora Lo", "email": "dora@example.org"})
        assert "Dora Lo" in (await owner.get(page_of(filled) + "?q=dora")).text, "what came since is found too"


async def test_some_or_all_are_denied_and_written_to(filled: Desk) -> None:
    ada = (await filled.registrants())[0]
    async with filled.product.client() as owner:
        await filled.product.sign_in(owner, OWNER)
        await owner.post(page_of(filled) + "/act", data={"action": "deny", "pick": ada.id})
        assert await filled.states() == ["denied", "confirmed", "confirmed"]
        asked = await owner.post(page_of(filled) + "/act", data={"action": "mail", "all": "on", "state": "confirmed"})
        assert "A mail to each of 2 registrants." in asked.text
        await owner.post(
            page_of(filled) + "/act",
            data={
                "action": "mail",
                "all": "on",
                "state": "confirmed",
                "subject": "Bring a pen",
                "text": "Dear {name}, see {title}.",
            },
        )
    await filled.jobs()
    mail = await filled.mailbox.arrives("bob@example.org", count=2)
    body = mail.get_body(("plain",))
    assert mail["Subject"] == "Bring a pen"
    assert body is not None
    assert f"Dear Bob Low, see {filled.webinar.title}." in body.get_content()
    assert [str(mail["Subject"]) for mail in filled.mailbox.to("ada@example.org")].count("Bring a pen") == 0


async def test_those_chosen_leave_as_a_file_and_nobody_else(filled: Desk) -> None:
    ada, bob, cleo = await filled.registrants()
    url = f"/admin/webinars/{filled.webinar.id}/exports/chosen"

    async def names(client: httpx2.AsyncClient, data: dict[str, Any]) -> list[str]:
        answer = await client.post(url, data=data)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8"), answer.text
        return sorted(row["name"] for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    async with filled.product.client() as owner:
        await filled.product.sign_in(owner, OWNER)
        assert f'formaction="{url}"' in (await owner.get(page_of(filled))).text
        assert await names(owner, {"pick": [ada.id, cleo.id]}) == ["Ada Löf", "Cleo"]
        assert await names(owner, {"all": "on", "q": "lo"}) == ["Ada Löf", "Bob Low"]
        assert await names(owner, {"all": "on", "state": "confirmed"}) == ["Ada Löf", "Bob Low", "Cleo"]
        await owner.post(page_of(filled) + "/act", data={"action": "restrict", "pick": [ada.id, bob.id]})
        assert (await owner.get(page_of(filled))).text.count(">Restricted<") == 2
        assert await names(owner, {"all": "on"}) == ["Cleo"], "whoever is restricted is in no export"
        await owner.post(page_of(filled) + "/act", data={"action": "lift", "pick": ada.id})
        assert await names(owner, {"all": "on"}) == ["Ada Löf", "Cleo"]
        await owner.post(f"{page_of(filled)}/{bob.id}/lift", data={})
        assert (await owner.get(page_of(filled))).text.count(">Restricted<") == 0
        assert (await owner.post(url, data={"pick": "x" * 20})).status_code == 422
    async with staff(filled, Role.MODERATOR) as moderator:
        assert (await moderator.post(url, data={"pick": ada.id})).status_code == 403


async def test_erasing_asks_for_the_title_and_needs_the_right(filled: Desk) -> None:
    ada = (await filled.registrants())[0]
    async with filled.product.client() as owner:
        await filled.product.sign_in(owner, OWNER)
        url = page_of(filled) + "/act"
        assert (await owner.post(url, data={"action": "erase", "pick": ada.id, "phrase": "no"})).status_code == 422
        done = await owner.post(url, data={"action": "erase", "pick": ada.id, "phrase": filled.webinar.title})
        assert done.headers["location"].startswith("/admin/privacy/erasures/")
    await filled.jobs()
    assert len(await filled.registrants()) == 2


async def test_a_list_opened_by_another_process_forgets_who_is_erased(filled: Desk) -> None:
    parts = filled.product.parts
    other = Directory(filled.product.work, Vault(parts.settings))

    async def names() -> list[str]:
        lines = await other.ordered(filled.webinar.id, "name", patience=30)
        assert lines is not None
        return [line.name for line in lines]

    assert await names() == ["Ada Löf", "Bob Low", "Cleo"]
    assert other.is_open(filled.webinar.id)
    ada = (await filled.registrants())[0]
    async with filled.product.work.unit() as unit:
        by = By(filled.webinar.account_id, "x" * 20, "owner")
        await erase_persons(unit, parts.pipeline, by, filled.webinar.id, [ada.id])
    assert not other.is_open(filled.webinar.id), "nobody told it, and nothing of it is left"
    await filled.jobs()
    assert await names() == ["Bob Low", "Cleo"]


async def test_somebody_added_by_hand_and_a_correction(filled: Desk) -> None:
    async with filled.product.client() as owner:
        await filled.product.sign_in(owner, OWNER)
        twice = await owner.post(page_of(filled) + "/new", data={"name": "A", "email": "ADA@example.org"})
        assert "This address is registered already." in twice.text
        made = await owner.post(page_of(filled) + "/new", data={"name": "Dan", "email": "dan@example.org", "q_company": "D"})
        path = made.headers["location"].split("?")[0]
        assert "Confirmed" in (await owner.get(path)).text
        stolen = await owner.post(path, data={"name": "Dan", "email": "bob@example.org"})
        assert "This address cannot be used here." in stolen.text
        await owner.post(path, data={"name": "Daniel", "email": "dan@example.org", "q_company": "E"})
        assert "Daniel" in (await owner.get(path)).text


async def test_each_role_sees_what_is_meant_for_it(filled: Desk) -> None:
    person = (await filled.registrants())[0].id
    async with staff(filled, Role.REGISTRATION_MANAGER) as manager:
        one = (await manager.get(f"{page_of(filled)}/{person}")).text
        assert ("Ada Löf &amp; Sons" in one, "1234" in one) == (True, False)
        # A correction by who may not see an answer leaves it as it is.
        await manager.post(f"{page_of(filled)}/{person}", data={"name": "Ada", "email": "ada@example.org", "q_company": "New"})
        assert (
            await manager.post(f"{page_of(filled)}/{person}", data={"name": "Ada", "email": "ada@example.org", "q_salary": "x"})
        ).status_code in (303, 422)
    async with staff(filled, Role.MODERATOR) as moderator:
        listed = (await moderator.get(page_of(filled))).text
        assert ("tea" in listed, "@example.org" in listed.replace("moderator@example.org", ""), "1234" in listed) == (
            True,
            False,
            False,
        )
        assert (await moderator.get(f"{page_of(filled)}/{person}")).status_code == 403
        assert (await moderator.post(f"{page_of(filled)}/act", data={"action": "deny", "pick": person})).status_code == 403
    async with filled.product.client() as owner:
        await filled.product.sign_in(owner, OWNER)
        assert "1234" in (await owner.get(f"{page_of(filled)}/{person}")).text


async def test_ids_of_another_account_are_not_found(filled: Desk) -> None:
    person = (await filled.registrants())[0].id
    other = await filled.product.account("Eve Inc")
    await filled.product.member(other, Role.OWNER, "eve@example.org")
    theirs = await filled.product.webinar(other, title="Eve's own")
    async with filled.product.client() as eve:
        await filled.product.sign_in(eve, "eve@example.org")
        for path in ("", f"/{person}", f"/{person}/edit", "/new"):
            assert (await eve.get(page_of(filled) + path)).status_code == 404, path
        own = f"/admin/webinars/{theirs.id}/registrants"
        assert (await eve.get(f"{own}/{person}")).status_code == 404
        assert (await eve.post(f"{own}/{person}/deny", data={})).status_code == 404
        assert (await eve.post(f"{own}/act", data={"action": "deny", "pick": person})).status_code == 422
        for path in ("registration", "form", f"form/{person}"):
            assert (await eve.get(f"/admin/webinars/{filled.webinar.id}/{path}")).status_code == 404, path
    assert await filled.states() == ["confirmed"] * 3


async def test_ones_own_data_holds_every_answer(filled: Desk) -> None:
    ada = (await filled.registrants())[0]
    parts = filled.product.parts
    target = Target("participant", filled.webinar.account_id, filled.webinar.id, (ada.id,))
    async with filled.product.work.read() as session:
        content = await subject_export(session, parts.vault, parts.data_map, target, filled.clock.now())
    values = {value.value for part in content.parts for row in part.rows for value in row}
    assert {"Ada Löf", "ada@example.org", "Ada Löf & Sons", "1234", "tea"} <= values
