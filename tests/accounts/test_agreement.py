"""The data processing agreement: nothing is published without it, and it says what is in force."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from app.accounts import agreement
from app.accounts.models import AgreementAcceptance
from app.core.errors import Problem
from app.core.permissions import Role
from app.core.subprocessors import Undeclared, check, digest
from app.settings import Settings
from tests.support.ports import find_free_port
from tests.support.product import Product

ROOT = Path(__file__).resolve().parents[2]
PATH = "/admin/privacy/agreement"
RELAY = '[[processor]]\nname = "Relay Ltd"\nhosts = ["smtp.relay.example"]\npurpose = "hands over the mails"\nplace = "Ireland"\nsince = 2026-11-01\n'


@pytest.fixture
async def fresh(product: Product) -> str:
    """An account that has accepted nothing."""
    account = await product.account(agreed=False)
    for role in (Role.OWNER, Role.AUDITOR, Role.MODERATOR):
        await product.member(account, role, f"{role}@example.org")
    return account


async def test_nothing_is_published_before_it_is_accepted(product: Product, fresh: str) -> None:
    with pytest.raises(Problem, match=r"agreement\.missing"):
        await product.webinar(fresh)
    draft = await product.webinar(fresh, publication="draft")
    values = {
        "title": "How bees find home", "starts_date": "2027-01-15", "starts_time": "14:00", "starts_zone": "UTC", "minutes": "60",
        "publication": "public", "chat_mode": "off", "slug": draft.slug, "summary": "",
    }  # fmt: skip
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        refused = await owner.post(f"/admin/webinars/{draft.id}/edit", data=values)
        assert refused.status_code == 409
        assert "accepted the data processing agreement" in refused.text
        shown = await owner.get(PATH)
        assert "Not accepted yet." in shown.text
        assert (await owner.post(PATH, data={"hash": "of another text"})).status_code == 409
        accepted = await owner.post(PATH, data={"hash": agreement.current().hash})
        assert accepted.status_code == 303
        assert "has accepted this version" in (await owner.get(PATH)).text
        assert (await owner.post(f"/admin/webinars/{draft.id}/edit", data=values)).status_code == 303
    async with product.work.read() as session:
        row = (await session.execute(select(AgreementAcceptance).where(AgreementAcceptance.account_id == fresh))).scalar_one()
    assert (row.version, row.hash, row.role) == (
        agreement.current().version,
        hashlib.sha256(agreement.current().text.encode()).hexdigest(),
        "owner",
    )
    assert b"owner" not in row.name, "who it was is sealed"


async def test_who_only_audits_reads_it_and_others_do_not_decide(product: Product, fresh: str) -> None:
    async with product.client() as auditor, product.client() as moderator:
        await product.sign_in(auditor, "auditor@example.org")
        await product.sign_in(moderator, "moderator@example.org")
        assert (await auditor.get(PATH)).status_code == 200
        assert (await auditor.post(PATH, data={"hash": agreement.current().hash})).status_code == 403
        assert (await moderator.get(PATH)).status_code == 403


async def test_its_annexes_say_what_the_server_does(product: Product, fresh: str) -> None:
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        text = (await owner.get(PATH + ".md")).text
    for part in ("| message | text | user.content.public |", "- [ ] Pages and sockets are reached by HTTPS", "- [x] Passwords are hashed with argon2id", "## Annex III: sub-processors\n\nNone."):  # fmt: skip
        assert part in text, part


async def test_the_first_owner_can_accept_at_once(product: Product) -> None:
    given = {
        "organisation": "Meadow",
        "name": "Olivia",
        "email": "olivia@example.org",
        "password": "a calm webinar",
        "agree": "on",
    }
    async with product.client() as client:
        assert "Data processing agreement" in (await client.get("/first-run")).text
        assert (await client.post("/first-run", data=given)).status_code == 303
        assert "has accepted this version" in (await client.get(PATH)).text


def settings(tmp_path: Path, register: str | None, **more: str) -> Settings:
    path = tmp_path / "processors.toml"
    if register is not None:
        path.write_text(register)
    return Settings(subprocessors=path if register is not None else None, data_dir=tmp_path, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    ["smtp://127.0.0.1:25", "smtp://[::1]:25", "smtp://10.1.2.3:25", "smtp://localhost", "smtp://mail", "smtp://mail.lan", ""],
)
def test_ones_own_machines_need_no_word(tmp_path: Path, url: str) -> None:
    check(settings(tmp_path, None, smtp_url=url))


@pytest.mark.parametrize(
    "more",
    [
        {"smtp_url": "smtps://user:secret@smtp.relay.example:465"}, {"database_url": "postgresql+asyncpg://u:secret@db.cloud.example/l"},
        {"broker_url": "rediss://:secret@redis.cloud.example:6379"}, {"media_url": "https://media.example:8010"},
        {"ice_servers": ("turn:turn.example:3478",)},
    ],
)  # fmt: skip
def test_a_host_nobody_declared_is_refused_and_no_secret_is_repeated(tmp_path: Path, more: dict[str, str]) -> None:
    with pytest.raises(Undeclared, match="not in the register of sub-processors") as caught:
        check(settings(tmp_path, RELAY.replace("smtp.relay.example", "other.example"), **more))
    assert "secret" not in str(caught.value)


def test_a_declared_host_is_fine_and_the_list_has_a_digest_that_changes_with_it(tmp_path: Path) -> None:
    relay = settings(tmp_path, RELAY, smtp_url="smtp://smtp.relay.example:587")
    check(relay)
    before = digest(relay)
    assert digest(settings(tmp_path, RELAY + RELAY.replace("smtp.", "turn.").replace("purpose", "own = true\npurpose"))) == before
    assert digest(settings(tmp_path, RELAY.replace("Ireland", "Elsewhere"))) != before
    with pytest.raises(Undeclared, match="cannot be read"):
        check(settings(tmp_path, RELAY + "wrong = 1\n"))


def test_the_server_does_not_start_with_one_and_says_why(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "LECTERN_DATA_DIR": str(tmp_path / "data"),
        "LECTERN_PORT": str(find_free_port()),
        "LECTERN_SMTP_URL": "smtp://user:hunter2@smtp.relay.example:587",
    }
    for command in ("serve", "work"):
        done = subprocess.run(
            [sys.executable, "-m", "app", command], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 1
        assert "LECTERN_SMTP_URL names smtp.relay.example, which is not in the register" in done.stderr
        assert "Traceback" not in done.stderr
        assert "hunter2" not in done.stderr
