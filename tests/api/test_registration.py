"""Registration by a program: upsert by e-mail, states, corrections, consents, erasure; nothing a form would refuse."""

from __future__ import annotations

from typing import Any

import httpx2

from app.consent import items, marks, records
from app.consent.items import ItemDetails, Setup, Words
from app.core.permissions import Permission
from tests.api.stand import ALL, program
from tests.support.product import Product
from tests.support.until import until

CITY: dict[str, Any] = {"identifier": "city", "kind": "line", "labels": {"en": "City"}, "purpose": "plan the day"}
SECRET = {**CITY, "identifier": "salary", "labels": {"en": "Salary"}, "seen_by": "admins"}
POLICY = {"mode": "api", "ask_name": "required", "ask_email": "required"}
ADA: dict[str, Any] = {"name": "Ada", "email": "Ada@Example.org", "answers": {"city": "Ghent"}}


async def opened(product: Product, api: httpx2.AsyncClient, account: str, **more: Any) -> str:
    """A webinar with a form, set up by the API alone; its address."""
    row = await product.webinar(account)
    body = {"policy": {**POLICY, **more}, "fields": [CITY, SECRET]}
    made = await api.put(f"/webinars/{row.id}/registration", json=body)
    assert made.status_code == 200, made.text
    return f"/webinars/{row.id}"


async def test_an_address_in_other_case_is_the_same_person_and_the_link_opens_the_room(product: Product) -> None:
    account = await product.account()
    async with program(product, account) as api, product.client() as browser:
        of = await opened(product, api, account)
        first = await api.post(f"{of}/registrants", json=ADA)
        assert (first.status_code, first.json()["state"], first.json()["answers"]) == (201, "confirmed", {"city": "Ghent"})
        again = await api.post(f"{of}/registrants", json={**ADA, "email": "ada@example.org", "answers": {"city": "Bruges"}})
        assert (again.status_code, again.json()["person"]) == (200, first.json()["person"])
        found = (await api.get(f"{of}/registrants", params={"email": "ADA@example.ORG"})).json()["items"]
        assert [(one["name"], one["answers"]) for one in found] == [("Ada", {"city": "Bruges"})]
        assert (await browser.get(again.json()["link"])).status_code == 200
        assert (await api.get(f"{of}/registrants", params={"email": "bob@example.org"})).json()["items"] == []


async def test_states_follow_and_a_retry_registers_nobody_twice(product: Product) -> None:
    account = await product.account()
    async with program(product, account) as api:
        of = await opened(product, api, account, mode="approval")
        once = {"Idempotency-Key": "form-1"}
        made = [await api.post(f"{of}/registrants", json=ADA, headers=once) for _ in range(2)]
        assert [one.status_code for one in made] == [201, 201]
        assert len((await api.get(f"{of}/registrants")).json()["items"]) == 1
        person = made[0].json()["person"]
        for state, shown in (("denied", "denied"), ("approved", "confirmed"), ("cancelled", "cancelled")):
            moved = await api.post(f"{of}/registrants/{person}/state", json={"state": state})
            assert (moved.status_code, moved.json()["state"]) == (200, shown)
        assert (await api.get(f"{of}/registrants", params={"state": "confirmed"})).json()["items"] == []


async def test_what_a_form_would_refuse_is_refused(product: Product) -> None:
    account = await product.account()
    async with program(product, account) as api:
        of = await opened(product, api, account)
        for body, status in (
            ({**ADA, "email": "no address"}, 422),
            ({**ADA, "email": ""}, 422),
            ({**ADA, "owner": True}, 422),
            ({**ADA, "answers": {"shoe_size": "43"}}, 422),
            ({**ADA, "answers": {"city": "x" * 300}}, 422),
            ({**ADA, "answers": {"city": "a\u0000b"}}, 422),
            ({**ADA, "consents": [{"item": "AAAAAAAAAAAAAAAAAAAA", "given": True}]}, 422),
        ):
            assert (await api.post(f"{of}/registrants", json=body)).status_code == status, body
        assert (await api.get(f"{of}/registrants")).json()["items"] == []


