"""Another list of sub-processors: owners are told before, on every page and by mail; they accept or object, and the operator hears of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app.accounts import agreement
from app.accounts.models import ProcessorNotice
from app.accounts.processors import ProcessorChanges, check_told
from app.cli import main
from app.core.clock import SetClock
from app.core.permissions import Role
from app.core.subprocessors import Undeclared, check
from app.main import create_app
from app.settings import Settings, complete
from tests.support.product import Product, make_tables
from tests.support.server import Serve, listen
from tests.support.smtp import Mailbox

PAGE = "/admin/privacy/agreement"
RELAY = '[[processor]]\nname = "Relay Ltd"\nhosts = ["smtp.relay.example"]\npurpose = "hands over the mails"\nplace = "Ireland"\nsince = 2026-11-01\n'
CLOUD = '[[processor]]\nname = "Cloud Ltd"\nhosts = ["smtp.cloud.example"]\npurpose = "hands over the mails"\nplace = "Spain"\nsince = {since}\n'
BANNER = "Other sub-processors are to handle your data from"
WHY = "Cloud Ltd lost our data once before."


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
async def told(tmp_path: Path, serve_app: Serve, smtp_server: Mailbox, clock: SetClock) -> Product:
    """The product with its worker and a mail server; one account that accepted the list as it was."""
    listener = listen()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    register = tmp_path / "processors.toml"
    register.write_text(RELAY)
    settings = Settings(
        data_dir=tmp_path / "data",
        public_url=url,
        smtp_url=smtp_server.url,
        subprocessors=register,
        operator_contact="privacy@operator.example",
    )
    app = create_app(complete(settings), clock)
    app.state.parts.settings.data_dir.mkdir(parents=True, exist_ok=True)
    await make_tables(app.state.parts.database.engine)
    await serve_app(app, listener, access_log=False)
    product = Product(url, app.state.parts)
    account = await product.account()
    for role in (Role.OWNER, Role.MODERATOR):
        await product.member(account, role, f"{role}@example.org")
    return product


async def look(product: Product) -> int:
    return await ProcessorChanges(product.parts.settings, product.work).sweep()


def add(product: Product, since: date) -> None:
    path = product.parts.settings.subprocessors
    assert path
    path.write_text(RELAY + CLOUD.format(since=since))


async def test_owners_are_told_once_and_accepting_ends_it(told: Product, smtp_server: Mailbox, clock: SetClock) -> None:
    assert await look(told) == 0, "nothing has changed"
    add(told, clock.now().date())
    assert await look(told) == 1
    assert await look(told) == 0, "once for each list"
    mail = await smtp_server.arrives("owner@example.org")
    assert mail["subject"].startswith("Other sub-processors from")
    assert smtp_server.to("moderator@example.org") == []
    async with told.client() as owner, told.client() as moderator:
        await told.sign_in(owner, "owner@example.org")
        await told.sign_in(moderator, "moderator@example.org")
        assert BANNER in (await owner.get("/admin")).text
        assert BANNER not in (await moderator.get("/admin")).text
        shown = (await owner.get(PAGE)).text
        assert "Cloud Ltd" in shown
        assert "The list of sub-processors changes on" in shown
        assert (await owner.post(PAGE, data={"hash": agreement.current().hash})).status_code == 303
        assert BANNER not in (await owner.get("/admin")).text
        late = await owner.post(f"{PAGE}/objection", data={"reason": WHY})
        assert late.status_code == 409
        assert "no open change" in late.text
    async with told.work.read() as session:
        row = (await session.execute(select(ProcessorNotice))).scalar_one()
    assert row.answer == "accepted"
    assert row.starts_at == row.told_at + timedelta(days=30)


async def test_who_objects_says_why_and_the_operator_hears_of_it(told: Product, smtp_server: Mailbox, clock: SetClock) -> None:
    add(told, clock.now().date())
    await look(told)
    async with told.client() as owner, told.client() as moderator:
        await told.sign_in(owner, "owner@example.org")
        await told.sign_in(moderator, "moderator@example.org")
        assert (await moderator.post(f"{PAGE}/objection", data={"reason": WHY})).status_code == 403
        short = await owner.post(f"{PAGE}/objection", data={"reason": "No."})
        assert short.status_code == 422
        assert "Say in one or two sentences why you object" in short.text
        assert ">\nNo.</textarea>" in short.text, "nothing is lost"
        assert (await owner.post(f"{PAGE}/objection", data={"reason": WHY})).status_code == 303
        shown = (await owner.get(PAGE)).text
        assert "Your organisation objected" in shown
        assert WHY in shown
        assert BANNER not in (await owner.get("/admin")).text, "it was answered"
    await smtp_server.arrives("privacy@operator.example")
    assert not any(WHY in mail.as_string() for mail in smtp_server.mails)
    async with told.work.read() as session:
        row = (await session.execute(select(ProcessorNotice))).scalar_one()
    assert row.answer == "objected"
    assert WHY.encode() not in row.reason, "sealed"
    environ = {
        "LECTERN_DATA_DIR": str(told.parts.settings.data_dir),
        "LECTERN_SUBPROCESSORS": str(told.parts.settings.subprocessors),
    }
    printed = await asyncio.to_thread(CliRunner().invoke, main, ["objections"], env=environ)
    assert (printed.exit_code, WHY in printed.output, "Meadow" in printed.output) == (0, True, True), printed.output


async def test_a_change_taken_back_asks_nobody_any_more_and_one_that_comes_again_asks_again(
    told: Product, clock: SetClock
) -> None:
    add(told, clock.now().date())
    await look(told)
    path = told.parts.settings.subprocessors
    assert path
    path.write_text(RELAY)
    assert await look(told) == 0
    async with told.work.read() as session:
        assert (await session.execute(select(ProcessorNotice))).first() is None
    add(told, clock.now().date())
    assert await look(told) == 1
    async with told.client() as owner:
        await told.sign_in(owner, "owner@example.org")
        clock.advance(timedelta(minutes=5))
        for text in (RELAY, RELAY + CLOUD.format(since=clock.now().date())):
            await owner.post(PAGE, data={"hash": agreement.current().hash})
            assert BANNER not in (await owner.get("/admin")).text
            path.write_text(text)
            # Less than the hour after which the worker looks by itself.
            clock.advance(timedelta(minutes=5))
            assert await look(told) == 1, "another list than the one that was accepted last, also one known from before"
            assert BANNER in (await owner.get("/admin")).text


async def test_a_day_further_away_than_the_notice_is_the_day(told: Product, clock: SetClock) -> None:
    day = clock.now().date() + timedelta(days=90)
    add(told, day)
    await look(told)
    async with told.client() as owner:
        await told.sign_in(owner, "owner@example.org")
        assert f"from {day.isoformat()}, not before" in (await owner.get(PAGE)).text
    async with told.work.read() as session:
        assert (await session.execute(select(ProcessorNotice.starts_at))).scalar_one().date() == day


async def test_nobody_new_handles_data_before_the_time_to_object_is_over(told: Product, clock: SetClock) -> None:
    clock.advance(timedelta(days=2))
    add(told, clock.now().date())
    settings = told.parts.settings
    old, new = (msgspec.structs.replace(settings, smtp_url=f"smtp://smtp.{name}.example:587") for name in ("relay", "cloud"))
    await check_told(old, clock.now())
    with pytest.raises(Undeclared, match="until that day"):
        await check_told(new, clock.now())
    await look(told)
    with pytest.raises(Undeclared, match=f"until {(clock.now() + timedelta(days=30)).date()}"):
        await check_told(new, clock.now())
    await check_told(new, clock.now() + timedelta(days=30))
    async with told.client() as owner:
        await told.sign_in(owner, "owner@example.org")
        await owner.post(PAGE, data={"hash": agreement.current().hash})
    await check_told(new, clock.now())


def test_who_is_only_announced_handles_nothing_yet(tmp_path: Path) -> None:
    path = tmp_path / "processors.toml"
    path.write_text(RELAY.replace("2026-11-01", "2027-02-01"))
    settings = Settings(subprocessors=path, data_dir=tmp_path, smtp_url="smtp://smtp.relay.example:587")
    with pytest.raises(Undeclared, match="announced to the accounts for 2027-02-01"):
        check(settings, date(2027, 1, 31))
    check(settings, date(2027, 2, 1))
    path.write_text(RELAY.replace("since = 2026-11-01", ""))
    with pytest.raises(Undeclared, match="say since when Relay Ltd handles data"):
        check(settings, date(2027, 2, 1))
