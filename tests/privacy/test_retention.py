"""A webinar's time is over: its team is told, every page of it says so, and it is erased by the running product itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import or_, select

from app.core.clock import SetClock
from app.core.jobs import Job
from app.core.permissions import Role
from app.core.unit import Work
from app.main import create_app
from app.privacy.models import Erasure
from app.privacy.retention import Retention
from app.rooms.models import Webinar
from app.settings import Settings, complete
from tests.privacy.stand import Stand
from tests.support.product import Product, make_tables
from tests.support.server import Serve, listen
from tests.support.smtp import Mailbox
from tests.support.until import until


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime.now(UTC))


@pytest.fixture
async def mailing(tmp_path: Path, serve_app: Serve, smtp_server: Mailbox, clock: SetClock) -> Product:
    """The whole product with its own worker, a mail server, and time in our hands."""
    listener = listen()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_app(complete(Settings(data_dir=tmp_path / "data", public_url=url, smtp_url=smtp_server.url)), clock)
    app.state.parts.settings.data_dir.mkdir(parents=True, exist_ok=True)
    await make_tables(app.state.parts.database.engine)
    await serve_app(app, listener, access_log=False)
    return Product(url, app.state.parts)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def erased(product: Product, webinar: str) -> bool:
    async with product.work.read() as session:
        return await session.get(Webinar, webinar) is None


async def idle(product: Product) -> bool:
    """Whether no job is due or at work."""
    async with product.work.read() as session:
        busy = or_(Job.run_at <= product.work.clock.now(), Job.leased_until.is_not(None))
        return (await session.execute(select(Job.id).where(busy).limit(1))).first() is None


async def test_the_product_tells_and_erases_by_itself(mailing: Product, smtp_server: Mailbox, clock: SetClock) -> None:
    account = await mailing.account("Meadow")
    for role in (Role.OWNER, Role.ADMIN, Role.MODERATOR):
        await mailing.member(account, role, f"{role}@example.org")
    short = await mailing.webinar(account, title="Short memory", retention_days=8)
    long = await mailing.webinar(account, title="Long memory", retention_days=90)
    # A round that is under way now would put the next one an hour after the new time.
    await until(lambda: idle(mailing), within=20, what="the rounds of the start are over")
    # The mail names the newest day; the pages say it too, and only for the webinar that goes.
    clock.advance(timedelta(days=2))
    await until(lambda: len(smtp_server.mails) == 2, within=20, what="owner and admin are told")
    assert sorted(mail["To"] for mail in smtp_server.mails) == ["admin@example.org", "owner@example.org"]
    said = text_of(smtp_server.mails[0])
    assert "Short memory" in said
    assert "Long memory" not in said
    async with mailing.client() as owner:
        await mailing.sign_in(owner, "owner@example.org")
        for path in ("", "/edit", "/erase"):
            assert "Erased soon." in (await owner.get(f"/admin/webinars/{short.id}{path}")).text, path
            assert "Erased soon." not in (await owner.get(f"/admin/webinars/{long.id}{path}")).text
    for _ in range(8):
        clock.advance(timedelta(days=1))
    await until(lambda: erased(mailing, short.id), within=20, what="the webinar is erased")
    assert not await erased(mailing, long.id)
    async with mailing.work.read() as session:
        (found,) = (await session.execute(select(Erasure))).scalars().all()
    assert (found.kind, found.role, found.of_webinar) == ("webinar", "retention", short.id)
    assert len(smtp_server.mails) == 2


async def test_the_organiser_sets_the_days_and_the_label_says_them(mailing: Product) -> None:
    account = await mailing.account()
    await mailing.member(account, Role.OWNER, "owner@example.org")
    webinar = await mailing.webinar(account)
    form = {
        "title": webinar.title, "starts_date": "2027-01-15", "starts_time": "14:00", "starts_zone": "UTC", "minutes": "60",
        "publication": "public", "chat_mode": "stored", "slug": webinar.slug,
    }  # fmt: skip
    async with mailing.client() as owner:
        await mailing.sign_in(owner, "owner@example.org")
        for wrong in ("0", "3651", "x", "-1", "1.5"):
            page = await owner.post(f"/admin/webinars/{webinar.id}/edit", data={**form, "retention_days": wrong})
            assert (page.status_code, "from 1 to 3650" in page.text) == (422, True)
        await owner.post(f"/admin/webinars/{webinar.id}/edit", data={**form, "retention_days": "5"})
        page = await owner.get(f"/w/{webinar.slug}")
    assert (await mailing.row(webinar.id)).retention_days == 5
    assert "20 January 2027" in page.text


class Terms:
    """A feature with one value that is over at noon."""

    def __init__(self) -> None:
        self.left = 1

    async def expire(self, _work: Work, now: datetime) -> int:
        gone, self.left = (self.left, 0) if now.hour >= 12 else (0, self.left)
        return gone


async def test_fields_with_a_shorter_time_go_before_their_webinar(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    await stand.make_tables()
    terms = Terms()
    retention = Retention(stand.work, stand.pipeline, stand.map.metadata, lambda *_: _nothing(), [terms])
    assert [await retention.expire(), await retention.expire(), terms.left] == [1, 0, 0]
    await stand.close()


async def _nothing() -> None:
    return
