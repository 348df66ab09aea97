"""The data register for people: grouped, in words, and with the questions of the account or of one webinar."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import yaml
from click.testing import CliRunner
from fideslang.models import Dataset

from app.cli import main
from app.core.permissions import Role
from app.privacy.map import DataMap
from app.privacy.register import register
from app.registration import fields
from app.registration.form import Field
from app.reports.register_view import GROUPS, grouped
from app.rooms.models import Webinar
from app.settings import Settings
from tests.support.product import Product


async def stage(product: Product) -> tuple[str, Webinar, Webinar]:
    """An account with two webinars, each with a question of its own."""
    account = await product.account()
    await product.member(account, Role.OWNER, "owner@example.org")
    await product.member(account, Role.AUDITOR, "auditor@example.org")
    one, other = await product.webinar(account, title="Bees"), await product.webinar(account, title="Wasps")
    async with product.work.unit() as unit:
        for webinar, name in ((one, "honey"), (other, "sting")):
            question = Field(identifier=name, kind="line", labels={"en": name}, purpose=f"to hear of {name}", retention_days=3)
            await fields.save(unit, webinar.id, [question])
    return account, one, other


async def test_pages_and_files_hold_the_questions_of_the_account_or_of_one_webinar(product: Product) -> None:
    _, one, other = await stage(product)
    stranger = await product.account("Other")
    await product.member(stranger, Role.OWNER, "stranger@example.org")
    async with product.client() as auditor:
        await product.sign_in(auditor, "auditor@example.org")
        whole = (await auditor.get("/admin/privacy")).text
        assert all(text in whole for text in ("to hear of honey", "to hear of sting", "Chat messages", "Your team"))
        home = f"/admin/webinars/{one.id}/register"
        page = (await auditor.get(home)).text
        assert ("to hear of honey" in page, "to hear of sting" in page, "Your team" in page) == (True, False, False)
        content = (await auditor.get(f"{home}.json")).json()
        assert {entry["subject"] for entry in content["entries"]} == {"participant"}
        assert "3 days after the webinar" in (await auditor.get(f"{home}.csv")).text
        fides = yaml.safe_load((await auditor.get(f"{home}.yaml")).text)
        assert Dataset.model_validate(fides["dataset"][0]).collections
    async with product.client() as client:
        await product.sign_in(client, "stranger@example.org")
        assert (await client.get(f"/admin/webinars/{other.id}/register")).status_code == 404


async def test_every_entry_is_in_one_group_under_a_heading(product: Product) -> None:
    content = register(Settings(), DataMap(product.parts.data_map.metadata, product.parts.data_map.stores))
    groups = grouped(content, "en")
    assert [group.key for group in groups] == [key for key, _ in GROUPS]
    assert sum(len(place.entries) for group in groups for place in group.places) == len(content.entries)
    assert all("_" not in place.heading for group in groups for place in group.places)


async def test_the_command_prints_the_register_of_one_webinar(product: Product, tmp_path: Path) -> None:
    account, one, _ = await stage(product)

    def run() -> str:
        words = ["register", "--account", account, "--webinar", one.id]
        done = CliRunner().invoke(main, words, env={"LECTERN_DATA_DIR": str(tmp_path / "data")})
        assert done.exit_code == 0, done.output
        return done.output

    entries = json.loads(await asyncio.to_thread(run))["entries"]
    assert [entry["field"] for entry in entries if entry["kind"] == "form"] == ["honey"]
