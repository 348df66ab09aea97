"""What must hold on both databases when several people act at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.accounts.models import Account, Staff
from app.core.permissions import Role
from tests.support.product import PASSWORD, Product, product_on
from tests.support.server import Serve


@pytest.fixture(params=["sqlite", "postgresql"])
async def on_each(request: pytest.FixtureRequest, tmp_path: Path, serve_app: Serve) -> AsyncIterator[Product]:
    settings = {"database_url": request.getfixturevalue("postgres_url")} if request.param == "postgresql" else {}
    async with product_on(tmp_path, serve_app, **settings) as running:
        yield running


async def count(product: Product, *where: object) -> int:
    async with product.work.read() as session:
        return (await session.execute(select(func.count()).select_from(Staff).where(*where))).scalar_one()  # type: ignore[arg-type]


async def test_of_many_who_claim_a_fresh_server_one_becomes_owner(on_each: Product) -> None:
    async with on_each.client() as client:
        answers = await asyncio.gather(
            *(
                client.post(
                    "/first-run", data={"organisation": "M", "name": "O", "email": f"o{n}@example.org", "password": PASSWORD}
                )
                for n in range(6)
            )
        )
    assert sorted(answer.headers.get("location", "refused") for answer in answers).count("/admin") == 1
    assert await count(on_each) == 1
    async with on_each.work.read() as session:
        assert (await session.execute(select(func.count()).select_from(Account))).scalar_one() == 1


async def test_two_owners_cannot_remove_each_other(on_each: Product) -> None:
    account = await on_each.account()
    first = await on_each.member(account, Role.OWNER, "first@example.org")
    second = await on_each.member(account, Role.OWNER, "second@example.org")
    async with on_each.client() as one, on_each.client() as other:
        await on_each.sign_in(one, "first@example.org")
        await on_each.sign_in(other, "second@example.org")
        await asyncio.gather(
            one.post(f"/admin/team/{second}", data={"remove": "1"}),
            other.post(f"/admin/team/{first}", data={"remove": "1"}),
        )
    assert await count(on_each, Staff.role == Role.OWNER) == 1


async def test_a_nul_is_refused_in_words_and_not_by_the_database(on_each: Product) -> None:
    await on_each.member(await on_each.account(), Role.OWNER, "owner@example.org")
    async with on_each.client() as client:
        form = await client.post("/sign-in", data={"email": "a\x00b@example.org", "password": "x"})
        paths = [await client.get(path) for path in ("/w/a%00b", "/invite/a%00b", "/w/a%00b/room")]
    assert form.status_code == 422
    assert [answer.status_code for answer in paths] == [404, 404, 404]


async def test_a_changed_password_changes_the_cookie_too(on_each: Product) -> None:
    await on_each.member(await on_each.account(), Role.OWNER, "owner@example.org")
    async with on_each.client() as client:
        await on_each.sign_in(client, "owner@example.org")
        before = dict(client.cookies)
        new = {"old_password": PASSWORD, "password": "another calm webinar"}
        assert (await client.post("/admin/me/password", data=new)).status_code == 303
        assert (await client.get("/admin")).status_code == 200
        assert dict(client.cookies) != before
    async with on_each.client() as thief:
        thief.cookies.update(before)
        assert (await thief.get("/admin")).status_code == 303
