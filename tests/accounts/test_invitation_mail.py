"""The mail of an invitation, by a real mail server."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from app.accounts.models import Invitation
from app.core.clock import SetClock
from app.core.jobs import Job
from app.core.mail import Mailer, MailNotSent, loopback
from app.core.permissions import Role
from app.main import create_app
from app.settings import Settings, complete
from tests.support.product import PASSWORD, Product, make_tables
from tests.support.server import Serve, listen
from tests.support.smtp import Mailbox

COLLEAGUE = "max@example.org"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime.now(UTC))


@pytest.fixture
async def mailing(tmp_path: Path, serve_app: Serve, smtp_server: Mailbox, clock: SetClock) -> Product:
    """The product with a mail server; the test itself does the jobs."""
    listener = listen()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings(data_dir=tmp_path / "data", public_url=url, smtp_url=smtp_server.url, workers_embedded=False)
    app = create_app(complete(settings), clock)
    app.state.parts.settings.data_dir.mkdir(parents=True, exist_ok=True)
    await make_tables(app.state.parts.database.engine)
    await serve_app(app, listener, access_log=False)
    product = Product(url, app.state.parts)
    account = await product.account("Meadow & Sons")
    await product.member(account, Role.OWNER, "owner@example.org")
    return product


async def invite(product: Product) -> str:
    """The team page after an invitation was asked for."""
    async with product.client() as owner:
        await product.sign_in(owner, "owner@example.org")
        page = await owner.post("/admin/team", data={"email": COLLEAGUE, "role": "moderator"})
        assert page.status_code == 200
        return page.text


def link_in(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    found = re.search(r"/invite/[\w.-]+", body.get_content())
    assert found is not None
    return found[0]


async def jobs(product: Product) -> list[Job]:
    async with product.work.read() as session:
        return list((await session.execute(select(Job))).scalars())


async def test_the_mail_arrives_and_its_link_works_once(mailing: Product, smtp_server: Mailbox) -> None:
    page = await invite(mailing)
    assert "The mail is on its way" in page
    assert "/invite/" in page, "the link can be copied too"
    assert await mailing.parts.worker.run_due() == 1
    mail = await smtp_server.arrives(COLLEAGUE)
    assert mail["Subject"] == "Invitation to the team of Meadow & Sons"
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "A owner asks you to join the team of Meadow & Sons." in plain.get_content()
    link = link_in(mail, "plain")
    assert link_in(mail, "html") == link
    async with mailing.client() as colleague, mailing.client() as eve:
        assert (await colleague.get(link)).status_code == 200
        joined = await colleague.post(link, data={"name": "Max", "password": PASSWORD})
        assert joined.headers["location"] == "/admin"
        assert (await eve.post(link, data={"name": "Eve", "password": PASSWORD})).status_code == 404
    assert await jobs(mailing) == []


async def test_neither_job_nor_row_opens_the_invitation(mailing: Product) -> None:
    await invite(mailing)
    [job] = await jobs(mailing)
    async with mailing.work.read() as session:
        row = (await session.execute(select(Invitation))).scalar_one()
    assert b"@" not in job.payload
    async with mailing.client() as eve:
        assert (await eve.get(f"/invite/{row.id}")).status_code == 404
        forged = mailing.parts.seats.participant(row.id, row.id, "en")[0]
        assert (await eve.get(f"/invite/{forged}")).status_code == 404, "signed by us, but for another purpose"


async def test_a_refused_mail_is_sent_again(mailing: Product, smtp_server: Mailbox, clock: SetClock) -> None:
    await invite(mailing)
    smtp_server.refuse = "451 try later"
    assert await mailing.parts.worker.run_due() == 1
    assert [job.tries for job in await jobs(mailing)] == [1]
    smtp_server.refuse = ""
    assert await mailing.parts.worker.run_due() == 0, "not before its time"
    assert smtp_server.mails == []
    clock.advance(timedelta(seconds=10))
    assert await mailing.parts.worker.run_due() == 1
    await smtp_server.arrives(COLLEAGUE)
    assert await jobs(mailing) == []


async def test_an_invitation_that_has_ended_is_not_mailed(mailing: Product, smtp_server: Mailbox, clock: SetClock) -> None:
    await invite(mailing)
    clock.advance(timedelta(days=8))
    assert await mailing.parts.worker.run_due() == 1
    assert smtp_server.mails == []
    assert await jobs(mailing) == []


async def test_without_a_mail_server_there_is_the_link_only(product: Product) -> None:
    await product.member(await product.account(), Role.OWNER, "owner@example.org")
    page = await invite(product)
    assert "The mail is on its way" not in page
    assert "/invite/" in page
    assert [job.kind for job in await jobs(product) if job.kind.startswith("mail.")] == []


async def test_a_refusal_does_not_repeat_the_address(smtp_server: Mailbox) -> None:
    smtp_server.refuse = f"550 no {COLLEAGUE} here"
    mailer = Mailer(Settings(smtp_url=smtp_server.url))
    with pytest.raises(MailNotSent, match="550") as caught:
        await mailer.send(COLLEAGUE, "Hello", "Hello", "<p>Hello</p>")
    assert COLLEAGUE not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(("host", "own"), [("localhost", True), ("127.0.0.1", True), ("::1", True), ("mail.example.org", False)])
def test_only_this_machine_gets_mail_in_clear(host: str, own: bool) -> None:
    assert loopback(host) is own
