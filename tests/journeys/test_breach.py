"""A breach from the operator's command to the account: numbers, clock, mail, webhook, banner and receipt."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.accounts.breach_models import BreachNotice
from app.core.errors import Problem
from app.core.permissions import Role
from app.reports import breach_command
from app.rooms.models import Message
from tests.registration.stand import OWNER, desk_on
from tests.support.receiver import Receiver
from tests.support.server import Serve
from tests.support.smtp import Mailbox
from tests.webhooks.test_deliveries import LOCAL, Hooked

ROOT = Path(__file__).resolve().parents[2]
NATURE = "A backup of the database was readable by anybody for a day."


@pytest.fixture
async def hooked(tmp_path: Path, serve_app: Serve, smtp_server: Mailbox) -> AsyncIterator[Hooked]:
    async with desk_on(tmp_path, serve_app, smtp_server, also={**LOCAL, "operator_contact": "privacy@operator.example"}) as desk:
        yield Hooked(desk, await Receiver().begin(serve_app))


def breach(hooked: Hooked, *command: str, code: int = 0) -> str:
    """``python -m app breach …`` beside the running product."""
    settings = hooked.desk.product.parts.settings
    environ = {
        **os.environ,
        "LECTERN_DATA_DIR": str(settings.data_dir),
        "LECTERN_SECRET": settings.secret,
        "LECTERN_SMTP_URL": settings.smtp_url,
    }
    done = subprocess.run(
        [sys.executable, "-m", "app", "breach", *command],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


async def ask(hooked: Hooked, verb: str, *given: str) -> str:
    """What the command does, without the seconds its start takes."""
    return "\n".join(await getattr(breach_command, verb)(hooked.desk.product.parts.settings, *given))


async def admin(hooked: Hooked, path: str, email: str = OWNER) -> str:
    async with hooked.desk.product.client() as client:
        await hooked.desk.product.sign_in(client, email)
        return (await client.get(path)).text


async def test_from_the_command_to_the_receipt(hooked: Hooked, smtp_server: Mailbox) -> None:
    product, row = hooked.desk.product, hooked.desk.webinar
    await product.member(row.account_id, Role.MODERATOR, "moderator@example.org")
    other = await product.account("Untouched")
    await product.member(other, Role.OWNER, "other@example.org")
    await hooked.make("account.breach")
    async with product.join(row.id) as ann, product.join(row.id) as bob:
        for guest, text in ((ann, "one"), (ann, "two"), (bob, "three")):
            assert (await guest.ask("chat.say", text=text))["type"] == "ok"

    said = breach(
        hooked,
        "declare",
        "--nature",
        NATURE,
        "--store",
        "message",
        "--since",
        "2026-11-01",
        "--measures",
        "The backup was removed.",
    )
    found = re.search(r"Written down: (\S+)", said)
    assert found
    async with hooked.work.read() as session:
        messages = (await session.execute(select(func.count()).select_from(Message))).scalar_one()
    assert f"{row.account_id}: about 2 people, {messages} records" in said
    assert f"user.content.public {messages}" in said
    assert "In reach: 1 accounts" in said
    assert other not in said
    assert "No breach is known" in await admin(hooked, "/admin/privacy/breaches"), "written down is not told"

    assert "1 owners and administrators" in await ask(hooked, "notify", found[1])
    with pytest.raises(Problem, match="already"):
        await ask(hooked, "notify", found[1])
    hooked.desk.clock.advance(timedelta(minutes=2))
    await hooked.desk.jobs()
    mail = (await smtp_server.arrives(OWNER)).get_body(("plain",))
    assert mail is not None
    for part in (
        NATURE,
        "About 2 people",
        "The backup was removed.",
        "Not known yet.",
        "privacy@operator.example",
        "within 72 hours",
    ):
        assert part in mail.get_content(), part
    await hooked.run()
    got = hooked.receiver.got[-1]
    assert (got.type, hooked.check(got)["data"]) == ("account.breach", {"breach": found[1]})

    await read_by_whom_it_concerns(hooked, found[1])
    await told_again_and_closed(hooked, found[1])


async def read_by_whom_it_concerns(hooked: Hooked, found: str) -> None:
    assert "Breach of personal data." in await admin(hooked, "/admin")
    assert "Breach of personal data." not in await admin(hooked, "/admin", "moderator@example.org")
    assert "Breach of personal data." not in await admin(hooked, "/admin", "other@example.org")
    assert "read not yet" in await ask(hooked, "shown", found)
    page = await admin(hooked, f"/admin/privacy/breaches/{found}")
    for part in (
        NATURE,
        "About 2 people",
        "user.content.public",
        "Your time runs.",
        "the keys were not exposed",
        "privacy@operator.example",
    ):
        assert part in page, part
    assert "There is no such page" in await admin(hooked, f"/admin/privacy/breaches/{found}", "other@example.org")
    assert "Breach of personal data." not in await admin(hooked, "/admin"), "opened is read"
    assert "read 20" in await ask(hooked, "shown", found)


async def told_again_and_closed(hooked: Hooked, found: str) -> None:
    await ask(hooked, "add", found, "Unwanted mail is possible.", "")
    assert "Breach of personal data." in await admin(hooked, "/admin"), "what is new is told again"
    assert "Unwanted mail is possible." in await admin(hooked, f"/admin/privacy/breaches/{found}")
    async with hooked.work.read() as session:
        receipts = (await session.execute(select(BreachNotice.read_at).order_by(BreachNotice.told_at))).scalars().all()
    assert [read is not None for read in receipts] == [True, True], "both receipts are kept"
    await ask(hooked, "close", found)
    assert "This breach is closed." in await admin(hooked, f"/admin/privacy/breaches/{found}")
    assert "closed" in await ask(hooked, "listed")


def test_what_cannot_be_meant_is_refused_in_words(hooked: Hooked) -> None:
    assert "There is no store cellar" in breach(hooked, "declare", "--nature", NATURE, "--store", "cellar", code=1)