async def test_consents_are_recorded_as_the_program_says_and_a_required_one_is_asked_for(product: Product) -> None:
    account = await product.account()
    async with program(product, account) as api:
        of = await opened(product, api, account)
        webinar = of.rpartition("/")[2]
        async with product.work.unit() as unit:
            news = await items.save(unit, webinar, ItemDetails("text", "marketing", False, {"en": Words("Send me news.")}))
            rules = await items.save(unit, webinar, ItemDetails("text", "terms", True, {"en": Words("I accept the rules.")}))
            await items.save_setup(unit, webinar, Setup(age_min=16))
        assert (await api.post(f"{of}/registrants", json={**ADA, "age_ok": True})).status_code == 422
        told = [{"item": news.id, "given": True}, {"item": rules.id, "given": True}]
        young = await api.post(f"{of}/registrants", json={**ADA, "age_ok": False, "consents": told})
        assert (young.status_code, young.json()["code"]) == (403, "age.too_young")
        person = (await api.post(f"{of}/registrants", json={**ADA, "age_ok": True, "consents": told})).json()["person"]
        told[0]["given"] = False
        assert (await api.post(f"{of}/registrants", json={**ADA, "age_ok": True, "consents": told})).status_code == 200
        async with product.work.read() as session:
            assert await records.given(session, webinar, purpose="marketing") == set()
            assert await records.given(session, webinar, purpose="terms") == {person}
        listed = (await api.get(f"{of}/participants/{person}/consents")).json()["items"]
        assert [(one["purpose"], one["state"], one["method"]) for one in listed] == [
            ("marketing", "given", "api"),
            ("terms", "given", "api"),
            ("age", "given", "api"),
            ("marketing", "withdrawn", "api"),
        ]


async def test_a_key_sees_no_answer_its_scopes_do_not_cover_and_no_restricted_person(product: Product) -> None:
    account = await product.account()
    scopes = [scope for scope in ALL if scope is not Permission.ACCOUNT_MANAGE]
    async with program(product, account) as admin, program(product, account, scopes) as api:
        of = await opened(product, admin, account)
        full = {**ADA, "answers": {"city": "Ghent", "salary": "a lot"}}
        person = (await admin.post(f"{of}/registrants", json=full)).json()["person"]
        assert (await admin.get(f"{of}/registrants/{person}")).json()["answers"] == full["answers"]
        assert (await api.get(f"{of}/registrants/{person}")).json()["answers"] == {"city": "Ghent"}
        corrected = await api.patch(f"{of}/registrants/{person}", json={"answers": {"city": "Bruges"}})
        assert corrected.status_code == 200
        assert (await api.patch(f"{of}/registrants/{person}", json={"answers": {"salary": "none"}})).status_code == 422
        kept = (await admin.get(f"{of}/registrants/{person}")).json()["answers"]
        assert kept == {"city": "Bruges", "salary": "a lot"}, "what the key may not see stays"
        form = (await api.get(f"{of}/registration")).json()
        assert [one["identifier"] for one in form["fields"]] == ["city"]
        assert (await api.put(f"{of}/registration", json={"fields": form["fields"]})).status_code == 403
        async with product.work.unit() as unit:
            await marks.restrict(unit, of.rpartition("/")[2], person)
        assert (await api.get(f"{of}/registrants")).json()["items"] == []
        assert (await api.get(f"{of}/registrants/{person}")).status_code == 404


async def test_erasing_by_the_api_leaves_nothing(product: Product) -> None:
    account = await product.account()
    async with program(product, account) as api:
        of = await opened(product, api, account)
        person = (await api.post(f"{of}/registrants", json=ADA)).json()["person"]
        assert (await api.get(f"{of}/participants/{person}/data")).status_code == 200
        started = await api.delete(f"{of}/registrants/{person}")
        assert started.status_code == 202
        await until(lambda: gone(api, f"{of}/participants/{person}/data"), what="nothing is held any more")


async def gone(api: httpx2.AsyncClient, path: str) -> bool:
    return (await api.get(path)).status_code == 404
