from __future__ import annotations

import re

import httpx2
import pytest

from app.core.permissions import Role
from tests.support.product import PASSWORD, Product


async def team(product: Product) -> tuple[str, str]:
    account = await product.account()
    owner = await product.member(account, Role.OWNER, "owner@example.org")
    return account, owner


async def test_the_first_owner_is_made_once(product: Product) -> None:
    owner = {"organisation": "Meadow", "name": "Olivia", "email": "olivia@example.org", "password": PASSWORD}
    async with product.client() as client:
        assert (await client.get("/sign-in")).headers["location"] == "/first-run"
        made = await client.post("/first-run", data=owner)
        assert (made.status_code, made.headers["location"]) == (303, "/admin")
        assert (await client.get("/admin")).status_code == 200
    async with product.client() as stranger:
        again = await stranger.post("/first-run", data={**owner, "email": "eve@example.org"})
        assert again.headers["location"] == "/sign-in"
        assert (await stranger.get("/admin")).headers["location"] == "/sign-in?next=/admin"


async def test_a_wrong_sign_in_says_the_same_for_known_and_unknown(product: Product) -> None:
    await team(product)
    async with product.client() as client:
        known = await client.post("/sign-in", data={"email": "owner@example.org", "password": "not this one"})
        unknown = await client.post("/sign-in", data={"email": "nobody@example.org", "password": "not this one"})
    assert known.status_code == unknown.status_code == 401
    assert strip(known.text.replace("owner@", "nobody@")) == strip(unknown.text)
    assert "owner@example.org" in known.text, "what was typed is kept"
    assert "not this one" not in known.text


def strip(page: str) -> str:
    return re.sub(r'nonce="[^"]*"', "", page)


async def test_sign_in_is_slowed_after_ten_wrong_tries(product: Product) -> None:
    await team(product)
    async with product.client() as client:
        statuses = [
            (await client.post("/sign-in", data={"email": "owner@example.org", "password": "wrong"})).status_code
            for _ in range(11)
        ]
    assert statuses == [401] * 10 + [429]


async def test_the_cookie_is_not_readable_and_signing_out_ends_it(product: Product) -> None:
    await team(product)
    async with product.client() as client:
        await product.sign_in(client, "owner@example.org")
        cookie = dict(client.cookies)
        out = await client.post("/sign-out")
        assert out.headers["location"] == "/sign-in"
        client.cookies.update(cookie)
        assert (await client.get("/admin")).status_code == 303


async def test_a_changed_password_ends_every_other_session(product: Product) -> None:
    await team(product)
    async with product.client() as here, product.client() as there:
        await product.sign_in(here, "owner@example.org")
        await product.sign_in(there, "owner@example.org")
        new = {"old_password": PASSWORD, "password": "another calm webinar"}
        assert (await here.post("/admin/me/password", data=new)).status_code == 303
        assert (await here.get("/admin")).status_code == 200
        assert (await there.get("/admin")).status_code == 303


async def test_an_invitation_works_once(product: Product) -> None:
    await team(product)
    async with product.client() as owner, product.client() as colleague, product.client() as eve:
        await product.sign_in(owner, "owner@example.org")
        page = await owner.post("/admin/team", data={"email": "max@example.org", "role": "moderator"})
        found = re.search(r"/invite/[\w.-]+", page.text)
        assert found is not None
        joined = await colleague.post(found[0], data={"name": "Max", "password": PASSWORD})
        assert joined.headers["location"] == "/admin"
        again = await eve.post(found[0], data={"name": "Eve", "password": PASSWORD})
        assert again.status_code == 404


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.PRESENTER, Role.AUDITOR, Role.REGISTRATION_MANAGER, Role.INTERPRETER])
async def test_only_who_may_manages_the_team(product: Product, role: Role) -> None:
    account, owner = await team(product)
    await product.member(account, role, "other@example.org")
    async with product.client() as client:
        await product.sign_in(client, "other@example.org")
        assert (await client.get("/admin/team")).status_code == 403
        taken = await client.post(f"/admin/team/{owner}", data={"remove": "1"})
        assert taken.status_code == 403


async def test_another_accounts_things_do_not_exist(product: Product) -> None:
    mine, _ = await team(product)
    theirs = await product.account("Other")
    stranger = await product.member(theirs, Role.OWNER, "stranger@example.org")
    webinar = await product.webinar(theirs)
    own = await product.webinar(mine)
    async with product.client() as client:
        await product.sign_in(client, "owner@example.org")
        for path in (
            f"/admin/webinars/{webinar.id}",
            f"/admin/webinars/{webinar.id}/edit",
            f"/w/{webinar.slug}/studio",
            f"/w/{webinar.slug}/console",
        ):
            assert (await client.get(path)).status_code == 404, path
        assert (await client.post(f"/admin/team/{stranger}", data={"role": "admin"})).status_code == 404
        refused = await client.post(f"/w/{webinar.slug}/ticket", json={"crew": True})
        assert refused.status_code == 403
        # The control: the same paths of the own account answer.
        for path in (f"/admin/webinars/{own.id}", f"/w/{own.slug}/studio", f"/w/{own.slug}/console"):
            assert (await client.get(path)).status_code == 200, path


async def test_the_last_owner_stays(product: Product) -> None:
    _, owner = await team(product)
    async with product.client() as client:
        await product.sign_in(client, "owner@example.org")
        assert (await client.post(f"/admin/team/{owner}", data={"role": "admin"})).status_code == 409


async def test_a_form_keeps_what_was_typed_and_says_what_is_wrong(product: Product) -> None:
    await team(product)
    typed = {
        "title": "Ab", "summary": "kept words", "starts_date": "", "starts_time": "14:00", "starts_zone": "Europe/Brussels",
        "minutes": "0", "publication": "unlisted", "chat_mode": "stored", "slug": "Not a slug",
    }  # fmt: skip
    async with product.client() as client:
        await product.sign_in(client, "owner@example.org")
        page = await client.post("/admin/webinars/new", data=typed)
        assert page.status_code == 422
        for part in ("kept words", "title of 3 to 160", "Say date and time", "from 5 to 1440", "letters a to z"):
            assert part in page.text, part
        unknown = await client.post("/admin/webinars/new", data={**typed, "account_id": "x"})
        assert unknown.status_code == 422


async def other_site(client: httpx2.AsyncClient, headers: dict[str, str]) -> int:
    return (await client.post("/admin/me/sessions", headers=headers)).status_code


async def test_another_site_cannot_post_for_somebody(product: Product) -> None:
    await team(product)
    async with product.client() as client:
        await product.sign_in(client, "owner@example.org")
        assert await other_site(client, {"Sec-Fetch-Site": "cross-site"}) == 403
        assert await other_site(client, {"Sec-Fetch-Site": "same-site"}) == 403
        assert await other_site(client, {"Origin": "https://evil.example"}) == 403
        assert await other_site(client, {"Origin": product.url + ".evil.example"}) == 403
        assert await other_site(client, {"Origin": product.url}) == 303
        assert await other_site(client, {"Sec-Fetch-Site": "same-origin"}) == 303
