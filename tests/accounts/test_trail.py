"""Whatever staff change is in their account's log: what, on what, which fields; never a value, and not what others do."""

from __future__ import annotations

import asyncio
from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import select, update

from app.accounts.trail import action_of
from app.cli import main
from app.core.permissions import Role
from app.privacy.audit import Act, note, verify
from app.privacy.models import AuditEntry
from tests.support.product import Product


async def log(product: Product, account: str) -> list[AuditEntry]:
    async with product.work.read() as session:
        query = select(AuditEntry).where(AuditEntry.account_id == account).order_by(AuditEntry.n)
        return list((await session.execute(query)).scalars())


def form(slug: str) -> dict[str, str]:
    return {
        "title": "A secret title", "starts_date": "2027-01-15", "starts_time": "14:00", "starts_zone": "UTC", "minutes": "60",
        "publication": "public", "chat_mode": "stored", "slug": slug,
    }  # fmt: skip


async def test_a_changed_webinar_is_an_entry_with_field_names_and_no_values(product: Product) -> None:
    account = await product.account()
    member = await product.member(account, Role.OWNER, "owner@example.org")
    webinar = await product.webinar(account)
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        assert (await owner.post(f"/admin/webinars/{webinar.id}/edit", data=form(webinar.slug))).status_code == 303
        refused = await owner.post(f"/admin/webinars/{webinar.id}/edit", data={**form(webinar.slug), "minutes": "0"})
        assert refused.status_code == 422
        page = await owner.get("/admin/audit")
    (entry,) = await log(product, account)
    assert (entry.actor, entry.action, entry.object_kind, entry.object_id) == (member, "webinars.edit", "webinar", webinar.id)
    assert {"title", "minutes"} <= set(entry.fields)
    assert "secret" not in str([entry.fields, entry.action, entry.reason])
    assert "The log is whole" in page.text
    assert "webinars.edit" in page.text


async def test_what_the_crew_does_in_a_room_is_noted_and_what_it_says_is_not(product: Product) -> None:
    account = await product.account()
    webinar = await product.webinar(account)
    async with product.join(webinar.id, Role.MODERATOR) as mo, product.join(webinar.id) as ann:
        await mo.ask("broadcast.set", to="live")
        await mo.ask("chat.say", text="Hello", name="")
        await ann.ask("chat.say", text="Hello", name="Ann")
        refused = await ann.ask("chat.hide", message="nothing", hidden=True)
        assert refused["type"] == "error"
    (entry,) = await log(product, account)
    assert (entry.action, entry.actor, entry.role, entry.object_id) == ("broadcast.set", mo.person, "moderator", webinar.id)


async def test_a_changed_entry_is_found_by_page_and_verb_and_others_see_nothing(product: Product) -> None:
    account = await product.account()
    await product.member(account, Role.OWNER, "owner@example.org")
    await product.member(account, Role.MODERATOR, "mo@example.org")
    webinar = await product.webinar(account)
    stranger = await product.account("Other")
    await product.member(stranger, Role.OWNER, "stranger@example.org")
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        for _ in range(3):
            await owner.post(f"/admin/webinars/{webinar.id}/edit", data=form(webinar.slug))
        async with product.work.unit() as unit:
            await unit.session.execute(update(AuditEntry).where(AuditEntry.n == 2).values(action="nothing"))
        page = await owner.get("/admin/audit")
    async with product.work.read() as session:
        assert await verify(session, account) == 2
    assert "Entry 2 was changed" in page.text
    for email, status in (("mo@example.org", 403), ("stranger@example.org", 200)):
        async with product.client() as client:
            await product.sign_in(client, email)
            other = await client.get("/admin/audit")
            assert (other.status_code, webinar.id in other.text) == (status, False)


def test_an_action_is_the_address_without_its_ids() -> None:
    assert action_of("/admin/webinars/abc/edit", {"webinar": "abc"}) == "webinars.edit"
    assert action_of("/admin/team", {}) == "team"
    assert action_of("/sign-out", {}) == "sign-out"
    assert action_of("/w/slug/ticket", {"slug": "slug"}) == "w.ticket"


async def test_the_operator_checks_all_logs_and_hears_of_a_changed_one(product: Product, tmp_path: Path) -> None:
    account = await product.account()
    async with product.work.unit() as unit:
        act = Act(account_id=account, actor="me", role="owner", action="x", object_kind="account", object_id=account)
        await note(unit, act)

    def check() -> tuple[int, str]:
        done = CliRunner().invoke(main, ["audit"], env={"LECTERN_DATA_DIR": str(tmp_path / "data")})
        return done.exit_code, done.output

    code, said = await asyncio.to_thread(check)
    assert (code, account in said) == (0, True)
    async with product.work.unit() as unit:
        await unit.session.execute(update(AuditEntry).values(role="nobody"))
    code, said = await asyncio.to_thread(check)
    assert (code, "entry 1" in said) == (1, True)
